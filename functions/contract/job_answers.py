"""What the operations on long work answer."""

from typing import Annotated, Any

from pydantic import Field

from core.jobs.commands import COMMANDS
from core.model_manifest import TargetTransformName
from core.storage.job_repository import Status
from functions.contract.answer import Answer, Problem, Timestamp, TrainedType

JobKind = Annotated[str, Field(json_schema_extra={"enum": list(COMMANDS)})]


class JobSummary(Answer):
    """A job as lists show it."""

    job_id: str
    kind: JobKind
    status: Status
    stage: str = Field(description="what it is doing now, in one word")
    progress: float = Field(description="from 0 to 1")
    parts: dict[str, float] = Field(description="the progress by model, where there are several")
    attempts: int
    created_at: Timestamp
    started_at: Timestamp | None
    finished_at: Timestamp | None
    error: Problem | None
    result: dict[str, Any] | None = Field(description="what the call would have answered, once it has succeeded")


class TrialStatus(Answer):
    """A candidate of a running search."""

    model_type: TrainedType
    target_transform: TargetTransformName
    r2: float | None
    folds: int
    seconds: float
    running: bool


class JobAnswer(JobSummary):
    """A job with its live leaderboard."""

    standings: list[TrialStatus]


class JobPage(Answer):
    """One page of jobs, the newest first."""

    jobs: list[JobSummary]
    next: str | None = Field(description="the `cursor` of the next page")
