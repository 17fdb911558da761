"""The result of one check, and how checks are run."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

Checks = Iterator["Check"]


class State(StrEnum):
    """How what was checked is: `broken` keeps something from working, `skipped` could not be checked now."""

    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Check:
    """What was checked, how it is, and how to mend it."""

    name: str
    state: State
    message: str
    remedy: str = ""


def ok(name: str, message: str) -> Check:
    """Return that something is as it should be."""
    return Check(name, State.OK, message)


def warning(name: str, message: str, remedy: str) -> Check:
    """Return that something works, but not as well as it could."""
    return Check(name, State.WARNING, message, remedy)


def broken(name: str, message: str, remedy: str) -> Check:
    """Return that something does not work."""
    return Check(name, State.BROKEN, message, remedy)


def skipped(name: str, message: str) -> Check:
    """Return that something could not be checked, and why."""
    return Check(name, State.SKIPPED, message)


def run(name: str, check: Callable[[], Checks]) -> Checks:
    """Run a check; one that fails itself is broken, and the next ones go on."""
    try:
        yield from check()
    except Exception as error:
        yield broken(name, f"could not be checked: {type(error).__name__}: {error}", "This is a mistake in the doctor.")
