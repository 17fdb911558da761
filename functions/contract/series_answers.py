"""What the operations on series answer."""

from typing import Any

from pydantic import Field

from core.storage.series_repository import Arrival, SeriesSettings
from functions.contract.answer import Answer, FileSummary, Timestamp
from functions.contract.job_answers import JobSummary


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


class ArrivalJob(JobSummary):
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
    held: dict[str, Any] | None
    schema_: dict[str, Any] | None = Field(alias="schema")
    drift: dict[str, Any] | None
    plausibility: dict[str, Any] | None
    learned: dict[str, Any] | None
    scores: dict[str, Any] | None
    notes: list[str]
    links: dict[str, str]


class SeriesUpload(Answer):
    """A form that uploads a file."""

    key: str
    url: str
    fields: dict[str, str]
    expires_at: Timestamp
