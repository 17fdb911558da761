"""Kinds of jobs for the tests: quick, and under the test's thumb."""

from collections.abc import Callable
from threading import Event

import pytest

from core.errors import TargetError, UnavailableError
from core.jobs.service import KINDS
from core.progress import ReportProgress
from core.types import Json

ERRORS: dict[str, Callable[[], BaseException]] = {
    "fault": lambda: ZeroDivisionError("secret"),
    "refusal": lambda: TargetError("The target is text.", [{"field": "target_column", "message": "not numeric"}]),
    "outage": lambda: UnavailableError("The object store did not answer."),
    "kill": SystemExit,
}


class Scene:
    """What the work of a test waits for and has seen."""

    def __init__(self) -> None:
        self.calls = 0
        self.begun, self.go_on = Event(), Event()


scene = Scene()


def steps(workspace: str, order: Json, report_progress: ReportProgress, job_id: str | None) -> Json:
    """Tells as often as ordered, and answers with how often it was called."""
    scene.calls += 1
    for step in range(order.get("steps", 1)):
        report_progress(f"step {step}", step / order.get("steps", 1), {"a": 0.5})
    return {"calls": scene.calls}


def waiting(workspace: str, order: Json, report_progress: ReportProgress, job_id: str | None) -> Json:
    """Begins, waits for the test, tells until it is stopped or the test lets it end."""
    scene.calls += 1
    scene.begun.set()
    while not scene.go_on.wait(0.02):
        report_progress("waiting", 0.5)
    report_progress("done", 1.0)
    return {"calls": scene.calls}


def deaf(workspace: str, order: Json, report_progress: ReportProgress, job_id: str | None) -> Json:
    """Never tells, until the test lets it go on."""
    scene.begun.set()
    scene.go_on.wait(10)
    report_progress("done", 1.0)
    return {}


def failing(workspace: str, order: Json, report_progress: ReportProgress, job_id: str | None) -> Json:
    """Raises the ordered errors, one a call, and then succeeds."""
    scene.calls += 1
    names = order["errors"]
    if scene.calls <= len(names):
        raise ERRORS[names[scene.calls - 1]]()
    return {"calls": scene.calls}


def install(monkeypatch: pytest.MonkeyPatch) -> Scene:
    """Let these be kinds of jobs; returns a fresh scene."""
    global scene  # noqa: PLW0603
    scene = Scene()
    for work in (steps, waiting, deaf, failing):
        monkeypatch.setitem(KINDS, work.__name__, f"{__name__}.{work.__name__}")
    return scene
