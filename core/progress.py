"""How long work reports its progress, and how it learns that it is to end."""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol, TypedDict

Reason = Literal["cancelled", "timeout", "stopping", "lost"]
# After a stop for one of these nobody takes the work up again: what it has by then is all that there will be.
FINAL: tuple[Reason, ...] = ("cancelled", "timeout")


class StoppedError(Exception):
    """Raised by `ReportProgress` when the work is to end.

    Let it pass, or end within seconds with what there is. The latter only where `is_final`: the work was cancelled or
    is out of time. Otherwise another worker does it all again.
    """

    def __init__(self, reason: Reason = "stopping") -> None:
        super().__init__(reason)
        self.reason = reason

    @property
    def is_final(self) -> bool:
        """Return whether no worker takes the work up again."""
        return self.reason in FINAL


class TrialStatus(TypedDict):
    """One row of the live leaderboard: mean R2 over the `folds` that are done, None before the first."""

    model_type: str
    target_transform: str
    r2: float | None
    folds: int
    seconds: float
    running: bool


class ReportProgress(Protocol):
    """Called by long work between its steps, from one thread at a time; costs next to nothing."""

    def __call__(
        self,
        stage: str,
        share: float,
        parts: Mapping[str, float] | None = None,
        standings: Sequence[TrialStatus] | None = None,
    ) -> None:
        """Report that the work is at `stage` and that `share` (0 to 1) of it is done; `parts` is the share by model.

        `standings` is the live leaderboard, the best first; None where it has not changed. Raises `StoppedError` when
        the work is to end here, with nothing half-written.
        """


def ignore_progress(
    stage: str,
    share: float,
    parts: Mapping[str, float] | None = None,
    standings: Sequence[TrialStatus] | None = None,
) -> None:
    """Do nothing: a `ReportProgress` for work that nobody follows."""


def progress_within(report_progress: ReportProgress, start: float, end: float) -> ReportProgress:
    """Return a `ReportProgress` for one part of the work, whose shares 0 to 1 are `start` to `end` of the whole."""

    def report(
        stage: str,
        share: float,
        parts: Mapping[str, float] | None = None,
        standings: Sequence[TrialStatus] | None = None,
    ) -> None:
        report_progress(stage, start + (end - start) * share, parts, standings)

    return report


def stop_once(report_progress: ReportProgress) -> ReportProgress:
    """Return a `ReportProgress` that raises a final `StoppedError` only once for each reason.

    It is for work that ends with what it has: it has to report while it does so.
    """
    raised: set[Reason] = set()

    def report(
        stage: str,
        share: float,
        parts: Mapping[str, float] | None = None,
        standings: Sequence[TrialStatus] | None = None,
    ) -> None:
        try:
            report_progress(stage, share, parts, standings)
        except StoppedError as stop:
            if stop.is_final and stop.reason in raised:
                return
            raised.add(stop.reason)
            raise

    return report
