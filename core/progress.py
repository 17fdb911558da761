"""How long work tells how far it is, and how it hears that nobody wants it any more."""

from collections.abc import Mapping
from typing import Protocol


class StoppedError(Exception):
    """Raised by a `Tell` when the work was cancelled or has run out of time; whoever works lets it pass."""


class Tell(Protocol):
    """What work calls between its steps, from one thread at a time; it costs next to nothing."""

    def __call__(self, stage: str, share: float, parts: Mapping[str, float] | None = None) -> None:
        """`stage` is what is done now, `share` (0 to 1) how much of the whole is behind; `parts` the same by model.

        Raises `StoppedError` when the work is to end here, with nothing half-written.
        """


def untold(stage: str, share: float, parts: Mapping[str, float] | None = None) -> None:
    """A `Tell` for work that nobody follows."""


def part_of_all(tell: Tell, start: float, end: float) -> Tell:
    """A `Tell` for a part of the work: its shares 0 to 1 are told as `start` to `end` of the whole."""

    def tell_part(stage: str, share: float, parts: Mapping[str, float] | None = None) -> None:
        tell(stage, start + (end - start) * share, parts)

    return tell_part
