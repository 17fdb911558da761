"""The tasks of divided jobs: how each job was divided, who works on which task, and what its tasks have stored.

Below `{workspace}/tasks/{job_id}/` are `division.json`, below `leases/` a lease for each task that a worker took, below
`done/` a marker for each task that is done, with its facts, and below `output/` what the tasks have made. A task may be
carried out twice at the same time: both write the same bytes under the same key.
"""

import json
import random
import time
from collections.abc import Collection, Sequence
from functools import partial
from typing import Literal

from core.context_threads import run_in_threads
from core.errors import ConflictError, UnavailableError
from core.storage.documents import Documents
from core.storage.leases import (
    Leased,
    UncountedAttempts,
    change_document,
    if_owned,
    parse_document,
    without_attempt,
)
from core.storage.s3.object_store import MissingObjectError, ObjectStore
from core.storage.signing import Subject, authenticate, is_authentic
from core.stored_document import DamagedDocumentError, FormattedDocument
from core.types import Json

# How many markers are read at a time.
READERS = 16
# Of how many jobs a process keeps the facts of tasks.
JOBS_KNOWN = 4
# A task that failed for a while waits for up to so many seconds, twice as many with each failure.
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 2.0, 60.0


class Division(FormattedDocument):
    """How a job is divided: the number of its tasks, from 0 on, and the facts that stay as they are for all of them.

    `code` says that a process of this deployment divided it, since the facts decide what is read.
    `task_seconds` is how long one task is expected to take; 0 where that is not known. The `last` tasks, if there are
    any, begin when all others are done.
    """

    format: Literal[1] = 1
    tasks: int
    facts: Json
    task_seconds: float = 0.0
    last: int = 0
    code: str = ""

    @property
    def content(self) -> bytes:
        """Return what the code covers."""
        return json.dumps([self.tasks, self.facts, *([self.last] if self.last else [])], sort_keys=True).encode()

    @property
    def first(self) -> int:
        """Return how many tasks can begin at once: those with the numbers below."""
        return self.tasks - self.last

    def first_are_missing(self, missing: Sequence[int]) -> bool:
        """Return whether one of the first tasks is not done, given in order the numbers of those that are not."""
        return bool(missing) and missing[0] < self.first

    def due(self, missing: Sequence[int]) -> list[int]:
        """Return which of the tasks that are not done can begin now."""
        return [number for number in missing if number < self.first] or list(missing)


class TaskLease(Leased):
    """The lease of a task. `failures` counts the attempts that storage ended, which are not among the `attempts`."""

    format: Literal[1] = 1
    failures: int = 0


class TaskRepository:
    """The tasks of a workspace's divided jobs."""

    def __init__(self, workspace: str, objects: ObjectStore, documents: Documents) -> None:
        self._workspace = workspace
        self._objects = objects
        self._documents = documents
        # By job the facts of the tasks whose markers this process has read.
        self._known: dict[str, dict[int, Json]] = {}
        self._uncounted = UncountedAttempts()

    def folder(self, job_id: str) -> str:
        """Return the prefix of everything that belongs to the tasks of a job."""
        return f"{self._workspace}/tasks/{job_id}/"

    def division(self, job_id: str) -> Division | None:
        """Return how a job was divided; None where it was not.

        Raises `DamagedDocumentError`, also for a division that this deployment did not store.
        """
        key = f"{self.folder(job_id)}division.json"
        document = self._documents.read(key, fresh=True)
        if document is None:
            return None
        division = parse_document(key, Division, document)
        if not is_authentic(division.code, self._subject(job_id), division.content):
            raise DamagedDocumentError(f"{key} was not stored by this service. Send the request again.")
        return division

    def divide(self, job_id: str, division: Division) -> Division:
        """Store how a job is divided, unless it was divided before; return the division that is stored."""
        key = f"{self.folder(job_id)}division.json"
        code = authenticate(self._subject(job_id), division.content)
        stored = division.model_copy(update={"code": code}).model_dump()
        return Division.model_validate(self._documents.change(key, lambda before: None if before else stored))

    def take(self, job_id: str, number: int, owner: str, seconds: float) -> TaskLease:
        """Give `owner` the lease of a task for so many seconds; raises `ConflictError` while another worker has it."""
        self._uncounted.take_off()

        def edit(document: Json | None) -> Json | None:
            lease = TaskLease() if document is None else parse_document(key, TaskLease, document)
            taken = lease.lease(f"The task {number} of the job {job_id}", owner, seconds)
            return lease.model_copy(update=taken).model_dump()

        key = self._lease_key(job_id, number)
        return TaskLease.model_validate(self._documents.change(key, edit))

    def renew(self, job_id: str, number: int, owner: str, seconds: float) -> None:
        """Let a lease end so many seconds from now, unless another worker has it by now."""
        self._change_lease(job_id, number, owner, {"leased_until": time.time() + seconds})

    def give_back(self, job_id: str, number: int, lease: TaskLease, *, blameless: bool, failed: bool = False) -> None:
        """End a lease of a task that is not done; a `blameless` attempt does not count.

        A task that `failed` waits before the next worker may take it, for a random time (full jitter). Where storage
        does not answer now, a blameless attempt is taken off the count before this process takes its next task.
        """
        failures = lease.failures + failed
        wait = random.uniform(0, min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2**failures)) if failed else 0  # noqa: S311
        fields: Json = {
            "owner": None,
            "leased_until": time.time() + wait,
            "attempts": lease.attempts - blameless,
            "failures": failures,
        }
        try:
            self._change_lease(job_id, number, lease.owner, fields)
        except UnavailableError:
            if blameless:
                key, edit = self._lease_key(job_id, number), partial(without_attempt, owner=lease.owner)
                self._uncounted.add(partial(change_document, self._documents, key, TaskLease, edit))
            raise

    def forget_attempts(self, job_id: str, number: int) -> None:
        """Remove the lease of a task that has ended its job: in a retry the task has all its attempts."""
        self._documents.delete(self._lease_key(job_id, number))

    def mark_done(self, job_id: str, number: int, facts: Json) -> None:
        """Note that a task is done, with the facts that it returned."""
        self._objects.put(self._marker_key(job_id, number), json.dumps(facts).encode(), "application/json")

    def is_done(self, job_id: str, number: int) -> bool:
        """Return whether a task is done."""
        try:
            self._objects.head(self._marker_key(job_id, number))
        except MissingObjectError:
            return False
        return True

    def missing(self, job_id: str, division: Division) -> list[int]:
        """Return the numbers of the tasks that are not done, in their order."""
        done = {_number(item.key) for item in self._objects.list(f"{self.folder(job_id)}done/")}
        return [number for number in range(division.tasks) if number not in done]

    def worked_on(self, job_id: str, seconds: float) -> set[int]:
        """Return the numbers of the tasks whose lease was taken or renewed in the last `seconds`.

        A lease that was written later than now counts no more than one of the past: the clock was set back since.
        """
        leases = self._objects.list(f"{self.folder(job_id)}leases/")
        return {_number(item.key) for item in leases if abs(time.time() - item.modified) < seconds}

    def outputs(self, job_id: str, division: Division, *, of_first: bool = False) -> list[Json]:
        """Return the facts of all tasks in their order, or `of_first` tasks alone; raises what `facts` raises."""
        return list(self.facts(job_id, range(division.first if of_first else division.tasks)).values())

    def facts(self, job_id: str, numbers: Sequence[int]) -> dict[int, Json]:
        """Return the facts of these tasks by their numbers; raises `MissingObjectError` where one is not done."""

        def read(number: int) -> Json:
            try:
                facts: Json = json.loads(self._objects.get(self._marker_key(job_id, number)))
            except ValueError as error:
                raise DamagedDocumentError(f"The marker of task {number} of the job {job_id} is no JSON.") from error
            return facts

        return dict(zip(numbers, run_in_threads(read, numbers, READERS), strict=True))

    def facts_so_far(self, job_id: str, numbers: Sequence[int]) -> dict[int, Json]:
        """Return what `facts` does, but read each marker once in this process: for what is shown of a running job."""
        known = self._known.get(job_id, {})
        known = known | self.facts(job_id, [number for number in numbers if number not in known])
        others = [(other, facts) for other, facts in self._known.items() if other != job_id]
        self._known = {**dict(others[1 - JOBS_KNOWN :]), job_id: known}
        return {number: known[number] for number in numbers}

    def output_key(self, job_id: str, number: int, ending: str) -> str:
        """Return the key of what a task stores, which depends on its number only."""
        return f"{self.folder(job_id)}output/{number:06}.{ending}"

    def delete(self, job_id: str, but: Collection[str] = ()) -> None:
        """Delete everything that belongs to the tasks of a job, without the keys `but`."""
        self._objects.delete([item.key for item in self._objects.list(self.folder(job_id)) if item.key not in but])

    def _change_lease(self, job_id: str, number: int, owner: str | None, fields: Json) -> None:
        try:
            change_document(self._documents, self._lease_key(job_id, number), TaskLease, if_owned(owner, fields))
        except ConflictError:
            return  # it ends by itself

    def _subject(self, job_id: str) -> Subject:
        return Subject("division", self._workspace, job_id)

    def _lease_key(self, job_id: str, number: int) -> str:
        return f"{self.folder(job_id)}leases/{number:06}.json"

    def _marker_key(self, job_id: str, number: int) -> str:
        return f"{self.folder(job_id)}done/{number:06}.json"


def _number(key: str) -> int:
    """Return the number of the task whose lease or marker has this key."""
    return int(key.rpartition("/")[2].partition(".")[0])
