"""A CSV has landed below `incoming/`: which series it is of, and the one job that deals with this content of it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from urllib.parse import unquote

from core.errors import InvalidInputError
from core.jobs import service
from core.jobs.commands import RetrainCommand
from core.manifests import new_file_id
from core.storage.container import Container
from core.storage.job_repository import Job
from core.storage.model_repository import check_name
from core.storage.s3.object_store import MissingObjectError
from core.storage.series_repository import Arrival
from core.storage.workspace import Workspace

INCOMING = "incoming/"
INCOMING_KEY = re.compile(rf"{INCOMING}(?P<workspace>[^/]+)/(?P<series>[^/]+)/(?P<rest>.+\.csv)", re.I | re.S)
# Of an object: the target, where whoever puts it knows it. Percent-encoded, since S3 takes ASCII only there.
TARGET_METADATA = "target-column"


@dataclass(frozen=True)
class Landed:
    """What a key below `incoming/` names: a workspace, a series and a file."""

    workspace: str
    series: str
    filename: str


@dataclass(frozen=True)
class Missed:
    """An object that nobody has dealt with, and the job that will; None in a dry run."""

    key: str
    etag: str
    job: Job | None


def landed(key: str) -> Landed:
    """What a key (as it is, not URL-encoded) says; raises `InvalidInputError` for one that is no arrival."""
    match = INCOMING_KEY.fullmatch(key)
    if match is None:
        raise InvalidInputError(
            f"{key!r} is not of the form incoming/{{workspace}}/{{series}}/{{anything}}.csv.",
            [{"field": "key", "message": "is no arrival"}],
        )
    check_name(match["series"], "series")
    return Landed(match["workspace"], match["series"], PurePosixPath(key).name)


def submit_retraining(
    storage: Container, key: str, etag: str | None = None, sequencer: str | None = None
) -> Job | None:
    """Submit the job that deals with an object, one job however often this is called; return it.

    `etag` is of the content that the event was about; without it what is there now is meant. Return None where the
    object is gone and its `etag` unknown. Raises `InvalidInputError` for a key that is no arrival, `UnavailableError`.
    """
    place = landed(key)
    try:
        head = storage.objects.head(key)
    except MissingObjectError:
        head = None
    if head is None and etag is None:
        return None
    wanted = plain(etag or (head.etag if head else ""))
    current = head if head is not None and plain(head.etag) == wanted else None
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
    return service.submit_job(storage.workspace(place.workspace), command, key=_job_key(key, wanted))


def submit_waiting(workspace: Workspace, name: str) -> list[Job]:
    """Submit the jobs of the arrivals that waited for the series' target, now that it has one; the oldest first."""
    series = workspace.series.get(name, fresh=True)
    target = series.settings.target_column
    if target is None:
        return []
    waiting = [arrival for arrival in series.arrivals if arrival.state == "waiting"]
    return [_again(workspace, name, arrival, target) for arrival in sorted(waiting, key=lambda a: a.last_modified)]


def reconcile(storage: Container, workspace: str | None = None, *, dry_run: bool = False) -> list[Missed]:
    """Find the objects below `incoming/` that have no job, and submit one unless it is a `dry_run`.

    A job whose message was lost is given to the queue again on the way. Raises `UnavailableError`.
    """
    missed = []
    for key, etag, place in _listed(storage, workspace):
        known = service.job_with_key(storage.workspace(place.workspace), RetrainCommand, _job_key(key, etag))
        if known is not None:
            if not dry_run:
                service.job_status(storage.workspace(place.workspace), known.job_id)
        elif not _is_decided(storage, place, key, etag):
            missed.append(Missed(key, etag, None if dry_run else submit_retraining(storage, key, etag)))
    return missed


def plain(etag: str) -> str:
    """An ETag without the quotes that some ways to learn of it have."""
    return etag.strip('"')


def written_at(moment: datetime) -> str:
    """When an object was written, in UTC, as texts that are in order when the times are."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _listed(storage: Container, workspace: str | None) -> Iterator[tuple[str, str, Landed]]:
    for item in storage.objects.list(INCOMING if workspace is None else f"{INCOMING}{workspace}/"):
        try:
            yield item.key, plain(item.etag), landed(item.key)
        except InvalidInputError:
            continue


def _is_decided(storage: Container, place: Landed, key: str, etag: str) -> bool:
    """Whether the series knows this content, though its job is long forgotten."""
    series = storage.workspace(place.workspace).series.read(place.series)
    return series is not None and any((a.key, a.etag) == (key, etag) for a in series.arrivals)


def _again(workspace: Workspace, name: str, arrival: Arrival, target: str) -> Job:
    command = RetrainCommand(
        series=name,
        **arrival.model_dump(include={"key", "etag", "last_modified", "size_bytes", "file_id"}),
        sequencer=None,
        target_column=target,
    )
    return service.submit_job(workspace, command, key=f"{_job_key(arrival.key, arrival.etag)} {target}")


def _job_key(key: str, etag: str) -> str:
    return f"{key} {etag}"
