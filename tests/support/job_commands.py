"""Commands for the tests of jobs, with handlers that are quick and under the test's thumb."""

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
    "kill": SystemExit,
}


class StepsCommand(Command):
    """Report progress so many times. It may have the fields of other commands as well."""

    kind = "steps"
    model_config = ConfigDict(extra="allow")

    steps: int = 1


class WaitingCommand(Command):
    """Wait for the test, and report progress meanwhile."""

    kind = "waiting"


class DeafCommand(Command):
    """Wait for the test, and report nothing."""

    kind = "deaf"


class FailingCommand(Command):
    """Raise these errors, one a call, and then succeed."""

    kind = "failing"

    errors: list[str]


class Scene:
    """What the work of a test waits for and has seen."""

    def __init__(self) -> None:
        self.calls = 0
        self.begun, self.go_on = Event(), Event()


scene = Scene()


def steps(workspace: str, command: StepsCommand, report_progress: ReportProgress, job_id: str | None) -> Json:
    """Reports progress as often as the command says, and returns how often it was called."""
    scene.calls += 1
    for step in range(command.steps):
        report_progress(f"step {step}", step / command.steps, {"a": 0.5})
    return {"calls": scene.calls}


def waiting(workspace: str, command: WaitingCommand, report_progress: ReportProgress, job_id: str | None) -> Json:
    """Begins, waits for the test, reports progress until it is stopped or the test lets it end."""
    scene.calls += 1
    scene.begun.set()
    while not scene.go_on.wait(0.02):
        report_progress("waiting", 0.5)
    report_progress("done", 1.0)
    return {"calls": scene.calls}


def deaf(workspace: str, command: DeafCommand, report_progress: ReportProgress, job_id: str | None) -> Json:
    """Reports nothing until the test lets it go on."""
    scene.begun.set()
    scene.go_on.wait(10)
    report_progress("done", 1.0)
    return {}


def failing(workspace: str, command: FailingCommand, report_progress: ReportProgress, job_id: str | None) -> Json:
    """Raises the errors of the command, one a call, and then succeeds."""
    scene.calls += 1
    if scene.calls <= len(command.errors):
        raise ERRORS[command.errors[scene.calls - 1]]()
    return {"calls": scene.calls}


def install(monkeypatch: pytest.MonkeyPatch) -> Scene:
    """Let these be kinds of jobs; returns a fresh scene."""
    global scene  # noqa: PLW0603
    scene = Scene()
    handlers = {StepsCommand: steps, WaitingCommand: waiting, DeafCommand: deaf, FailingCommand: failing}
    for command, handler in handlers.items():
        monkeypatch.setitem(COMMANDS, command.kind, command)
        monkeypatch.setitem(HANDLERS, command, handler)
    return scene
