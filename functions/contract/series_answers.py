"""What the operations on series answer."""

from pydantic import Field

from core.storage.series_repository import Arrival, SeriesSettings
from functions.contract.answer import Answer, FileSummary, Timestamp
from functions.contract.decision_answers import (
    AboutHeld,
    Drift,
    LearnedFrom,
    Plausibility,
    SchemaChanges,
    Scores,
)
from functions.contract.job_answers import RetrainJobSummary


class SeriesAnswer(Answer):
    """A series with its settings, its champion and its newest decision."""

    name: str
    created_at: Timestamp
    settings: SeriesSettings
    arrivals: int
    champion: int | None = Field(description="the version that serves")
    newest: Arrival | None


class SeriesList(Answer):
    """One page of the series, by name."""

    series: list[SeriesAnswer]
    next: str | None = Field(description="the `cursor` of the next page")


class SeriesConfigured(SeriesAnswer):
    """A series with its new settings, and the jobs of files that had waited for them."""

    announced: list[str]


class ArrivalJob(RetrainJobSummary):
    """The job of a file that has no decision yet."""

    key: str | None


class SeriesStatus(SeriesAnswer):
    """A series, and the jobs of files without a decision."""

    jobs: list[ArrivalJob]


class SeriesHistory(Answer):
    """One page of decisions, the newest first."""

    history: list[Arrival]
    next: str | None = Field(description="the `after` of the next page")


class ReportedFile(FileSummary):
    """The file that a decision is about."""

    warnings: list[str]


class DecisionReport(Answer):
    """Why a file was learned from or not."""

    series: str
    created_at: Timestamp
    arrival: Arrival
    file: ReportedFile | None
    before: int | None = Field(description="the version that served before")
    held: AboutHeld | None = Field(description="what the file says of the one that was held before it")
    schema_: SchemaChanges | None = Field(alias="schema")
    drift: Drift | None
    plausibility: Plausibility | None
    learned: LearnedFrom | None
    scores: Scores | None
    notes: list[str]
    links: dict[str, str]


class SeriesUpload(Answer):
    """A form that uploads a file."""

    key: str
    url: str
    fields: dict[str, str]
    expires_at: Timestamp
