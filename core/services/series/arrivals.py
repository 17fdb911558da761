"""Arrivals: find the series of an object below `incoming/`, and submit the one job for its content."""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from math import inf
from pathlib import PurePosixPath
from urllib.parse import unquote

from core.access.workspace_names import SHARED_PREFIXES, check_workspace_name
from core.errors import InvalidInputError, RegattaError, UnavailableError
from core.jobs import service
from core.jobs.commands import RetrainCommand
from core.manifests import Reading
from core.services.series.effort import place_retraining
from core.storage.container import Container
from core.storage.job_repository import Job
from core.storage.known_workspaces import check_exists, workspace_exists
from core.storage.model_repository import check_name
from core.storage.s3.object_store import MissingObjectError
from core.storage.series_repository import Arrival, Series, SeriesSettings
from core.storage.workspace import Workspace
from core.stored_document import new_file_id
from core.telemetry.log import log_event

log = logging.getLogger("regatta")

INCOMING = "incoming/"
# The endings of files with tables. The bytes decide what a file is; the ending, that it is one and no note beside it.
ENDINGS = ("csv", "xlsx", "xls", "ods", "parquet", "jsonl", "ndjson", "json", "zip", "gz")
# In either case, but of ASCII alone: `re` takes the long s of another alphabet for an s as well.
_ENDING = rf"\.(?ai:{'|'.join(ENDINGS)})"
ENDING = re.compile(rf"{_ENDING}$")
INCOMING_KEY = re.compile(rf"{INCOMING}(?P<workspace>[^/]+)/(?P<series>[^/]+)/(?P<rest>.+{_ENDING})", re.S)
# What no part of a key has: control characters, lone surrogates, what is a slash elsewhere or becomes one.
UNCLEAR = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\\]|%(?:2f|5c|2e%2e|00)", re.I)
# As most file systems have it; S3 takes 1024 bytes for a whole key.
PART_BYTES = 255
# Metadata of an object that names the target. Percent-encoded, since S3 takes only ASCII there.
TARGET_METADATA = "target-column"


@dataclass(frozen=True)
class ArrivalKey:
    """The parts of a key below `incoming/`: workspace, series and file name."""

    workspace: str
    series: str
    filename: str


@dataclass(frozen=True)
class UnsubmittedObject:
    """An object without a job, and the job that was submitted for it; None in a dry run."""

    key: str
    etag: str
    job: Job | None


def parse_arrival_key(key: str) -> ArrivalKey:
    """Parse a key (not URL-encoded); raises `InvalidInputError` for a key that is no arrival.

    A key is taken as it is, and nothing of it is resolved: one that another program may read in another way is none.
    """
    match = INCOMING_KEY.fullmatch(key)
    if match is None:
        endings = ", ".join(f".{ending}" for ending in ENDINGS[1:])
        raise InvalidInputError(
            f"{key!r} is not of the form incoming/{{workspace}}/{{series}}/{{anything}}.csv (or {endings}).",
            [{"field": "key", "message": "is no arrival"}],
        )
    check_workspace_name(match["workspace"])
    check_series_name(match["series"], "series")
    if any(_is_unclear(part) for part in match["rest"].split("/")):
        message = (
            f"has a part that is empty, '.', '..' or over {PART_BYTES} bytes, or that has a control character, a "
            "backslash or an encoded slash"
        )
        raise InvalidInputError(
            f"{key!r} is no name of a file. Give it another one.", [{"field": "key", "message": message}]
        )
    return ArrivalKey(match["workspace"], match["series"], PurePosixPath(key).name)


def check_series_name(name: str, field: str) -> None:
    """Raise `InvalidInputError` about this field unless a series can have this name: one of a model, and no prefix."""
    check_name(name, field)
    if name in SHARED_PREFIXES:
        problem = {"field": field, "message": f"{name} is a reserved word"}
        raise InvalidInputError("No series can have this name. Choose another one.", [problem])


def _is_unclear(part: str) -> bool:
    """Return whether another program could take a part of a key for something else than a name."""
    is_long = len(part.encode("utf-8", "surrogatepass")) > PART_BYTES
    return part in ("", ".", "..") or is_long or UNCLEAR.search(part) is not None


def submit_retraining(
    storage: Container, key: str, etag: str | None = None, sequencer: str | None = None
) -> Job | None:
    """Submit the job that decides about an object, one job however often this is called; return it.

    `etag` is that of the content that the event was about; without it, the present content is meant. Return None where
    the object is gone and its `etag` unknown. Raises `InvalidInputError` for a key that is no arrival or of no
    workspace, `UnavailableError`.
    """
    place = parse_arrival_key(key)
    check_exists(storage.objects, place.workspace)
    try:
        head = storage.objects.head(key)
    except MissingObjectError:
        head = None
    if head is None and etag is None:
        return None
    wanted = unquoted_etag(etag or (head.etag if head else ""))
    current = head if head is not None and unquoted_etag(head.etag) == wanted else None
    target = current.metadata.get(TARGET_METADATA) if current else None
    command = RetrainCommand(
        series=place.series,
        key=key,
        etag=wanted,
        last_modified=written_at(current.last_modified if current else datetime.now(UTC)),
        sequencer=sequencer,
        size_bytes=current.size if current else 0,
        target_column=unquote(target) if target else None,
        file_id=new_file_id(),
    )
    return _submit(storage.workspace(place.workspace), command, _job_key(key, wanted))


def submit_waiting(workspace: Workspace, name: str) -> list[Job]:
    """Submit the jobs of the arrivals that waited for settings, now that the series has them; the oldest first.

    These are the ones that waited for its target, those that were held because the series had not been given the model
    of its name, and the ones that were held because they contradict how the files of
    the series are read, if the settings say otherwise by now.
    """
    series = workspace.series.get(name, fresh=True)
    return [
        _again(workspace, name, arrival, series.settings)
        for arrival in sorted(series.arrivals, key=lambda a: a.last_modified)
        if _waits_no_longer(arrival, series)
    ]


def reconcile(
    storage: Container,
    workspace: str | None = None,
    *,
    dry_run: bool = False,
    written: tuple[float, float] = (0.0, inf),
    settled: set[tuple[str, str]] | None = None,
) -> list[UnsubmittedObject]:
    """Find the objects below `incoming/` that have no job, and submit one unless it is a `dry_run`; the oldest first.

    A job whose message was lost is given to the queue again on the way. Only objects are looked at that were `written`
    between these times (seconds since 1970), and that are not in `settled`: key and ETag of those about which nothing
    is left to do, to which others are added. Raises `UnavailableError`.
    """
    exists = cache(partial(workspace_exists, storage.objects))
    missed, known, decided = [], set() if settled is None else settled, _Decided(storage)
    after, before = written
    for modified, key, etag, place in sorted(_listed(storage, workspace, known), key=lambda one: one[0]):
        if not after <= modified <= before:
            continue
        try:
            job = _job_of(storage, place, key, etag)
            if (job is not None and job.is_over) or (job is None and (key, etag) in decided.by(place)):
                known.add((key, etag))
            elif job is None and not exists(place.workspace):
                known.add((key, etag))
                log_event("arrival", logging.WARNING, key=key, ignored=f"there is no workspace {place.workspace!r}")
            elif job is None:
                missed.append(UnsubmittedObject(key, etag, None if dry_run else submit_retraining(storage, key, etag)))
            elif not dry_run:
                service.job_status(storage.workspace(place.workspace), job.job_id)
        except UnavailableError:
            raise
        except (RegattaError, ValueError) as error:  # a document of its series or its job cannot be read
            log.error("%s stays without a decision: %s", key, error)
    return sorted(missed, key=lambda one: one.key)


class _Decided:
    """The objects that the series of a listing have decided about, each series read once."""

    def __init__(self, storage: Container) -> None:
        self._storage = storage
        self._known: dict[tuple[str, str], set[tuple[str, str]]] = {}

    def by(self, place: ArrivalKey) -> set[tuple[str, str]]:
        """Return key and ETag of what a series has decided about; the jobs of these may be deleted."""
        name = place.workspace, place.series
        if name not in self._known:
            series = self._storage.workspace(place.workspace).series.read(place.series)
            self._known[name] = {(one.key, one.etag) for one in series.arrivals} if series else set()
        return self._known[name]


def unquoted_etag(etag: str) -> str:
    """Return an ETag without the quotes that S3's API puts around it and its events do not."""
    return etag.strip('"')


def written_at(moment: datetime) -> str:
    """Return when an object was written, in UTC, as ISO 8601 text that sorts as the times do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _job_of(storage: Container, place: ArrivalKey, key: str, etag: str) -> Job | None:
    return service.job_with_key(storage.workspace(place.workspace), RetrainCommand, _job_key(key, etag))


def _listed(
    storage: Container, workspace: str | None, known: set[tuple[str, str]]
) -> Iterator[tuple[float, str, str, ArrivalKey]]:
    """Yield when each arrival was written (seconds since 1970), its key, its ETag and its place.

    Those in `known` are left out; what is no arrival is logged once and added to them.
    """
    for item in storage.objects.list(
        INCOMING if workspace is None else f"{INCOMING}{check_workspace_name(workspace)}/"
    ):
        etag = unquoted_etag(item.etag)
        if (item.key, etag) in known:
            continue
        try:
            place = parse_arrival_key(item.key)
        except InvalidInputError as error:
            known.add((item.key, etag))
            log_event("arrival", logging.WARNING, key=item.key, ignored=error.detail)
            continue
        yield item.modified, item.key, etag, place


def _waits_no_longer(arrival: Arrival, series: Series) -> bool:
    """Return whether the series has what an arrival was waiting for."""
    settings = series.settings
    if arrival.takes_over:
        return series.owns_model
    if arrival.state == "waiting":
        return settings.target_column is not None
    return arrival.state == "held" and bool(arrival.contradicts) and not _was_read_so(arrival, settings)


def _was_read_so(arrival: Arrival, settings: SeriesSettings) -> bool:
    """Return whether the settings say as much about the reading of a file as they did when it was decided."""
    return (arrival.reading or Reading()).asked == settings.reading.asked


def _again(workspace: Workspace, name: str, arrival: Arrival, settings: SeriesSettings) -> Job:
    target = settings.target_column
    # A dataset never changes, so another reading of a file is another dataset.
    is_read_anew = arrival.state == "waiting" and not _was_read_so(arrival, settings)
    command = RetrainCommand(
        series=name,
        **arrival.model_dump(include={"key", "etag", "last_modified", "size_bytes"}),
        file_id=new_file_id() if is_read_anew else arrival.file_id,
        sequencer=None,
        target_column=target,
    )
    about = target if arrival.state == "waiting" else f"again after {arrival.job_id}"
    return _submit(workspace, command, f"{_job_key(arrival.key, arrival.etag)} {about}")


def _submit(workspace: Workspace, command: RetrainCommand, key: str) -> Job:
    """Submit a retraining to who carries it out; where its job was submitted before, that one stays as it is."""
    command, batch_bytes = place_retraining(workspace, command)
    return service.submit_job(workspace, command, key=key, batch_bytes=batch_bytes)


def _job_key(key: str, etag: str) -> str:
    return f"{key} {etag}"
