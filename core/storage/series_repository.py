"""Series of files that arrive one after another and train one model: settings, and the decision about each file.

    {workspace}/series/{name}/series.json              settings and arrivals, changed by conditional writes
    {workspace}/series/{name}/reports/{job_id}.json    the report of an arrival, and the same as a page in .html

A series exists from its first file or from its first settings on. Its model has the series' name.
"""

import json
import logging
from collections.abc import Callable
from itertools import islice
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from core.context_threads import run_in_threads
from core.errors import NoSuchSeriesError
from core.manifests import HandleMissing, Reading
from core.model_manifest import RANDOM, TRAINING_PLACE, TrainingPlace, Validation
from core.reading_fields import ReadingFields
from core.storage.documents import Documents
from core.storage.job_repository import JOB_ID
from core.storage.leases import parse_document
from core.storage.s3.object_store import MissingObjectError, ObjectStore
from core.storage.versions import MODEL_NAME
from core.stored_document import DamagedDocumentError, Document, FormattedDocument, is_empty, is_none, no_items, now
from core.types import Json
from core.whole_numbers import WHOLE

log = logging.getLogger("regatta")

# So many of the newest arrivals stay in the document; older ones have their reports only.
ARRIVALS_KEPT = 500

# How many series of a page are read at a time.
READERS = 8

Mode = Literal["append", "replace"]
# accepted: trained on. held: too odd to be trained on until the next arrival confirms it, or
# its columns contradict how the series reads them. refused: not usable.
# waiting: the target is not known. superseded: the object was overwritten or deleted before it was read.
# old: it came after a newer one, so it is trained on later and does not change the champion now.
State = Literal["accepted", "held", "refused", "waiting", "superseded", "old"]


class SeriesSettings(ReadingFields, Document):
    """The settings of a series, and how its files are read. Without `target_column` they are only registered."""

    target_column: str | None = None
    # Whether a challenger is trained on the new file alone (replace) or on the accepted files of the window as well.
    mode: Mode = "append"
    # How many arrivals a challenger is trained on, the new one included. It counts arrivals and not rows, because a
    # decision is about a whole arrival, and users think in arrivals: twelve monthly files are a year.
    window: Annotated[int, Field(ge=1, le=100), WHOLE] = 12
    # How much worse than the champion a challenger may be, as a fraction of the champion's root mean squared error.
    tolerance: float = Field(default=0.02, ge=0, le=1)
    # Of the first search. Later models are preprocessed and validated as the champion was.
    handle_missing: HandleMissing = "median"
    validation: Validation = RANDOM
    time_limit: float = Field(default=60.0, ge=1, le=600)
    # Where its files are trained on.
    training: TrainingPlace = TRAINING_PLACE

    @field_validator("validation")
    @classmethod
    def _has_a_column(cls, validation: Validation) -> Validation:
        if (validation.kind == "random") != (validation.column is None):
            raise ValueError("time and group take a column, random takes none")
        return validation


class TrainingForecast(Document):
    """What training on a file takes: bytes of memory beside those of the process, and seconds of one processor."""

    memory_bytes: int
    seconds: float


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
    # Whether challengers may be trained on it.
    learned: bool = False
    # The version that was trained on it, if one was, and the version that serves since.
    version: int | None = None
    champion: int | None = None
    promoted: bool = False
    # A sentence for people.
    reason: str
    decided_at: str = Field(default_factory=now)
    rows: int | None = None
    sha256: str | None = None
    # `surprise`: the share of its rows whose error is beyond nine tenths of the champion's out-of-fold errors.
    # `missed_by`: the champion's root mean squared error on all of its rows. Later arrivals are compared with both,
    # unless this one was let in by hand.
    surprise: float | None = None
    missed_by: float | None = None
    # Root mean squared errors on the fresh holdout.
    champion_rmse: float | None = None
    challenger_rmse: float | None = None
    # Of a held arrival: a later one has contradicted it, so only a person can let it in.
    contradicted: bool = False
    # Of an arrival that is held because these of its columns contradict how the series reads them: whether a person can
    # let it in with the values of its own dataset.
    contradicts: list[str] = Field(default_factory=no_items, exclude_if=is_empty)
    fits_by_itself: bool = Field(default=True, exclude_if=bool)
    # Of an arrival that is held because the model of the series' name is not the series' own.
    takes_over: bool = Field(default=False, exclude_if=is_empty)
    # How the settings said that it is to be read, where it waits for other settings.
    reading: Reading | None = Field(default=None, exclude_if=is_none)
    # Where it was decided: by a worker of the queue, or in a container of AWS Batch.
    training: Literal["function", "batch"] | None = Field(default=None, exclude_if=is_none)
    # Of a model like the one that serves: what a later file takes is in proportion.
    forecast: TrainingForecast | None = Field(default=None, exclude_if=is_none)

    def let_in(self, reason: str) -> "Arrival":
        """Return a held arrival as an accepted one; later arrivals are not compared with its errors."""
        update = {"state": "accepted", "learned": True, "reason": reason, "surprise": None, "missed_by": None}
        return self.model_copy(update=update)


class Series(FormattedDocument):
    """The settings of a series, and its newest arrivals in the order in which they were decided."""

    format: Literal[1] = 1
    name: str
    created_at: str = Field(default_factory=now)
    settings: SeriesSettings = Field(default_factory=SeriesSettings)
    # Files written before this are not trained on any more: two arrivals in a row have shown that the data has changed.
    since: str | None = None
    arrivals: list[Arrival] = Field(default_factory=no_items)
    # Whether PUT /series/{name}, or a version that its files trained, gave it the model of its name.
    owned: bool = Field(default=False, exclude_if=is_empty)

    @property
    def owns_model(self) -> bool:
        """Return whether its files may change the model of its name: somebody said so, or they trained it."""
        return self.owned or any(one.version is not None for one in self.arrivals)

    def arrival(self, job_id: str) -> Arrival | None:
        """Return the arrival that this job decided about, or None."""
        return next((arrival for arrival in self.arrivals if arrival.job_id == job_id), None)

    @property
    def held(self) -> Arrival | None:
        """Return the held arrival that the next one confirms or contradicts, or None."""
        waiting = [one for one in self.arrivals if one.state == "held" and not one.contradicted]
        return max(waiting, key=lambda one: one.last_modified, default=None)

    def window(self, before: str) -> list[Arrival]:
        """Return the earlier arrivals that train a model together with a file written at `before`, oldest first.

        There are none in mode `replace`.
        """
        if self.settings.mode == "replace":
            return []
        usable = [one for one in self.arrivals if one.learned and (self.since or "") <= one.last_modified <= before]
        newest = sorted(usable, key=lambda one: one.last_modified, reverse=True)[: self.settings.window - 1]
        return newest[::-1]

    @property
    def usual_errors(self) -> list[tuple[float, float]]:
        """Return `surprise` and `missed_by` of the arrivals that were accepted, but not by hand, oldest first."""
        return [
            (one.surprise, one.missed_by)
            for one in self.arrivals
            if one.learned
            and one.surprise is not None
            and one.missed_by is not None
            and (self.since or "") <= one.last_modified
        ]

    def twin(self, file_id: str, sha256: str) -> Arrival | None:
        """Return another arrival of the same bytes that was accepted or held, or None."""
        same = (one for one in self.arrivals if one.sha256 == sha256 and one.file_id != file_id)
        return next((one for one in same if one.learned or one.state == "held"), None)

    def is_old(self, written: str) -> bool:
        """Return whether a model was trained on a file that was written after the time `written`."""
        return any(one.learned and one.last_modified > written for one in self.arrivals)

    def with_arrival(self, arrival: Arrival) -> "Series":
        """Return the series with this arrival in place of an earlier one of the same file or content.

        It keeps the place of that one if the decision is the same, and is the last one otherwise.
        """
        places = [place for place, other in enumerate(self.arrivals) if _is_same(other, arrival)]
        if places and self.arrivals[places[0]].decided_at == arrival.decided_at:
            arrivals = [*self.arrivals[: places[0]], arrival, *self.arrivals[places[0] + 1 :]]
        else:
            arrivals = [*(other for other in self.arrivals if not _is_same(other, arrival)), arrival]
        owned = self.owns_model or arrival.version is not None
        return self.model_copy(update={"arrivals": arrivals[-ARRIVALS_KEPT:], "owned": owned})


def _is_same(one: Arrival, other: Arrival) -> bool:
    """Return whether two decisions are about the same file: a content that was read in another way is another file."""
    return one.file_id == other.file_id or (one.key, one.etag) == (other.key, other.etag)


class SeriesRepository:
    """The series of a workspace."""

    def __init__(self, workspace: str, objects: ObjectStore, documents: Documents) -> None:
        self._workspace = workspace
        self._objects = objects
        self._documents = documents

    def read(self, name: str, *, fresh: bool = False) -> Series | None:
        """Return the series, or None; `fresh` reads the bucket itself, not Redis."""
        if not MODEL_NAME.fullmatch(name):
            return None
        document = self._documents.read(_key(self._workspace, name), fresh=fresh)
        return None if document is None else self._parsed(name, document)

    def get(self, name: str, *, fresh: bool = False) -> Series:
        """Return the series; raises `NoSuchSeriesError`."""
        found = self.read(name, fresh=fresh)
        if found is None:
            raise NoSuchSeriesError(f"There is no series {name!r}. GET /series lists what there is.")
        return found

    def listed(self, limit: int, after: str | None = None) -> tuple[list[Series], str | None]:
        """Return up to `limit` series after the name `after`, by name, and the last name if more follow.

        Damaged ones are left out. Raises `NewerFormatError`.
        """
        folders = self._objects.folders(f"{self._workspace}/series/", after or "", limit + 1)
        names = list(islice(folders, limit + 1))
        found = run_in_threads(self._listed, names[:limit], READERS)
        return [series for series in found if series is not None], names[limit - 1] if names[limit:] else None

    def _listed(self, name: str) -> Series | None:
        try:
            return self.read(name)
        except DamagedDocumentError as error:
            log.error("a series is in no list: %s", error.detail)
            return None

    def _parsed(self, name: str, document: Json) -> Series:
        return parse_document(_key(self._workspace, name), Series, document)

    def change(self, name: str, edit: Callable[[Series], Series | None]) -> Series:
        """Store what `edit` makes of the newest series, a new one where there is none; None leaves it as it is.

        Return it as stored afterwards; raises `ConflictError`.
        """

        def edited(document: Json | None) -> Json | None:
            newest = Series(name=name) if document is None else self._parsed(name, document)
            after = edit(newest)
            return None if after is None else after.model_dump()

        document = self._documents.change(_key(self._workspace, name), edited)
        return Series(name=name) if document is None else self._parsed(name, document)

    def configure(self, name: str, settings: SeriesSettings) -> Series:
        """Store the settings of a series, which gives it the model of its name; raises `ConflictError`."""
        return self.change(name, lambda series: series.model_copy(update={"settings": settings, "owned": True}))

    def write_report(self, name: str, job_id: str, report: dict[str, Any], page: str) -> None:
        """Store the report of an arrival, as JSON and as a page."""
        body = json.dumps(report, ensure_ascii=False).encode()
        self._objects.put(_report_key(self._workspace, name, job_id, "html"), page.encode(), "text/html; charset=utf-8")
        self._objects.put(_report_key(self._workspace, name, job_id, "json"), body, "application/json")

    def report(self, name: str, job_id: str) -> dict[str, Any] | None:
        """Return the report of an arrival, or None."""
        body = self._read(name, job_id, "json")
        return None if body is None else json.loads(body)

    def page(self, name: str, job_id: str) -> str | None:
        """Return the report of an arrival as an HTML page, or None."""
        body = self._read(name, job_id, "html")
        return None if body is None else body.decode()

    def _read(self, name: str, job_id: str, ending: str) -> bytes | None:
        if not JOB_ID.fullmatch(job_id):
            return None
        try:
            return self._objects.get(_report_key(self._workspace, name, job_id, ending))
        except MissingObjectError:
            return None


def _key(workspace: str, name: str) -> str:
    return f"{workspace}/series/{name}/series.json"


def _report_key(workspace: str, name: str, job_id: str, ending: str) -> str:
    return f"{workspace}/series/{name}/reports/{job_id}.{ending}"
