"""How long work tells how far it is, and how it hears that nobody wants it any more."""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol, TypedDict

Reason = Literal["cancelled", "timeout", "stopping", "lost"]
# What a stop is for: these leave the work to nobody else, so that what it has by then is what there will be.
FINAL: tuple[Reason, ...] = ("cancelled", "timeout")


class StoppedError(Exception):
    """Raised by a `Tell` when the work is to end; whoever works lets it pass, or ends within seconds with what it has.

    The latter only where it `is_final`: cancelled, or out of time. Else another worker does it all again.
    """

    def __init__(self, reason: Reason = "stopping") -> None:
        super().__init__(reason)
        self.reason = reason

    @property
    def is_final(self) -> bool:
        """Whether nobody will go on with the work."""
        return self.reason in FINAL


class Standing(TypedDict):
    """How a model does while it is compared: mean R2 of the `folds` behind it, None before the first."""

    model_type: str
    target_transform: str
    r2: float | None
    folds: int
    seconds: float
    running: bool


class Tell(Protocol):
    """What work calls between its steps, from one thread at a time; it costs next to nothing."""

    def __call__(
        self,
        stage: str,
        share: float,
        parts: Mapping[str, float] | None = None,
        standings: Sequence[Standing] | None = None,
    ) -> None:
        """`stage` is what is done now, `share` (0 to 1) how much of the whole is behind; `parts` the same by model.

        `standings` are the best first, None where they are what they were. Raises `StoppedError` when the work is to
        end here, with nothing half-written.
        """


def untold(
    stage: str,
    share: float,
    parts: Mapping[str, float] | None = None,
    standings: Sequence[Standing] | None = None,
) -> None:
    """A `Tell` for work that nobody follows."""


def part_of_all(tell: Tell, start: float, end: float) -> Tell:
    """A `Tell` for a part of the work: its shares 0 to 1 are told as `start` to `end` of the whole."""

    def tell_part(
        stage: str,
        share: float,
        parts: Mapping[str, float] | None = None,
        standings: Sequence[Standing] | None = None,
    ) -> None:
        tell(stage, start + (end - start) * share, parts, standings)

    return tell_part


def stopped_once(tell: Tell) -> Tell:
    """A `Tell` for work that ends with what it has: it is stopped for one reason once, and may then wind up."""
    heard: set[Reason] = set()

    def tell_on(
        stage: str,
        share: float,
        parts: Mapping[str, float] | None = None,
        standings: Sequence[Standing] | None = None,
    ) -> None:
        try:
            tell(stage, share, parts, standings)
        except StoppedError as stop:
            if stop.is_final and stop.reason in heard:
                return
            heard.add(stop.reason)
            raise

    return tell_on
