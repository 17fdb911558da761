"""What the operations on long work answer: a job has a type of its own for each kind, because of its result."""

from typing import Annotated, Any, Literal

from pydantic import Field, RootModel

from core.model_manifest import TargetTransformName
from core.storage.job_repository import Status
from core.storage.series_repository import Arrival
from functions.contract.answer import Answer, Problem, Timestamp, TrainedType, absent
from functions.contract.data_answers import Upload
from functions.contract.model_answers import Comparison, Trained
from functions.contract.predict_answers import IntervalLevel


class _Job(Answer):
    """What every job has but `kind` and `result`."""

    job_id: str
    status: Status
    stage: str = Field(description="what it is doing now, in one word")
    progress: float = Field(description="from 0 to 1")
    parts: dict[str, float] = Field(description="the progress by model, where there are several")
    attempts: int
    created_at: Timestamp
    started_at: Timestamp | None
    finished_at: Timestamp | None
    error: Problem | None


class TrialStatus(Answer):
    """A candidate of a running search."""

    model_type: TrainedType
    target_transform: TargetTransformName
    parameters: dict[str, Any] = Field(default_factory=dict, description="those that differ from the defaults")
    r2: float | None
    std: float | None = Field(default=None, description="of R2 from fold to fold")
    folds: int
    seconds: float
    size_bytes: int | None = Field(
        default=None, description="of the bare graph: of all train rows, or of the first fold"
    )
    latency_us: float | None = Field(default=None, description="of one row, with that graph")
    running: bool
    error: str | None = Field(default=None, description="why it has failed")


class _Live(Answer):
    standings: list[TrialStatus] = Field(description="the live leaderboard")


class StoredPredictions(Answer):
    """Where the predictions of a stored table are for the next hour, and what goes with them."""

    count: int
    model_name: str
    version: int
    warnings: list[str]
    interval: IntervalLevel | None = absent()
    format: Literal["json"]
    url: str
    expires_at: Timestamp
    filename: str
    size_bytes: int


class StoredExport(Answer):
    """Where the file of an export is for the next hour."""

    url: str
    expires_at: Timestamp
    filename: str
    media_type: str
    size_bytes: int
    parts: int | None = absent("of Parquet in several files: how many the manifest at `url` names")
    warnings: list[str] | None = absent("what was unusual about reading the rows; exports of earlier versions lack it")


class DecisionLinks(Answer):
    """Where the report of a decision is."""

    report: str


class Decision(Arrival):
    """What was decided about a file of a series."""

    series: str
    links: DecisionLinks


class TrainJobSummary(_Job):
    """A training, as lists show it."""

    kind: Literal["train"]
    result: Trained | None = Field(description="once it has succeeded")


class CompareJobSummary(_Job):
    """A comparison, as lists show it."""

    kind: Literal["compare"]
    result: Comparison | None = Field(
        description="once it has succeeded, or of a race that was cancelled its best so far"
    )


class PredictJobSummary(_Job):
    """Predictions of a stored table, as lists show them."""

    kind: Literal["predict"]
    result: StoredPredictions | None = Field(description="once it has succeeded")


class ExportJobSummary(_Job):
    """An export of a stored table, as lists show it."""

    kind: Literal["export"]
    result: StoredExport | None = Field(description="once it has succeeded")


class RetrainJobSummary(_Job):
    """A decision about a file of a series, as lists show it."""

    kind: Literal["retrain"]
    result: Decision | None = Field(description="once it has succeeded")


class ReadJobSummary(_Job):
    """A file that is read again, as lists show it."""

    kind: Literal["read"]
    result: Upload | None = Field(description="once it has succeeded")


class TrainJob(TrainJobSummary, _Live):
    """A training."""


class CompareJob(CompareJobSummary, _Live):
    """A comparison."""


class PredictJob(PredictJobSummary, _Live):
    """Predictions of a stored table."""


class ExportJob(ExportJobSummary, _Live):
    """An export of a stored table."""


class RetrainJob(RetrainJobSummary, _Live):
    """A decision about a file of a series."""


class ReadJob(ReadJobSummary, _Live):
    """A file that is read again."""


AnySummary = Annotated[
    TrainJobSummary | CompareJobSummary | PredictJobSummary | ExportJobSummary | RetrainJobSummary | ReadJobSummary,
    Field(discriminator="kind"),
]
AnyJob = Annotated[TrainJob | CompareJob | PredictJob | ExportJob | RetrainJob | ReadJob, Field(discriminator="kind")]


class JobSummary(RootModel[AnySummary]):
    """A job as lists show it."""


class JobAnswer(RootModel[AnyJob]):
    """A job. Its `result` is what the call would have answered, or where a file is."""


class JobPage(Answer):
    """One page of jobs, the newest first."""

    jobs: list[JobSummary]
    next: str | None = Field(description="the `cursor` of the next page")
    warnings: list[str] | None = absent("which jobs of the page cannot be read, and why")
