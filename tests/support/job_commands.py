"""Commands for tests of jobs, with quick handlers that a test starts, releases and counts."""

import errno
from collections.abc import Callable, Mapping
from threading import Event

import pytest
from pydantic import ConfigDict, Field

from core.errors import TargetError, UnavailableError
from core.jobs.commands import COMMANDS, Command
from core.progress import ReportProgress, StoppedError
from core.services.handlers import DIVIDED, HANDLERS
from core.storage.task_repository import Division
from core.storage.workspace import Workspace
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


class SharesCommand(Command):
    """Divide into so many tasks, of which each raises its errors, one a call, and then stores its number.

    The `last` ones begin when the others are done, if they are needed.
    """

    kind = "shares"

    tasks: int
    last: int = 0
    needs_last: bool = True
    errors: dict[str, list[str]] = Field(default_factory=dict)


class Shares:
    """How a `SharesCommand` is divided; fewer than two tasks are none."""

    def divide(
        self, workspace: Workspace, command: SharesCommand, report_progress: ReportProgress, job_id: str
    ) -> Division | None:
        """Return the division of the command."""
        return Division(tasks=command.tasks, facts={"first": 100}, last=command.last) if command.tasks > 1 else None

    def needs_last(self, command: SharesCommand, division: Division, outputs: list[Json]) -> bool:
        """Return what the command says; all others have to be done."""
        assert len(outputs) == command.tasks - command.last
        return command.needs_last

    def run_task(
        self,
        workspace: Workspace,
        command: SharesCommand,
        division: Division,
        number: int,
        report_progress: ReportProgress,
        job_id: str,
    ) -> Json:
        """Raise the next error of the task, or return a number made of its own."""
        probe.calls += 1
        probe.tasks.append(number)
        report_progress("sharing", 0.5)
        errors = command.errors.get(str(number), [])
        if probe.tasks.count(number) <= len(errors):
            raise ERRORS[errors[probe.tasks.count(number) - 1]]()
        return {"share": division.facts["first"] + number}

    def finish(
        self,
        workspace: Workspace,
        command: SharesCommand,
        division: Division,
        outputs: list[Json],
        report_progress: ReportProgress,
        job_id: str,
    ) -> Json:
        """Return the numbers of all tasks."""
        return {"shares": [output["share"] for output in outputs]}


class RankedCommand(SharesCommand):
    """Like a `SharesCommand`, with tasks that are compared."""

    kind = "ranked"

    @property
    def has_best_so_far(self) -> bool:
        """Return that it has, as soon as one task is done."""
        return True


class Ranked(Shares):
    """How a `RankedCommand` is divided: the task of the highest number is the best."""

    def standings(self, division: Division, outputs: Mapping[int, Json]) -> Json:
        """Return the shares that there are, the best first."""
        return {"parts": {}, "standings": [outputs[number] for number in sorted(outputs, reverse=True)]}

    def give_up(self, workspace: Workspace, division: Division, number: int, why: str, job_id: str) -> Json:
        """Return the reason instead of a share."""
        return {"share": why}

    def finish_early(
        self,
        workspace: Workspace,
        command: SharesCommand,
        division: Division,
        outputs: Mapping[int, Json],
        report_progress: ReportProgress,
        job_id: str,
    ) -> Json:
        """Return the best share so far."""
        best = max((output["share"] for output in outputs.values()), default=None)
        try:
            report_progress("storing", 0.9)
        except StoppedError:
            if best is None:
                raise
        return {"best": best}


class JobProbe:
    """Counts the calls of handlers, shows that one has started, and releases those that wait."""

    def __init__(self) -> None:
        self.calls = 0
        # The tasks that were begun, in that order.
        self.tasks: list[int] = []
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


def undivided(workspace: str, command: SharesCommand, report_progress: ReportProgress, job_id: str | None) -> Json:
    """Return that the command was not divided."""
    return {"shares": None}


def install_commands(monkeypatch: pytest.MonkeyPatch) -> JobProbe:
    """Register the commands and their handlers for a test, and return a fresh probe."""
    global probe  # noqa: PLW0603
    probe = JobProbe()
    handlers = {
        StepsCommand: steps,
        WaitingCommand: waiting,
        UnresponsiveCommand: unresponsive,
        FailingCommand: failing,
        SharesCommand: undivided,
        RankedCommand: undivided,
    }
    for command, handler in handlers.items():
        monkeypatch.setitem(COMMANDS, command.kind, command)
        monkeypatch.setitem(HANDLERS.loaders, command, lambda handler=handler: handler)
    monkeypatch.setitem(DIVIDED.loaders, SharesCommand, Shares)
    monkeypatch.setitem(DIVIDED.loaders, RankedCommand, Ranked)
    return probe
