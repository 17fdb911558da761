"""The jobs that wait in the bucket itself, where there is no SQS."""

import json
import re
import threading
from collections import Counter
from collections.abc import Iterator, Sequence

from core.access.workspace_names import is_workspace_name
from core.storage.job_messages import JOB_ID, UNREADABLE, DeadLetter, QueueState
from core.storage.open_jobs import FOLDER, OpenJobs
from core.storage.redis.division_token import DivisionToken
from core.storage.redis.redis_client import RedisClient
from core.storage.s3.object_store import MissingObjectError, ObjectStore

# A dead letter.
DEAD_KEY = re.compile(rf"{FOLDER}(?P<workspace>[^/]+)/(?P<job_id>{JOB_ID.pattern})\.dead")
# After so many failures that no job document has recorded, a job is a dead letter.
MOST_FAILURES = 5


class BucketQueue:
    """The jobs that wait: an empty object each.

    The servers carry them out. Nothing is received or hidden as in SQS: a server tries one job after the other, and
    the leases of the jobs say which are free.
    """

    def __init__(self, objects: ObjectStore, redis: RedisClient) -> None:
        self._objects = objects
        self.open_jobs = OpenJobs(objects)
        self.divisions = DivisionToken(redis)
        # Set when this process adds a job, so that its worker need not poll.
        self.arrived = threading.Event()
        # By job how often it failed in this process without a record in its document.
        self._failures: Counter[tuple[str, str]] = Counter()

    def send(self, workspace: str, job_id: str) -> None:
        """Add the job, so that a server takes it."""
        self.open_jobs.add(workspace, job_id)
        self.arrived.set()

    def send_tasks(self, workspace: str, job_id: str, numbers: Sequence[int]) -> None:
        """Let the servers look at a job that waits, those without work too: they find its tasks by themselves."""
        self.send(workspace, job_id)
        self.divisions.change()

    def waiting(self) -> list[tuple[str, str]]:
        """Return workspace and id of the jobs that wait or are worked on, the one that was added first at the start."""
        return [(job.workspace, job.job_id) for job in self.open_jobs.list()]

    def remove(self, workspace: str, job_id: str) -> None:
        """Remove a job that is over."""
        self._failures.pop((workspace, job_id), None)
        self.open_jobs.remove(workspace, job_id)

    def count_failure(self, workspace: str, job_id: str, reason: str) -> None:
        """Count a failure that the job's document could not record; after several the job is given up."""
        self._failures[workspace, job_id] += 1
        if self._failures[workspace, job_id] >= MOST_FAILURES:
            self.give_up(workspace, job_id, reason)

    def give_up(self, workspace: str, job_id: str, reason: str) -> None:
        """Make a dead letter of the job, with the reason."""
        letter = {"workspace": workspace, "job_id": job_id, "reason": reason}
        self._objects.put(f"{FOLDER}{workspace}/{job_id}.dead", json.dumps(letter).encode(), "application/json")
        self.remove(workspace, job_id)

    def state(self) -> QueueState:
        """Count as `SqsQueue.state` does. `depth` includes jobs that are worked on."""
        dead = sum(1 for _ in self._dead_keys())
        return {"depth": len(self.waiting()), "in_flight": 0, "dead_letters": dead}

    def dead_letters(self) -> list[DeadLetter]:
        """Return the jobs that were given up."""
        letters = []
        for match in self._dead_keys():
            if is_workspace_name(match["workspace"]):
                body = json.dumps({"workspace": match["workspace"], "job_id": match["job_id"]})
                letters.append(DeadLetter(body, match.string, MOST_FAILURES, self._reason(match.string)))
        return letters

    def _dead_keys(self) -> Iterator[re.Match[str]]:
        """Yield the keys of dead letters. One whose job is in the queue still, or again, is none.

        A job that began anew before it had left the queue would leave it then.
        """
        before = ""
        for item in self._objects.list(FOLDER):
            match = DEAD_KEY.fullmatch(item.key)
            if match and item.key != f"{before}.dead":
                yield match
            before = item.key

    def delete_dead_letter(self, letter: DeadLetter) -> None:
        """Delete a dead letter."""
        self._objects.delete([letter.receipt])

    def _reason(self, key: str) -> str | None:
        try:
            reason = json.loads(self._objects.get(key))["reason"]
        except (MissingObjectError, *UNREADABLE):
            return None
        return str(reason)
