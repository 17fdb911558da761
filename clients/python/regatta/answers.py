"""What the service answers, as small frozen dataclasses.

A class has the fields that one usually needs. `raw` is the whole answer, with the fields of a newer service too, and
`answer["name"]` reads one of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Self

from regatta.html import pairs, table

OVER = frozenset({"succeeded", "failed", "cancelled"})


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
    """A file that was uploaded. `column_types` has the type by which each column was read."""

    file_id: str
    filename: str
    rows: int
    columns: int
    size_bytes: int = 0
    created_at: str = ""
    column_types: Mapping[str, str] = field(default_factory=dict, repr=False)
    missing: Mapping[str, int] = field(default_factory=dict, repr=False)
    warnings: Sequence[str] = ()
    parent: str | None = None
    # Whether it is the current file; None where the answer does not say.
    current: bool | None = None

    def _repr_html_(self) -> str:
        """Return the dataset as a notebook shows it."""
        title = f"{self.filename}: {self.rows:,} rows, {self.columns} columns"
        rows = [(name, kind, self.missing.get(name, 0)) for name, kind in self.column_types.items()]
        return table(title, ("column", "type", "missing"), rows, notes=[f"file_id {self.file_id}", *self.warnings])


@dataclass(frozen=True)
class FileStatus(Answer):
    """How far a file is: `waiting`, `ingesting`, `ready` or `failed`. `dataset()` is what it became."""

    file_id: str
    status: str
    stage: str | None = None
    progress: float = 0.0
    error: Mapping[str, Any] | None = None

    def dataset(self) -> Dataset:
        """Return the dataset of a file that is `ready`."""
        return Dataset.of(self.raw)


@dataclass(frozen=True)
class Preview(Answer):
    """The first rows of a dataset: a list of values for each."""

    file_id: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]

    def _repr_html_(self) -> str:
        """Return the rows as a notebook shows them."""
        return table(f"The first {len(self.rows)} rows", self.columns, self.rows)


@dataclass(frozen=True)
class Profile(Answer):
    """The statistics of a table, and the findings that one should know of before training, the worst first."""

    rows: int
    columns: Mapping[str, Mapping[str, Any]] = field(repr=False)
    findings: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    duplicate_rows: int = 0
    correlations: Mapping[str, Any] = field(default_factory=dict, repr=False)
    target: Mapping[str, Any] | None = field(default=None, repr=False)

    def _repr_html_(self) -> str:
        """Return the findings as a notebook shows them."""
        rows = [(f.get("severity"), f.get("column"), f.get("finding"), f.get("suggestion")) for f in self.findings]
        title = f"{self.rows:,} rows, {len(self.columns)} columns, {len(rows)} findings"
        return table(title, ("severity", "column", "finding", "suggestion"), rows)


@dataclass(frozen=True)
class Outliers(Answer):
    """The values outside of the bounds of each column of numbers."""

    method: str
    threshold: float
    columns: Mapping[str, Mapping[str, Any]] = field(repr=False)


@dataclass(frozen=True)
class Processed(Answer):
    """The effect of a recipe on the whole table."""

    before: Mapping[str, int]
    after: Mapping[str, int]
    recipe: Mapping[str, Any]
    dropped_rows: Mapping[str, int] = field(default_factory=dict)
    imputed: Mapping[str, Any] = field(default_factory=dict)
    encoded: Mapping[str, Any] = field(default_factory=dict)
    derived: Mapping[str, Any] = field(default_factory=dict)
    left_out: Sequence[str] = ()
    notes: Sequence[str] = ()


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


@dataclass(frozen=True)
class Job(Answer):
    """Long work of the service. `result` is the answer of the call, once it has `succeeded`."""

    job_id: str
    kind: str
    status: str
    stage: str = ""
    progress: float = 0.0
    created_at: str = ""
    result: Mapping[str, Any] | None = field(default=None, repr=False)
    error: Mapping[str, Any] | None = None
    # The leaderboard so far, while models are compared.
    standings: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    parts: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def is_over(self) -> bool:
        """Return whether nothing more happens: it has succeeded, failed, or was cancelled."""
        return self.status in OVER


@dataclass(frozen=True)
class Series(Answer):
    """Files that arrive one after another and train one model of the same name."""

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    arrivals: int = 0
    champion: int | None = None
    newest: Mapping[str, Any] | None = field(default=None, repr=False)
    # The jobs of arrivals that are not decided yet, or that were given up.
    jobs: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    # The jobs that new settings have started, by their ids.
    announced: Sequence[str] = ()


@dataclass(frozen=True)
class Arrival(Answer):
    """A file that arrived in a series, and what was decided about it."""

    job_id: str
    file_id: str
    key: str
    filename: str
    state: str
    reason: str
    learned: bool = False
    promoted: bool = False
    version: int | None = None


@dataclass(frozen=True)
class Status(Answer):
    """How the service is: `ok`, or `degraded` without Redis or queue."""

    status: str
    storage: Mapping[str, Any] = field(default_factory=dict)
    redis: Mapping[str, Any] = field(default_factory=dict)
    queue: Mapping[str, Any] = field(default_factory=dict)
    cache: Mapping[str, Any] = field(default_factory=dict, repr=False)
    index: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def _repr_html_(self) -> str:
        """Return the status as a notebook shows it."""
        return pairs(f"Regatta is {self.status}", {"storage": self.storage, "redis": self.redis, "queue": self.queue})


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
