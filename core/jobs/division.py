"""Divide a job into tasks that workers carry out side by side, and finish it when all of them are done.

`core.jobs.divided` carries out the tasks.
"""

import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol, TypeVar, runtime_checkable

from core.errors import ConflictError, UnavailableError
from core.jobs.commands import Command
from core.progress import ReportProgress, StoppedError
from core.settings import settings
from core.storage.job_repository import TASKS, Job
from core.storage.leases import free
from core.storage.task_repository import Division
from core.storage.workspace import Workspace
from core.types import Json

C_contra = TypeVar("C_contra", bound=Command, contravariant=True)


class TaskTakenError(ConflictError):
    """Another worker has the task, or one that has to be done before it."""


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

        The output has a key that depends on the job and the number only, and every attempt writes the same bytes.
        Raises `TaskTakenError` where another task, of a lower number, has to be done before.
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


@runtime_checkable
class InTwoSteps(Divided[C_contra], Protocol[C_contra]):
    """Divides a command into tasks of which the last ones, by what all others return, may be needed or not."""

    def needs_last(self, command: C_contra, division: Division, outputs: list[Json]) -> bool:
        """Return whether the last tasks are needed, given the facts of all others.

        Where they are not, `finish` gets the facts of the others alone.
        """


@runtime_checkable
class Comparing(Divided[C_contra], Protocol[C_contra]):
    """Divides a command whose tasks are compared: it goes on without a task, shows standings and has a best so far."""

    def standings(self, division: Division, outputs: Mapping[int, Json]) -> Json:
        """Return `parts` and `standings` of the job, given the facts of the tasks that are done by their number."""

    def give_up(self, workspace: Workspace, division: Division, number: int, why: str, job_id: str) -> Json:
        """Return the facts of a task that broke off every worker, whose output is stored as that of a failed one."""

    def finish_early(
        self,
        workspace: Workspace,
        command: C_contra,
        division: Division,
        outputs: Mapping[int, Json],
        report_progress: ReportProgress,
        job_id: str,
    ) -> Json:
        """Return the best so far of a job that was cancelled, given the facts of the tasks that are done.

        Raises `StoppedError` where there is none.
        """


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
    if job.cancel_requested:
        return _best_so_far(workspace, job, command, how, division, report_progress)
    if division is None:
        planned = how.divide(workspace, command, report_progress, job.job_id)
        if planned is None:
            return None
        division = workspace.tasks.divide(job.job_id, planned)
    missing = workspace.tasks.missing(job.job_id, division)
    if division.first_are_missing(missing):
        return division
    outputs = workspace.tasks.outputs(job.job_id, division, of_first=bool(missing))
    if missing and isinstance(how, InTwoSteps) and how.needs_last(command, division, outputs):
        return division
    return how.finish(workspace, command, division, outputs, report_progress, job.job_id)


def _best_so_far(
    workspace: Workspace,
    job: Job,
    command: Command,
    how: Divided[Any],
    division: Division | None,
    report_progress: ReportProgress,
) -> Json:
    """Return the result of a job that was cancelled; raises `StoppedError` where it has none."""
    if division is None or not isinstance(how, Comparing):
        raise StoppedError("cancelled")
    missing = set(workspace.tasks.missing(job.job_id, division))
    outputs = workspace.tasks.facts(job.job_id, [one for one in range(division.tasks) if one not in missing])
    return how.finish_early(workspace, command, division, outputs, report_progress, job.job_id)


def begin_tasks(workspace: Workspace, job: Job, division: Division, numbers: Sequence[int]) -> None:
    """Give those of these tasks that can begin to the state machine, where there is one, else to the queue."""
    due = division.due(numbers)
    if workspace.state_machine is None:
        workspace.queue.send_tasks(workspace.name, job.job_id, due)
    else:
        step = 1 if division.first_are_missing(due) else 2
        workspace.state_machine.send_tasks(workspace.name, job.job_id, due, division.task_seconds, step)


def with_tasks(progress: Json) -> Json:
    """Return the fields of a job whose tasks are carried out: until all are done it belongs to no single worker."""
    lease = {**free(attempts=0), "owner": TASKS, "leased_until": time.time() + settings().job_lease_seconds}
    return {"status": "running", **lease, **progress}


def progress_of_tasks(
    workspace: Workspace, job_id: str, how: Divided[Any], division: Division, missing: Collection[int]
) -> Json:
    """Return the progress of a job of which these tasks are missing; its standings, where the tasks are compared."""
    done = division.tasks - len(missing)
    progress: Json = {"stage": f"{done} of {division.tasks} tasks", "progress": round(done / division.tasks, 3)}
    if not isinstance(how, Comparing):
        return {**progress, "parts": {}, "standings": []}
    outputs = workspace.tasks.facts_so_far(job_id, sorted(set(range(division.tasks)).difference(missing)))
    return {**progress, **how.standings(division, outputs)}


def forget_tasks(workspace: Workspace, job: Job | None) -> None:
    """Delete what belongs to the tasks of a job that has a result; the janitor deletes the rest."""
    if job is not None and job.result is not None:
        with suppress(UnavailableError):
            workspace.tasks.delete(job.job_id)
