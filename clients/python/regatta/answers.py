"""What the service answers, as small frozen dataclasses.

A class has the fields that one usually needs. `raw` is the whole answer, with the fields of a newer service too, and
`answer["name"]` reads one of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Self

Json = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """Base of all answers."""

    raw: Mapping[str, Any] = field(repr=False, compare=False)

    @classmethod
    def of(cls, raw: Mapping[str, Any], **more: Any) -> Self:
        """Make the dataclass of a JSON object: fields that it lacks have their defaults, others are in `raw` alone."""
        known = {f.name: raw[f.name] for f in fields(cls) if f.name != "raw" and f.name in raw}
        return cls(raw=raw, **{**known, **more})

    def __getitem__(self, name: str) -> Any:
        return self.raw[name]


@dataclass(frozen=True)
class Dataset(Answer):
    """A file that was uploaded."""

    file_id: str = ""
    filename: str = ""
    rows: int = 0
    columns: int = 0
    size_bytes: int = 0
    created_at: str = ""
    column_types: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[str, int] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    parent: str | None = None


@dataclass(frozen=True)
class Model(Answer):
    """One version of a model. `metrics` are measured on rows that it did not train on."""

    model_name: str = ""
    version: int = 0
    model_type: str = ""
    target_column: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    cross_validation: Mapping[str, Any] = field(default_factory=dict)
    importance: Sequence[Mapping[str, Any]] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    training_seconds: float | None = None
    serves: bool | None = None
    warnings: Sequence[str] = ()

    @property
    def name(self) -> str:
        """Return the name of the model."""
        return self.model_name


@dataclass(frozen=True)
class Prediction(Answer):
    """The prediction for one row. `lower` and `upper` are None unless an interval was asked for."""

    prediction: float = float("nan")
    model_name: str = ""
    version: int = 0
    warnings: Sequence[str] = ()
    interval: Mapping[str, float] | None = None

    def __float__(self) -> float:
        return self.prediction

    @property
    def lower(self) -> float | None:
        """Return the lower bound of the interval."""
        return None if self.interval is None else self.interval["lower"]

    @property
    def upper(self) -> float | None:
        """Return the upper bound of the interval."""
        return None if self.interval is None else self.interval["upper"]


@dataclass(frozen=True)
class Predictions(Answer, Sequence[float]):
    """The predictions for many rows, in their order: a sequence of floats."""

    predictions: Sequence[float] = ()
    model_name: str = ""
    version: int = 0
    warnings: Sequence[str] = ()
    interval: Mapping[str, float] | None = None
    lower: Sequence[float] | None = None
    upper: Sequence[float] | None = None
    index: Any = field(default=None, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.predictions)

    def __iter__(self) -> Iterator[float]:
        return iter(self.predictions)

    def __getitem__(self, place: Any) -> Any:
        return self.raw[place] if isinstance(place, str) else self.predictions[place]


@dataclass(frozen=True)
class Job(Answer):
    """Long work of the service."""

    job_id: str = ""
    kind: str = ""
    status: str = ""
    stage: str = ""
    progress: float = 0.0
    result: Mapping[str, Any] | None = None
    error: Mapping[str, Any] | None = None

    @property
    def over(self) -> bool:
        """Return whether nothing more happens: it has succeeded, failed, or was cancelled."""
        return self.status in ("succeeded", "failed", "cancelled")


@dataclass(frozen=True)
class Comparison(Answer):
    """Models that were compared on one file, best first."""

    file_id: str = ""
    results: Sequence[Mapping[str, Any]] = ()
    best: Mapping[str, Any] = field(default_factory=dict)
    failed: Sequence[Mapping[str, Any]] = ()
    warnings: Sequence[str] = ()


@dataclass(frozen=True)
class Series(Answer):
    """Files that arrive one after another and train one model of the same name."""

    name: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    arrivals: int = 0
    champion: int | None = None
    newest: Mapping[str, Any] | None = None
