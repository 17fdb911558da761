"""Jobs: a document for each in the bucket, which is the truth, and the progress of a running one in Redis.

The bucket has the command from the start and the progress every few seconds; Redis has the progress at once. So nothing
is lost with Redis but the last few seconds of progress.
"""

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError

from core.context_threads import run_in_threads
from core.errors import NewerFormatError
from core.storage.dataset_repository import FILE_ID
from core.storage.documents import Documents
from core.storage.leases import Leased, UncountedAttempts, change_document, parse_document
from core.storage.lists.job_order import JobOrder, entry_of
from core.storage.lists.listed_jobs import ListedJobs
from core.storage.lists.upkeep import Later, Upkeep
from core.storage.manifest_index import ManifestIndex
from core.storage.redis.bounded_reads import read_value
from core.storage.redis.entries import pack, unpack
from core.storage.redis.keys import PROGRESS_SECONDS, job_progress_key, job_stop_key
from core.storage.redis.redis_client import RedisClient
from core.storage.s3.object_store import ObjectStore
from core.stored_document import DamagedDocumentError, is_empty, no_items
from core.types import Json

log = logging.getLogger("regatta")

JOB_ID = FILE_ID

# How many jobs of a page are read together, and by how many threads.
READ_TOGETHER = 21
READERS = 8
# The longest report of a job, and the longest request to stop one, that is read from Redis.
REPORT_BYTES = 1 << 20
STOP_BYTES = 1 << 10
# The owner of a job that was divided into tasks, as long as workers carry these out.
TASKS = "tasks"

Status = Literal["queued", "running", "succeeded", "failed", "cancelled"]


class Job(Leased):
    """One job: its command, its progress, and its result or error."""

    format: Literal[1] = 1
    job_id: str
    # Key of `core.jobs.commands.COMMANDS`.
    kind: str
    # The command as JSON.
    order: Json
    # The authentication code of who ordered it; see `core.jobs.orders`. Jobs of versions before 0.3 have none.
    code: str = Field(default="", exclude_if=is_empty)
    # Digest of the command, to see whether an Idempotency-Key is used for another one.
    fingerprint: str
    # The memory in bytes that a container of AWS Batch needs to carry it out; 0: a worker of the queue does.
    batch_bytes: int = Field(default=0, exclude_if=is_empty)
    # Whether it goes to the queue. The job of a caller who waits for the answer does not.
    deferred: bool
    status: Status = "queued"
    stage: str = "queued"
    progress: float = 0.0
    # By name the progress of each model that the job trains.
    parts: dict[str, float] = Field(default_factory=dict)
    # Of a job that compares models the leaderboard so far: each a `core.progress.TrialStatus`, the best first.
    standings: list[dict[str, Any]] = Field(default_factory=no_items)
    created_at: str
    # Of the request that submitted it.
    request_id: str | None = None
    # The span of that request (W3C Trace Context), where it was traced.
    traceparent: str | None = None
    # When it was last given to the queue (seconds since 1970).
    offered_at: float = 0.0
    started_at: str | None = None
    finished_at: str | None = None
    cancel_requested: bool = False
    result: dict[str, Any] | None = None
    # The problem document of a failed job, or of the last attempt of one that is tried again.
    error: dict[str, Any] | None = None

    @property
    def is_over(self) -> bool:
        """Return whether the job has ended. It stays so unless a caller asks for a retry."""
        return self.status in ("succeeded", "failed", "cancelled")

    @property
    def is_divided(self) -> bool:
        """Return whether the tasks are carried out that the job was divided into."""
        return self.status == "running" and self.owner == TASKS

    @property
    def is_interrupted(self) -> bool:
        """Return whether a worker took the job and let its lease run out.

        One that has no worker since its tasks are done, or stopped, waits for the one that ends it.
        """
        return self.status == "running" and self.owner is not None and not self.is_leased


@dataclass(frozen=True)
class UnreadableJob:
    """A job in a list whose document this version cannot read; `reason` says why."""

    job_id: str
    reason: str


class ProgressReport(BaseModel):
    """What a worker reports of its job, as Redis has it."""

    owner: str | None
    stage: str
    progress: float
    parts: dict[str, float]
    standings: list[dict[str, Any]]


class JobProgress:
    """The progress of the running jobs of a workspace in Redis, and the requests to stop them."""

    def __init__(self, workspace: str, redis: RedisClient) -> None:
        self._workspace = workspace
        self._redis = redis

    def report(self, job: Job, **state: Any) -> bool | None:
        """Report `stage`, `progress`, `parts` and `standings` of a running job.

        Return whether its worker is asked to stop; None where Redis did not take the report.
        """
        name, stop_name = (make(self._workspace, job.job_id) for make in (job_progress_key, job_stop_key))
        report = pack(name, json.dumps({"owner": job.owner, **state}).encode())

        def exchange(client: Any) -> bool:
            client.set(name, report, ex=PROGRESS_SECONDS)
            asked = unpack(stop_name, read_value(client, stop_name, STOP_BYTES))
            return asked is not None and asked == (job.owner or "").encode()

        stop: bool | None = self._redis.run_on(stop_name, exchange, None)
        return stop

    def stop(self, job: Job) -> None:
        """Ask the worker that has the job to stop: it looks here more often than into the bucket."""
        name = job_stop_key(self._workspace, job.job_id)
        request = pack(name, (job.owner or "").encode())
        self._redis.run(lambda client: client.set(name, request, ex=PROGRESS_SECONDS), None)

    def with_progress(self, job: Job) -> Job:
        """Return the job with the newest progress of its worker; unchanged where Redis has none."""
        if job.status != "running":
            return job
        name = job_progress_key(self._workspace, job.job_id)
        stored = self._redis.run_on(name, lambda client: read_value(client, name, REPORT_BYTES), None)
        report = _parsed_report(unpack(name, stored))
        # A report of a worker that was killed says nothing about the worker that has the job now.
        return job.model_copy(update=dict(report)) if report is not None and report.owner == job.owner else job


class JobRepository:
    """The jobs of a workspace."""

    def __init__(
        self,
        workspace: str,
        documents: Documents,
        progress: JobProgress,
        index: ManifestIndex,
        objects: ObjectStore,
        later: Later | None = None,
    ) -> None:
        """`later` is as for `core.storage.lists.upkeep.Upkeep`."""
        self._workspace = workspace
        self._documents = documents
        self._progress = progress
        self.uncounted = UncountedAttempts()
        self._index = index
        self._order = JobOrder(workspace, objects)
        upkeep = Upkeep(documents, f"{workspace}/index/jobs/lease.json", later)
        self.listed = ListedJobs(workspace, objects, index, self._order, upkeep)

    def create(self, job: Job) -> Job:
        """Store a new job; return the stored one, which is another where its id was taken already."""
        key = _key(self._workspace, job.job_id)
        self._order.add([job])
        stored = Job.model_validate(self._documents.change(key, lambda before: None if before else job.model_dump()))
        if not self._order.is_same(stored, job):
            self._order.remove(job)
        return stored

    def delete(self, job_id: str) -> None:
        """Delete a job."""
        job = None
        with suppress(NewerFormatError, ValueError):  # a job that cannot be read is deleted as well
            job = self.read(job_id, fresh=True)
        self._documents.delete(_key(self._workspace, job_id))
        if job is not None:
            self._order.remove(job)

    def read(self, job_id: str, *, fresh: bool = False) -> Job | None:
        """Return the job with its newest progress, or None. `fresh` reads the bucket itself, not Redis.

        Raises `DamagedDocumentError`.
        """
        if not JOB_ID.fullmatch(job_id):
            return None
        key = _key(self._workspace, job_id)
        document = self._documents.read(key, fresh=fresh)
        return None if document is None else self._progress.with_progress(parse_document(key, Job, document))

    def change(self, job_id: str, edit: Callable[[Job], dict[str, Any] | None]) -> Job | None:
        """Update the newest job as `change_document` does; return None when there is none."""
        if not JOB_ID.fullmatch(job_id):
            return None
        job = change_document(self._documents, _key(self._workspace, job_id), Job, edit)
        if job is not None and job.status == "succeeded":
            self._order.settle(job)
        return job

    def key(self, job_id: str) -> str:
        """Return the key of a job's document."""
        return _key(self._workspace, job_id)

    def with_progress(self, jobs: Sequence[Job]) -> list[Job]:
        """Return the same jobs, the running ones with the newest progress of their workers."""
        return [self._progress.with_progress(job) for job in jobs]

    def report_progress(self, job: Job, **state: Any) -> bool | None:
        """Report the progress of a running job as `JobProgress.report` does."""
        return self._progress.report(job, **state)

    def stop(self, job: Job) -> None:
        """Ask the worker that has the job to stop."""
        self._progress.stop(job)

    def page(self, limit: int, after: str | None = None) -> tuple[list[Job | UnreadableJob], str | None]:
        """Return the `limit` newest jobs after the place `after`, and the last one's place if more follow.

        A place stays one when its job is deleted. A job's id is one as well; raises `LookupError` where there is none.
        """
        place = self._place(after) if after is not None and JOB_ID.fullmatch(after) else after or ""
        if self.listed.prepare():
            places = self._order.job_ids(place)
        else:
            places = (found for found in self.listed.places() if found[1] > place)
        found = list(islice(self._stored(places), limit + 1))
        jobs = [job if isinstance(job, UnreadableJob) else self._progress.with_progress(job) for job, _ in found]
        return jobs[:limit], found[limit - 1][1] if len(found) > limit else None

    def _place(self, job_id: str) -> str:
        job = self.read(job_id)
        if job is None:
            raise LookupError(job_id)
        return entry_of(job)

    def undecided(self, series: str) -> list[Job]:
        """Return the jobs of a series' files that have not succeeded, the newest first."""
        if self.listed.prepare():
            jobs = (job for job, _ in self._stored(self._order.undecided(series)) if isinstance(job, Job))
        else:
            jobs = (job for job in self.list() if self._order.is_of(job, series))
        return self.with_progress([job for job in jobs if job.status != "succeeded"])

    def _stored(self, entries: Iterator[tuple[str, str]]) -> Iterator[tuple[Job | UnreadableJob, str]]:
        """Yield the jobs of these entries, each with its own, without those of entries that lead nowhere."""
        while some := list(islice(entries, READ_TOGETHER)):
            jobs = run_in_threads(self._listed, [job_id for job_id, _ in some], READERS)
            for (_, entry), job in zip(some, jobs, strict=True):
                if isinstance(job, UnreadableJob) or (job is not None and entry == entry_of(job)):
                    yield job, entry

    def _listed(self, job_id: str) -> Job | UnreadableJob | None:
        """Return the job with this id, also where it cannot be read; None where there is none."""
        key = _key(self._workspace, job_id)
        try:
            document = self._documents.read(key)
            return None if document is None else parse_document(key, Job, document)
        except (DamagedDocumentError, NewerFormatError) as error:
            log.error("%s cannot be read: %s", key, error)
            return UnreadableJob(job_id, error.detail)

    def list(self) -> list[Job]:
        """Return every job of the workspace that can be read, the newest first: all of them are read."""
        jobs = []
        for document in self._index.manifests():
            with suppress(NewerFormatError, ValidationError):
                jobs.append(Job.model_validate(document))
        return sorted(jobs, key=entry_of)


def _parsed_report(stored: bytes | None) -> ProgressReport | None:
    """Parse a report; return None where Redis has none, or something else."""
    try:
        return None if stored is None else ProgressReport.model_validate_json(stored)
    except ValidationError:
        return None


def _key(workspace: str, job_id: str) -> str:
    return f"{workspace}/jobs/{job_id}.json"
