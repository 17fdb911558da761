"""Models, how good they are, and what they take."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from regatta.answers.answer import Answer
from regatta.html import table


@dataclass(frozen=True)
class Regressor(Answer):
    """One kind of model that can be trained, by its `model_type`."""

    model_type: str
    title: str
    estimator: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    grid: Mapping[str, Any] = field(default_factory=dict, repr=False)
    ranges: Mapping[str, Any] = field(default_factory=dict, repr=False)
    extra: bool = False


@dataclass(frozen=True)
class Model(Answer):
    """One version of a model. `metrics` are measured on rows that it did not train on."""

    model_name: str
    version: int
    model_type: str
    metrics: Mapping[str, float] = field(default_factory=dict)
    target_column: str = ""
    cross_validation: Mapping[str, Any] = field(default_factory=dict, repr=False)
    train_metrics: Mapping[str, float] = field(default_factory=dict, repr=False)
    importance: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    parameters: Mapping[str, Any] = field(default_factory=dict, repr=False)
    target_transform: str = "none"
    training_seconds: float | None = None
    # Whether this version predicts where no version is named; None where the answer does not say.
    serves: bool | None = None
    warnings: Sequence[str] = ()

    @property
    def name(self) -> str:
        """Return the name of the model."""
        return self.model_name

    def _repr_html_(self) -> str:
        """Return the model as a notebook shows it."""
        title = f"{self.model_name}, version {self.version}: {self.model_type} of {self.target_column or 'a target'}"
        scores = [(name, "" if value is None else f"{value:.5g}") for name, value in self.metrics.items()]
        features = [(row.get("feature"), f"{row.get('mean', 0):.4f}") for row in self.importance[:10]]
        shown = table(title, ("metric", "on rows held out"), scores, notes=self.warnings)
        return shown + (table("Importance", ("feature", "R2 lost when shuffled"), features) if features else "")


@dataclass(frozen=True)
class Metrics(Answer):
    """How well a model predicts, on rows held out and in cross-validation, with the points of its plots in `raw`."""

    model_name: str
    version: int
    model_type: str
    metrics: Mapping[str, float]
    cross_validation: Mapping[str, Any]
    train_metrics: Mapping[str, float] = field(default_factory=dict)
    baseline: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class ModelSchema(Answer):
    """The columns that a model takes, what it predicts, and a request that works."""

    model_name: str
    version: int
    features: Sequence[Mapping[str, Any]]
    output: Mapping[str, Any] = field(default_factory=dict)
    example: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def _repr_html_(self) -> str:
        """Return the features as a notebook shows them."""
        rows = [(f["name"], f["type"], f.get("fill"), ", ".join(f.get("levels", [])[:8])) for f in self.features]
        title = f"{self.model_name}, version {self.version}, takes {len(rows)} columns"
        return table(title, ("column", "type", "fill", "levels"), rows)


@dataclass(frozen=True)
class LeaderboardRow(Answer):
    """One regressor of a comparison. One that was not stored, and the baseline, have neither name nor version."""

    model_type: str
    model_name: str | None = None
    version: int | None = None
    metrics: Mapping[str, float] | None = None
    cross_validation: Mapping[str, Any] = field(default_factory=dict, repr=False)
    training_seconds: float | None = None

    @property
    def r2(self) -> float | None:
        """Return the mean R2 of cross-validation, by which the rows are sorted."""
        return self.cross_validation.get("mean")


@dataclass(frozen=True)
class Comparison(Answer):
    """Regressors that were compared on one file, best first."""

    file_id: str
    results: Sequence[LeaderboardRow]
    best: LeaderboardRow
    failed: Sequence[Mapping[str, Any]] = ()
    warnings: Sequence[str] = ()
    # Why a race ended early: `cancelled` or `timeout`.
    cut: str | None = None

    @classmethod
    def of(cls, raw: Mapping[str, Any], **more: Any) -> Self:
        """Make it of a JSON object."""
        results = [LeaderboardRow.of(row) for row in raw.get("results", [])]
        return super().of(raw, results=results, best=LeaderboardRow.of(raw["best"]), **more)

    def _repr_html_(self) -> str:
        """Return the leaderboard as a notebook shows it."""
        rows = [
            (r.model_name or r.model_type, *map(_number, (r.r2, (r.metrics or {}).get("rmse"), r.training_seconds)))
            for r in self.results
        ]
        return table("Comparison, best first", ("model", "R2", "RMSE", "seconds"), rows, notes=self.warnings)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
