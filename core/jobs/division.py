"""Divide a job into tasks that workers carry out side by side, and finish it when all of them are done.

`core.jobs.divided` carries out the tasks.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar

from core.jobs.commands import Command
from core.progress import ReportProgress
from core.settings import settings
from core.storage.job_repository import TASKS, Job
from core.storage.leases import free
from core.storage.task_repository import Division
from core.storage.workspace import Workspace
from core.types import Json

C_contra = TypeVar("C_contra", bound=Command, contravariant=True)


class Divided(Protocol[C_contra]):
    """Divides one type of command into tasks."""

    def divide(
        self, workspace: Workspace, command: C_contra, report_progress: ReportProgress, job_id: str
    ) -> Division | None:
        """Return how the command is divided, with what must not change meanwhile; None where it is too small."""

    def run_task(
        self,
        workspace: Workspace,
        command: C_contra,
        division: Division,
        number: int,
        report_progress: ReportProgress,
        job_id: str,
    ) -> Json:
        """Carry out one task, store its output, and return a few facts for `finish`.

        The output has a key that depends on the job and the number only, and its bytes are those of every other attempt.
        """

    def finish(
        self,
        workspace: Workspace,
        command: C_contra,
        division: Division,
        outputs: list[Json],
        report_progress: ReportProgress,
        job_id: str,
    ) -> Json:
        """Return the result of the job, given the facts of all tasks in their order."""


# By type of command how it is divided: `core.services.handlers.DIVIDED`.
DividedCommands = Mapping[type[Command], Divided[Any]]
NOT_DIVIDED: DividedCommands = {}


def divided_result(
    workspace: Workspace, job: Job, command: Command, how: Divided[Any], report_progress: ReportProgress
) -> Json | Division | None:
    """Return the result of a job whose tasks are all done; its division where they are now given to the queue.

    None where the job is too small to be divided.
    """
    division = workspace.tasks.division(job.job_id)
    if division is None:
        planned = how.divide(workspace, command, report_progress, job.job_id)
        if planned is None:
            return None
        division = workspace.tasks.divide(job.job_id, planned)
    missing = workspace.tasks.missing(job.job_id, division)
    if not missing:
        outputs = workspace.tasks.outputs(job.job_id, division)
        return how.finish(workspace, command, division, outputs, report_progress, job.job_id)
    return division


def begin_tasks(workspace: Workspace, job: Job, numbers: Sequence[int]) -> None:
    """Give these tasks of a job to the engine that carries them out: a state machine, or the queue."""
    workspace.engine.send_tasks(workspace.name, job.job_id, numbers)


def with_tasks(done: int, division: Division) -> Json:
    """Return the fields of a job whose tasks are carried out: until all are done it belongs to no single worker."""
    lease = {**free(attempts=0), "owner": TASKS, "leased_until": time.time() + settings().job_lease_seconds}
    return {**lease, **progress_of_tasks(done, division)}


def progress_of_tasks(done: int, division: Division) -> Json:
    """Return the progress of a job of whose tasks so many are done."""
    stage = f"{done} of {division.tasks} tasks"
    return {"stage": stage, "progress": round(done / division.tasks, 3), "parts": {}, "standings": []}
