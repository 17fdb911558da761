"""The register of jobs that were given to a queue and are not over: an empty object each.

Listing it costs one request, however many jobs there ever were. Where the message of a job is lost, its entry is left,
and by it the job is found. A killed process may leave the entry of a job that is over; whoever finds it removes it.
"""

import re
from dataclasses import dataclass

from core.access.workspace_names import is_workspace_name
from core.storage.s3.object_store import ObjectStore

FOLDER = "queue/"
OPEN_JOB_KEY = re.compile(rf"{FOLDER}(?P<workspace>[^/]+)/(?P<job_id>[0-9a-z]+)")


@dataclass(frozen=True)
class OpenJob:
    """One entry; `added` is when it was written (seconds since 1970)."""

    workspace: str
    job_id: str
    added: float


class OpenJobs:
    """The register of all workspaces."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def add(self, workspace: str, job_id: str) -> None:
        """Add a job, or one that is in it again."""
        self._objects.put(_key(workspace, job_id), b"")

    def remove(self, workspace: str, job_id: str) -> None:
        """Remove a job that is over, or gone."""
        self._objects.delete([_key(workspace, job_id)])

    def list(self, workspace: str | None = None) -> list[OpenJob]:
        """Return all jobs, or those of one workspace, the one that was added first at the beginning."""
        prefix = FOLDER if workspace is None else f"{FOLDER}{workspace}/"
        found = ((OPEN_JOB_KEY.fullmatch(item.key), item.modified) for item in self._objects.list(prefix))
        jobs = [OpenJob(match["workspace"], match["job_id"], added) for match, added in found if match]
        named = [job for job in jobs if is_workspace_name(job.workspace)]
        return sorted(named, key=lambda job: (job.added, job.job_id))


def _key(workspace: str, job_id: str) -> str:
    return f"{FOLDER}{workspace}/{job_id}"
