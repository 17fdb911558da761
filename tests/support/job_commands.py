"""Commands for tests of jobs, with quick handlers that a test starts, releases and counts."""

import errno
from collections.abc import Callable
from threading import Event

import pytest
from pydantic import ConfigDict

from core.errors import TargetError, UnavailableError
from core.jobs.commands import COMMANDS, Command
from core.progress import ReportProgress
from core.services.handlers import HANDLERS
from core.types import Json

ERRORS: dict[str, Callable[[], BaseException]] = {
    "fault": lambda: ZeroDivisionError("secret"),
    "refusal": lambda: TargetError("The target is text.", [{"field": "target_column", "message": "not numeric"}]),
    "outage": lambda: UnavailableError("The object store did not answer."),
    "full": lambda: OSError(errno.ENOSPC, "No space left on device", "/data/tmp/table"),
    "kill": SystemExit,
}


class StepsCommand(Command):
    """Report progress `steps` times. It may have the fields of other commands as well."""

    kind = "steps"
    model_config = ConfigDict(extra="allow")

    steps: int = 1


class WaitingCommand(Command):
    """Wait until the test releases the probe, and report progress meanwhile."""

    kind = "waiting"


class UnresponsiveCommand(Command):
    """Wait until the test releases the probe, and report nothing."""

    kind = "unresponsive"


class FailingCommand(Command):
    """Raise these errors, one a call, and then succeed."""

    kind = "failing"

    errors: list[str]


class JobProbe:
    """Counts the calls of handlers, shows that one has started, and releases those that wait."""

    def __init__(self) -> None:
        self.calls = 0
        self.started, self.released = Event(), Event()


probe = JobProbe()


def steps(workspace: str, command: StepsCommand, report_progress: ReportProgress, job_id: str | None) -> Json:
    """Report progress as often as the command says, and return the number of calls."""
    probe.calls += 1
    for step in range(command.steps):
        report_progress(f"step {step}", step / command.steps, {"a": 0.5})
    return {"calls": probe.calls}


def waiting(workspace: str, command: WaitingCommand, report_progress: ReportProgress, job_id: str | None) -> Json:
    """Report progress until the job is stopped or the test releases the probe."""
    probe.calls += 1
    probe.started.set()
    while not probe.released.wait(0.02):
        report_progress("waiting", 0.5)
    report_progress("done", 1.0)
    return {"calls": probe.calls}


def unresponsive(
    workspace: str, command: UnresponsiveCommand, report_progress: ReportProgress, job_id: str | None
) -> Json:
    """Report nothing until the test releases the probe."""
    probe.started.set()
    probe.released.wait(300)
    report_progress("done", 1.0)
    return {}


def failing(workspace: str, command: FailingCommand, report_progress: ReportProgress, job_id: str | None) -> Json:
    """Raise the errors of the command, one a call, and then succeed."""
    probe.calls += 1
    if probe.calls <= len(command.errors):
        raise ERRORS[command.errors[probe.calls - 1]]()
    return {"calls": probe.calls}


def install_commands(monkeypatch: pytest.MonkeyPatch) -> JobProbe:
    """Register the commands and their handlers for a test, and return a fresh probe."""
    global probe  # noqa: PLW0603
    probe = JobProbe()
    handlers = {
        StepsCommand: steps,
        WaitingCommand: waiting,
        UnresponsiveCommand: unresponsive,
        FailingCommand: failing,
    }
    for command, handler in handlers.items():
        monkeypatch.setitem(COMMANDS, command.kind, command)
        monkeypatch.setitem(HANDLERS, command, handler)
    return probe
