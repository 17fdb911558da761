"""The function of tasks as an emulator of Lambda runs it, and what it may be told to do there.

It has a command that divides into tasks of one line each, and an export of which a chunk may be killed.
"""

import hashlib
import os
import signal
import time
from typing import Any

from core.errors import TargetError
from core.jobs.commands import COMMANDS, Command, ExportTableCommand
from core.progress import ReportProgress
from core.services.handlers import DIVIDED, HANDLERS
from core.services.table_prediction.divided import DividedExport
from core.storage.s3.object_store import MissingObjectError
from core.storage.task_repository import Division
from core.storage.workspace import Workspace
from core.types import Json
from functions.tasks.handler import handler

__all__ = ["handler"]


class LinesCommand(Command):
    """Write so many lines, each in a task.

    One may be refused once, or wait until the test releases it.
    """

    kind = "lines"

    tasks: int
    refused: int = -1
    waiting: int = -1


class Lines:
    """How a `LinesCommand` is divided."""

    def divide(
        self, workspace: Workspace, command: LinesCommand, report_progress: ReportProgress, job_id: str
    ) -> Division | None:
        """Return a task for each line."""
        return Division(tasks=command.tasks, facts={})

    def run_task(
        self,
        workspace: Workspace,
        command: LinesCommand,
        division: Division,
        number: int,
        report_progress: ReportProgress,
        job_id: str,
    ) -> Json:
        """Store one line; refuse it the first time, or wait before it, where the command says so."""
        is_first = _begin(workspace, job_id, number)
        if number == command.refused and is_first:
            raise TargetError("The target is text.", [{"field": "target_column", "message": "not numeric"}])
        while number == command.waiting and not exists(workspace, release_key(workspace, job_id)):
            report_progress("waiting", 0.5)
            time.sleep(0.05)
        workspace.objects.put(workspace.tasks.output_key(job_id, number, "txt"), line(number))
        return {"bytes": len(line(number))}

    def finish(
        self,
        workspace: Workspace,
        command: LinesCommand,
        division: Division,
        outputs: list[Json],
        report_progress: ReportProgress,
        job_id: str,
    ) -> Json:
        """Return the digest of all lines together."""
        keys = [workspace.tasks.output_key(job_id, number, "txt") for number in range(division.tasks)]
        return digest([workspace.objects.get(key) for key in keys])


class KilledExport(DividedExport):
    """The export, of which a chunk ends its process once, halfway, where an object in the bucket says so."""

    def run_task(
        self,
        workspace: Workspace,
        command: ExportTableCommand,
        division: Division,
        number: int,
        report_progress: ReportProgress,
        job_id: str,
    ) -> Json:
        """Write and store one part of the file, or end this process."""
        key = kill_key(workspace, job_id, number)

        def report_or_die(stage: str, share: float, *more: Any) -> None:
            if share > 0 and exists(workspace, key):
                workspace.objects.delete([key])
                os.kill(os.getpid(), signal.SIGKILL)
            report_progress(stage, share, *more)

        return super().run_task(workspace, command, division, number, report_or_die, job_id)


def let_exports_be_killed() -> None:
    """Let this process carry out exports by `KilledExport`."""
    DIVIDED.loaders[ExportTableCommand] = KilledExport


def kill_key(workspace: Workspace, job_id: str, number: int) -> str:
    """Return the key of the object that says that a chunk of a job is killed; the chunk deletes it."""
    return f"{workspace.tasks.folder(job_id)}kill/{number}"


def line(number: int) -> bytes:
    """Return the line of a task."""
    return f"{number},{number * number}\n".encode()


def digest(lines: list[bytes]) -> Json:
    """Return the result of a job with these lines."""
    return {"sha256": hashlib.sha256(b"".join(lines)).hexdigest()}


def whole(workspace: Workspace, command: LinesCommand, report_progress: ReportProgress, job_id: str) -> Json:
    """Carry out the command on one machine."""
    return digest([line(number) for number in range(command.tasks)])


def release_key(workspace: Workspace, job_id: str) -> str:
    """Return the key of the object that releases a waiting task of a job."""
    return f"{workspace.tasks.folder(job_id)}released"


def exists(workspace: Workspace, key: str) -> bool:
    """Return whether there is an object."""
    try:
        workspace.objects.head(key)
    except MissingObjectError:
        return False
    return True


def _begin(workspace: Workspace, job_id: str, number: int) -> bool:
    """Return whether this is the first attempt at a task, and note that there was one."""
    key = workspace.tasks.output_key(job_id, number, "begun")
    is_first = not exists(workspace, key)
    workspace.objects.put(key, b"")
    return is_first


COMMANDS[LinesCommand.kind] = LinesCommand
HANDLERS.loaders[LinesCommand] = lambda: whole
DIVIDED.loaders[LinesCommand] = Lines
