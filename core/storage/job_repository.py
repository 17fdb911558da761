"""Jobs: a document a job in the bucket, which is the truth, and in Redis how far a running one is.

The bucket has the order from the start and hears how far the work is every few seconds; Redis hears it at once. So
nothing is lost with Redis but the last few seconds of progress.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any, Literal

from pydantic import Field

from core.storage.dataset_repository import FILE_ID
from core.storage.documents import Documents
from core.storage.leases import Leased, change_leased
from core.storage.manifest_index import ManifestIndex
from core.storage.redis.redis_client import SharedState
from core.types import Json

JOB_ID = FILE_ID
LIVE_SECONDS = 3600

Status = Literal["queued", "running", "succeeded", "failed", "cancelled"]


class Job(Leased):
    """What was ordered, how far it is, and how it ended."""

    format: Literal[1] = 1
    job_id: str
    # Key of `core.jobs.commands.COMMANDS`.
    kind: str
    order: dict[str, Any]
    # Digest of the command, to see whether an Idempotency-Key is used for another one.
    fingerprint: str
    # False where the caller waits for the answer: then no queue has it.
    deferred: bool
    status: Status = "queued"
    stage: str = "queued"
    progress: float = 0.0
    # How far each model is that the job trains, by name.
    parts: dict[str, float] = Field(default_factory=dict)
    # Of a job that compares models how each does so far, as `core.progress.TrialStatus`, the best first.
    standings: list[dict[str, Any]] = Field(default_factory=list)
    created_at: str
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
        """Whether nothing will happen to it any more, unless somebody asks for a retry."""
        return self.status in ("succeeded", "failed", "cancelled")

    @property
    def is_interrupted(self) -> bool:
        """Whether a worker took it, and time ran out without a word from it."""
        return self.status == "running" and not self.is_leased


class JobStore:
    """The jobs of every workspace."""

    def __init__(self, documents: Documents, shared: SharedState, index: ManifestIndex) -> None:
        self._documents = documents
        self._shared = shared
        self._index = index

    def create(self, workspace: str, job: Job) -> Job:
        """Store a new job; returns what is stored, which is another one where its id was taken already."""
        key = _key(workspace, job.job_id)
        return Job.model_validate(self._documents.change(key, lambda before: None if before else job.model_dump()))

    def delete(self, workspace: str, job_id: str) -> None:
        """Forget a job."""
        self._documents.delete(_key(workspace, job_id))

    def read(self, workspace: str, job_id: str, *, fresh: bool = False) -> Job | None:
        """The job as far as is known, or None. `fresh` asks the bucket itself: for acting on, not for showing."""
        if not JOB_ID.fullmatch(job_id):
            return None
        document = self._documents.read(_key(workspace, job_id), fresh=fresh)
        return None if document is None else self._live(workspace, Job.model_validate(document))

    def change(self, workspace: str, job_id: str, edit: Callable[[Job], dict[str, Any] | None]) -> Job | None:
        """Update the newest job as `change_leased` does; None when there is none."""
        if not JOB_ID.fullmatch(job_id):
            return None
        return change_leased(self._documents, _key(workspace, job_id), Job, edit)

    def live(self, workspace: str, jobs: Sequence[Job]) -> list[Job]:
        """The same jobs, the running ones as far as Redis has heard."""
        return [self._live(workspace, job) for job in jobs]

    def report_progress(self, workspace: str, job: Job, **state: Any) -> bool:
        """Let Redis know how far a running job is: `stage`, `progress`, `parts`, `standings`.

        Returns whether its worker is asked to stop.
        """
        told = json.dumps({"owner": job.owner, **state})
        name = _live_key(workspace, job.job_id)

        def exchange(client: Any) -> bool:
            pipeline = client.pipeline(transaction=False)
            pipeline.set(name, told, ex=LIVE_SECONDS)
            pipeline.get(f"{name}:stop")
            return bool(pipeline.execute()[1] == (job.owner or "").encode())

        return bool(self._shared.ask(exchange, False))

    def stop(self, workspace: str, job: Job) -> None:
        """Ask the worker that has the job to stop, by Redis: sooner than it would see it in the bucket."""
        name = f"{_live_key(workspace, job.job_id)}:stop"
        self._shared.ask(lambda client: client.set(name, job.owner or "", ex=LIVE_SECONDS), None)

    def list(self, workspace: str) -> list[Job]:
        """Every job of the workspace, the newest first."""
        jobs = map(Job.model_validate, self._index.manifests(workspace))
        return sorted(jobs, key=lambda job: (job.created_at, job.job_id), reverse=True)

    def _live(self, workspace: str, job: Job) -> Job:
        if job.status != "running":
            return job
        told = self._shared.ask(lambda client: client.get(_live_key(workspace, job.job_id)), None)
        heard: Json = json.loads(told) if told else {}
        # Of the worker that has it now, not of one that was killed.
        return job.model_copy(update=heard) if heard.get("owner") == job.owner else job


def _key(workspace: str, job_id: str) -> str:
    return f"{workspace}/jobs/{job_id}.json"


def _live_key(workspace: str, job_id: str) -> str:
    return f"regatta:{workspace}:job:{job_id}"
