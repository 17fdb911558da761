"""The manifest of a model's version, and its parts."""

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from core.manifests import Feature, Recipe
from core.stored_document import Document, FormattedDocument, is_empty, is_none, no_items


@dataclass(frozen=True, order=True)
class VersionId:
    """One version of one model by name and number; they sort as a listing does."""

    name: str
    number: int


class StoredFile(Document):
    """Size and digest of one file of a model."""

    size_bytes: int
    sha256: str


class TrainedOn(Document):
    """The dataset a model was trained on."""

    file_id: str
    filename: str
    sha256: str
    rows_train: int
    rows_test: int
    # Earlier files whose rows it was trained on as well, oldest first; None for a training on one file alone.
    earlier: list[str] | None = None
    # How many rows of each larger file were in memory, evenly spaced; None where all were, and in earlier versions.
    rows_read: int | None = Field(default=None, exclude_if=is_none)
    # Whether it learned from all rows then, in parts.
    in_parts: bool = Field(default=False, exclude_if=is_empty)


class CrossValidation(Document):
    """R2 of each fold, their mean, and their standard deviation, None where there is one fold."""

    scores: list[float]
    mean: float
    std: float | None


TargetTransformName = Literal["none", "log", "yeo_johnson", "trend"]
# The choices of a request; auto is the transform that scores best.
TargetTransformChoice = Literal["auto", TargetTransformName]
ValidationKind = Literal["random", "time", "group"]
TrainingPlace = Literal["function", "batch", "auto"]


def _is_auto(place: TrainingPlace) -> bool:
    return place == "auto"


# Left out where it is `auto`, so that workers of earlier versions can read the command, and answers are as before.
TRAINING_PLACE: TrainingPlace = Field(
    "auto", exclude_if=_is_auto, description="where: in a function, in AWS Batch, or by forecast"
)


class Validation(Document):
    """How rows are divided into train rows and test rows, and by which column unless at random."""

    kind: ValidationKind = "random"
    column: str | None = None


RANDOM = Validation()

# By name, such as "r2"; None where a metric is undefined.
Metrics = dict[str, float | None]


class Baseline(Document):
    """Metrics of predicting the mean target of the train rows for every row."""

    metrics: Metrics
    cross_validation: CrossValidation


class Importance(Document):
    """How much R2 falls on the holdout when one column is shuffled, over several shuffles."""

    feature: str
    mean: float
    std: float


class TrialRecord(Document):
    """A candidate that was tried for a model: its parameters, target transform and score."""

    parameters: dict[str, Any]
    target_transform: TargetTransformName = "none"
    # How many train rows it was tried on, and in how many folds.
    rows: int
    folds: int
    mean: float | None
    std: float | None
    seconds: float
    error: str | None = None


class EnsembleMember(Document):
    """One member of an ensemble: a regressor and its weight. The weights add up to 1."""

    model_type: str
    parameters: dict[str, Any]
    target_transform: TargetTransformName
    weight: float
    cross_validation: CrossValidation


class SearchRecord(Document):
    """The rows, folds and limits of a portfolio search: what it takes to repeat it, beside the fields of a training."""

    # How many train rows the candidates were compared on, and how many the winner was trained on.
    rows_compared: int
    rows_learned: int
    # `folds` of one division of the rows; `repeats` is the number of further divisions that the winner was scored on.
    folds: int
    repeats: int
    # The fold whose train rows the winner was fitted on; None where it was refitted on evenly spaced ones.
    learned_fold: int | None = Field(default=None, exclude_if=is_none)
    # The most bytes that the compiled model of each member may have.
    member_bytes: int
    # R2 of a single winner by fold. Its `cross_validation` is an estimate for the selection as a whole.
    scores: list[float] = Field(default_factory=no_items)
    time_limit: float
    seconds: float
    # Why it ended before its time limit, if it did.
    cut: str | None = None


class ModelManifest(FormattedDocument):
    """Everything that is known of one version of a model, with the digests of its files. Signed as a whole."""

    format: Literal[1] = 1
    model_name: str
    version: int
    model_type: str
    created_at: str
    # The microseconds after `created_at`, which tell models of one second apart. None in models of earlier versions.
    created_us: int | None = Field(default=None, exclude_if=is_none)
    target_column: str
    features: list[Feature]
    # How the target, and the column that rows are divided by, are written in the file that it was trained on. Later
    # files are read so too. None in models of earlier versions.
    target: Feature | None = Field(default=None, exclude_if=is_none)
    divided_by: Feature | None = Field(default=None, exclude_if=is_none)
    # On the holdout, and on the train rows (up to 4,000 of them).
    metrics: Metrics
    train_metrics: Metrics = Field(default_factory=dict)
    baseline: Baseline | None = None
    cross_validation: CrossValidation
    # Quantiles of the absolute residuals of unseen rows at 0, 0.005, ... 1: see `core.regressors.unseen_rows`.
    interval_quantiles: list[float] = Field(default_factory=no_items)
    # The same of the absolute residuals divided by the spread of their row, where the graph has a learned spread: then
    # intervals are adaptive. Empty where they are of equal width, as in all models of earlier versions.
    spread_quantiles: list[float] = Field(default_factory=no_items, exclude_if=is_empty)
    importance: list[Importance] = Field(default_factory=no_items)
    target_transform: TargetTransformName = "none"
    # The candidates of a tuning or a portfolio search.
    trials: list[TrialRecord] = Field(default_factory=no_items)
    # Of an ensemble only.
    members: list[EnsembleMember] = Field(default_factory=no_items)
    # Of the winner of a portfolio search only.
    race: SearchRecord | None = None
    parameters: dict[str, Any]
    recipe: Recipe
    test_size: float
    validation: Validation = RANDOM
    training_seconds: float
    # Of one row in the compiled graph, measured when it was trained.
    latency_us: float | None = None
    dataset: TrainedOn
    notes: list[str]
    libraries: dict[str, str]
    graph: StoredFile
    pickle: StoredFile
    # None in models of earlier versions.
    evaluation: StoredFile | None = Field(default=None, exclude_if=is_none)
    # The folder of its files below `artifacts/`; None where they are beside the manifest, as in old versions.
    artifacts: str | None = None
    # The job that trained it.
    job_id: str | None = None
    signature: str = ""

    def result(self) -> dict[str, Any]:
        """Return the fields of a model that a leaderboard shows."""
        fields = {
            "model_name",
            "version",
            "model_type",
            "metrics",
            "cross_validation",
            "training_seconds",
            "latency_us",
        }
        return {**self.model_dump(include=fields), "size_bytes": self.graph.size_bytes}
