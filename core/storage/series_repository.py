"""Series: files that arrive one after another and teach one model; what is wanted of each, and what became of a file.

    {workspace}/series/{name}/series.json              settings and arrivals, changed by conditional writes
    {workspace}/series/{name}/reports/{job_id}.json    the report of an arrival, and the same as a page in .html

A series exists from its first file or from its first settings on. Its model has the series' name.
"""

import json
from collections.abc import Callable
from typing import Any, Literal

from pydantic import Field, field_validator

from core.errors import NoSuchSeriesError
from core.manifests import RANDOM, Document, HandleMissing, Validation, now
from core.storage.documents import Documents
from core.storage.s3.object_store import MissingObjectError, ObjectStore
from core.storage.versions import MODEL_NAME
from core.types import Json

# So many of the newest arrivals stay in the document; what is older is in its reports only.
ARRIVALS_KEPT = 500

Mode = Literal["append", "replace"]
# accepted: learned from. held: too odd to be learned from, until the next arrival says the same. refused: not usable.
# waiting: nobody has said what the target is. superseded: the object was overwritten or deleted before it was read.
# old: it came after a newer one, so it is learned from and changes nothing that serves.
State = Literal["accepted", "held", "refused", "waiting", "superseded", "old"]


class SeriesSettings(Document):
    """What is wanted of a series. Without `target_column` its files are only registered."""

    target_column: str | None = None
    # Whether a challenger learns from the new file alone, or from the accepted files of the window as well.
    mode: Mode = "append"
    # In arrivals, the new one included. An arrival is what is accepted, held or dropped as a whole, and what people
    # think in: twelve monthly files are a year, whatever rows each has.
    window: int = Field(default=12, ge=1, le=100)
    # How much worse than the champion a challenger may be at most, as a share of its root mean squared error.
    tolerance: float = Field(default=0.02, ge=0, le=1)
    # Of the first race; what comes later is cleaned and divided as the champion was.
    handle_missing: HandleMissing = "median"
    validation: Validation = RANDOM
    time_limit: float = Field(default=60.0, ge=1, le=600)

    @field_validator("validation")
    @classmethod
    def _has_a_column(cls, validation: Validation) -> Validation:
        if (validation.kind == "random") != (validation.column is None):
            raise ValueError("time and group take a column, random takes none")
        return validation


class Arrival(Document):
    """One file of a series, and what was decided about it."""

    # The job that decided; also the name of its report.
    job_id: str
    file_id: str
    key: str
    etag: str
    filename: str
    size_bytes: int
    # When the object was written, in UTC as ISO 8601.
    last_modified: str
    state: State
    # Whether challengers may learn from it.
    learned: bool = False
    # Of the model that was trained on it, if one was, and of the model that serves since.
    version: int | None = None
    champion: int | None = None
    promoted: bool = False
    # In plain words.
    reason: str
    decided_at: str = Field(default_factory=now)
    rows: int | None = None
    sha256: str | None = None
    # The share of its rows that the champion missed by more than nine tenths of its own folds' rows, and by how much
    # it missed all of them (root mean squared error): what later arrivals are measured by as well, unless it was let
    # in although that was out of all proportion.
    surprise: float | None = None
    missed_by: float | None = None
    # Root mean squared errors on the fresh holdout.
    champion_rmse: float | None = None
    challenger_rmse: float | None = None
    # Of a held one: a later arrival has contradicted it, so only somebody who says so lets it in.
    contradicted: bool = False

    def let_in(self, reason: str) -> "Arrival":
        """A held file as it is learned from; how far it was off is no measure for others."""
        update = {"state": "accepted", "learned": True, "reason": reason, "surprise": None, "missed_by": None}
        return self.model_copy(update=update)


class Series(Document):
    """The settings of a series, and its newest arrivals in the order in which they were decided."""

    format: Literal[1] = 1
    name: str
    created_at: str = Field(default_factory=now)
    settings: SeriesSettings = SeriesSettings()
    # Nothing written before this is learned from any more: two arrivals in a row have said that the world has changed.
    since: str | None = None
    arrivals: list[Arrival] = Field(default_factory=list)

    def arrival(self, job_id: str) -> Arrival | None:
        """What this job decided, or None."""
        return next((arrival for arrival in self.arrivals if arrival.job_id == job_id), None)

    @property
    def held(self) -> Arrival | None:
        """The arrival that the next one is to confirm or to contradict."""
        waiting = [one for one in self.arrivals if one.state == "held" and not one.contradicted]
        return max(waiting, key=lambda one: one.last_modified, default=None)

    def window(self, before: str) -> list[Arrival]:
        """What a file written at `before` is learned from together with, the oldest first; empty in mode `replace`."""
        if self.settings.mode == "replace":
            return []
        usable = [one for one in self.arrivals if one.learned and (self.since or "") <= one.last_modified <= before]
        newest = sorted(usable, key=lambda one: one.last_modified, reverse=True)[: self.settings.window - 1]
        return newest[::-1]

    @property
    def usual(self) -> list[tuple[float, float]]:
        """Surprise and error of what was learned from because it was like what was known, the oldest decision first."""
        return [
            (one.surprise, one.missed_by)
            for one in self.arrivals
            if one.learned
            and one.surprise is not None
            and one.missed_by is not None
            and (self.since or "") <= one.last_modified
        ]

    def twin(self, file_id: str, sha256: str) -> Arrival | None:
        """Another file of the same bytes that was taken, or held back."""
        same = (one for one in self.arrivals if one.sha256 == sha256 and one.file_id != file_id)
        return next((one for one in same if one.learned or one.state == "held"), None)

    def is_old(self, written: str) -> bool:
        """Whether a file that was written later has been learned from already."""
        return any(one.learned and one.last_modified > written for one in self.arrivals)

    def with_arrival(self, arrival: Arrival) -> "Series":
        """The series with this arrival instead of what was known of the same file; a new decision comes last."""
        places = [place for place, other in enumerate(self.arrivals) if other.file_id == arrival.file_id]
        if places and self.arrivals[places[0]].decided_at == arrival.decided_at:
            arrivals = [*self.arrivals[: places[0]], arrival, *self.arrivals[places[0] + 1 :]]
        else:
            arrivals = [*(other for other in self.arrivals if other.file_id != arrival.file_id), arrival]
        return self.model_copy(update={"arrivals": arrivals[-ARRIVALS_KEPT:]})


class SeriesRepository:
    """The series of a workspace."""

    def __init__(self, workspace: str, objects: ObjectStore, documents: Documents) -> None:
        self._workspace = workspace
        self._objects = objects
        self._documents = documents

    def read(self, name: str, *, fresh: bool = False) -> Series | None:
        """The series, or None; `fresh` asks the bucket itself: for acting on, not for showing."""
        if not MODEL_NAME.fullmatch(name):
            return None
        document = self._documents.read(_key(self._workspace, name), fresh=fresh)
        return None if document is None else Series.model_validate(document)

    def get(self, name: str, *, fresh: bool = False) -> Series:
        """The same; raises `NoSuchSeriesError`."""
        found = self.read(name, fresh=fresh)
        if found is None:
            raise NoSuchSeriesError(f"There is no series {name!r}. GET /series lists what there is.")
        return found

    def list(self) -> list[Series]:
        """Every series of the workspace, by name."""
        found = (self.read(name) for name in self._objects.folders(f"{self._workspace}/series/"))
        return [series for series in found if series is not None]

    def change(self, name: str, edit: Callable[[Series], Series | None]) -> Series:
        """Store what `edit` makes of the newest series, a new one where there is none; None leaves it as it is.

        Returns it as stored afterwards; raises `ConflictError`.
        """

        def edited(document: Json | None) -> Json | None:
            newest = Series(name=name) if document is None else Series.model_validate(document)
            after = edit(newest)
            return None if after is None else after.model_dump()

        document = self._documents.change(_key(self._workspace, name), edited)
        return Series(name=name) if document is None else Series.model_validate(document)

    def configure(self, name: str, settings: SeriesSettings) -> Series:
        """Let these be the settings; raises `ConflictError`."""
        return self.change(name, lambda series: series.model_copy(update={"settings": settings}))

    def write_report(self, name: str, job_id: str, report: dict[str, Any], page: str) -> None:
        """Keep the report of an arrival, as JSON and as a page."""
        body = json.dumps(report, ensure_ascii=False).encode()
        self._objects.put(_report_key(self._workspace, name, job_id, "html"), page.encode(), "text/html; charset=utf-8")
        self._objects.put(_report_key(self._workspace, name, job_id, "json"), body, "application/json")

    def report(self, name: str, job_id: str) -> dict[str, Any] | None:
        """The report of an arrival, or None where there is none."""
        body = self._read(name, job_id, "json")
        return None if body is None else json.loads(body)

    def page(self, name: str, job_id: str) -> str | None:
        """The same as HTML."""
        body = self._read(name, job_id, "html")
        return None if body is None else body.decode()

    def _read(self, name: str, job_id: str, ending: str) -> bytes | None:
        try:
            return self._objects.get(_report_key(self._workspace, name, job_id, ending))
        except MissingObjectError:
            return None


def _key(workspace: str, name: str) -> str:
    return f"{workspace}/series/{name}/series.json"


def _report_key(workspace: str, name: str, job_id: str, ending: str) -> str:
    return f"{workspace}/series/{name}/reports/{job_id}.{ending}"
