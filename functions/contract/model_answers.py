"""What the operations on models answer."""

from typing import Annotated, Any, Literal

from pydantic import Field

from core.automl.ensemble_selection import ENSEMBLE
from core.catalogue import CATALOGUE
from core.inference.intervals import IntervalMethod
from core.model_manifest import Baseline, CrossValidation, Importance, Metrics, ModelManifest, TargetTransformName
from functions.contract.answer import (
    Answer,
    Cell,
    FeatureType,
    ModelResult,
    Timestamp,
    TrainedType,
    ValidationUsed,
    absent,
)

RegressorName = Annotated[str, Field(json_schema_extra={"enum": list(CATALOGUE)})]
# Of a leaderboard, which has the mean of the target as well.
RowType = Annotated[str, Field(json_schema_extra={"enum": [*CATALOGUE, ENSEMBLE, "baseline"]})]


class ServingCost(Answer):
    """How the time of a training grows, and how many rows it takes at most."""

    grows_with: str
    most_rows: int | None


class RegressorEntry(Answer):
    """A regressor of the catalogue."""

    model_type: RegressorName
    title: str
    estimator: str = Field(description="the class, of scikit-learn or of its kind")
    parameters: dict[str, Any]
    grid: dict[str, list[Any]]
    ranges: dict[str, dict[str, Any]] = Field(description="by parameter the values that a request may give it")
    extra: bool = Field(description="whether a comparison has it only if it is asked for")
    cost: ServingCost


class Regressors(Answer):
    """Every regressor that can be trained."""

    models: list[RegressorEntry]


class TrainedModel(Answer):
    """A version as lists show it."""

    model_name: str
    version: int
    model_type: TrainedType
    target_column: str
    created_at: Timestamp
    metrics: Metrics
    size_bytes: int
    serves: bool


class TrainedModels(Answer):
    """One page of versions, by name and number."""

    models: list[TrainedModel]
    damaged: list[str] | None = absent("models of the page of which nobody can read which version serves")
    next: str | None = Field(description="the `cursor` of the next page")


class VersionsDeleted(Answer):
    """The versions that were deleted."""

    model_name: str
    deleted: list[int]


class ChampionChosen(Answer):
    """The version that serves from now on, and the one before."""

    model_name: str
    version: int
    before: int | None


class ModelRenamed(Answer):
    """A model under its new name."""

    model_name: str
    before: str
    versions: list[int]
    serves: int | None


class PredictedVsActual(Answer):
    """Points of the holdout."""

    actual: list[float]
    predicted: list[float]


class Residuals(Answer):
    """A histogram of residuals on the holdout."""

    edges: list[float]
    counts: list[int]
    mean: float
    std: float


class EvaluationPlots(Answer):
    """The points of the plots of an evaluation."""

    predicted_vs_actual: PredictedVsActual | None = absent()
    residuals: Residuals | list[float] | None = absent()


class ErrorSegment(Answer):
    """A segment of the holdout with the error of its rows: a range, a level, all other levels, or no value."""

    kind: Literal["range", "level", "others", "missing"]
    low: float | str | None = absent()
    high: float | str | None = absent()
    value: str | None = absent()
    rows: int
    mae: float
    mean_error: float = Field(description="the mean of actual minus predicted")


class ErrorSegments(Answer):
    """The error in the segments of a column, or of the prediction itself."""

    feature: str | None = Field(description="null for the prediction itself")
    segments: list[ErrorSegment]


class ModelMetrics(ModelResult):
    """How good a version is."""

    plots: EvaluationPlots | None = absent()
    segments: list[ErrorSegments] | None = absent()
    validation: ValidationUsed
    train_metrics: Metrics
    baseline: Baseline | None


class ModelImportance(Answer):
    """How much R2 falls when a column is shuffled."""

    model_name: str
    version: int
    importance: list[Importance]


class ColumnEffect(Answer):
    """How predictions change with one column."""

    feature: str
    type: FeatureType
    values: list[float | str | bool] = Field(description="of the column, in the order of mean and curves")
    mean: list[float | None] = Field(description="the mean prediction at each value: partial dependence")
    curves: list[list[float | None]] = Field(description="the predictions of single rows at each value")


class ModelEffects(Answer):
    """How predictions change when one column alone changes, worked out when the version was trained."""

    model_name: str
    version: int
    how: str
    rows: int = Field(description="of training, whose mean prediction is shown")
    effects: list[ColumnEffect] = Field(description="the most important columns first")
    left_out: list[str] = Field(description="columns beyond the most important ones, or beyond the time")


class FeatureSchema(Answer):
    """A column that a model takes."""

    name: str
    type: FeatureType
    fill: float | str = Field(description="replaces a missing value")
    levels: list[str] | None = absent()
    format: str | None = absent()
    unit: str | None = absent()
    decimal: str | None = absent()
    words: list[str] | None = absent("for true and false")
    missing: list[str] | None = absent()
    keep: list[str] | None = absent()


class OutputSchema(Answer):
    """What a model predicts."""

    name: str
    type: Literal["number"]
    target_column: str
    interval: bool = Field(description="whether it can predict bounds")
    interval_method: IntervalMethod | None = absent("whether the bounds are wider where errors are larger")
    unit: str | None = absent()
    decimal: str | None = absent()
    missing: list[str] | None = absent()
    keep: list[str] | None = absent()


class ExampleRequest(Answer):
    """A body for POST /predict that works as it stands."""

    model_name: str
    version: int | None = absent()
    data: dict[str, Cell]


class ModelSchema(Answer):
    """What a model takes and gives."""

    model_name: str
    version: int
    model_type: TrainedType
    features: list[FeatureSchema]
    output: OutputSchema
    example: ExampleRequest


class Trained(ModelResult):
    """A new version of a model."""

    target_column: str
    train_metrics: Metrics
    baseline: Baseline | None
    importance: list[Importance]
    target_transform: TargetTransformName
    parameters: dict[str, Any]
    validation: ValidationUsed
    warnings: list[str]
    model_data: str | None = Field(None, description="the signed model, with return_model; null where it is too large")


class MemberWeight(Answer):
    """A member of a blend."""

    model_type: RegressorName
    target_transform: TargetTransformName
    parameters: dict[str, Any] | None = absent("in a race: those that differ from the defaults")
    weight: float


class LeaderboardRow(Answer):
    """A regressor of a comparison. One that was not stored, and the baseline, have no version."""

    model_name: str | None
    version: int | None
    model_type: RowType
    metrics: Metrics | None
    cross_validation: CrossValidation
    training_seconds: float | None
    latency_us: float | None
    size_bytes: int | None
    tuned: bool
    target_transform: TargetTransformName
    parameters: dict[str, Any] | None = absent("in a race, of a single one: those that differ from the defaults")
    members: list[MemberWeight] | None = absent("of a blend")


class FailedRegressor(Answer):
    """A regressor that could not be trained, and why."""

    model_type: str = Field(description="of a race its label, such as ridge-2")
    target_transform: TargetTransformName | None = absent("of a trial")
    parameters: dict[str, Any] | None = absent("of a trial: those that differ from the defaults")
    error: str


class Comparison(Answer):
    """A leaderboard, the best first."""

    file_id: str
    validation: ValidationUsed
    results: list[LeaderboardRow]
    best: LeaderboardRow
    failed: list[FailedRegressor]
    warnings: list[str]
    cut: str | None = Field(None, description="why it ended before its time limit")


# The manifest itself is what GET /model/info answers.
ModelInformation = ModelManifest
