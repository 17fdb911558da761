"""Report the progress of long work, and stop the work between its steps."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol, TypedDict

Reason = Literal["cancelled", "timeout", "stopping", "lost"]
# After a stop for one of these reasons no worker does the work again, so its results so far are the final ones.
FINAL: tuple[Reason, ...] = ("cancelled", "timeout")


class StoppedError(Exception):
    """Raised by `ReportProgress` when the work is to end.

    Do not catch it, unless `is_final`: the work was cancelled or is out of time, and may end within seconds with the
    results so far. In all other cases another worker does all of it again.
    """

    def __init__(self, reason: Reason = "stopping") -> None:
        super().__init__(reason)
        self.reason = reason

    @property
    def is_final(self) -> bool:
        """Return whether no worker takes the work up again."""
        return self.reason in FINAL


class TrialStatus(TypedDict):
    """One row of the live leaderboard: mean R2 over the `folds` that are done, None before the first.

    `parameters` are those that differ from the defaults of the regressor. `std` is that of R2 from fold to fold, None
    below two. `size_bytes` and `latency_us` (of one row, in microseconds) are those of the bare graph: of the pipeline
    that was fitted on all train rows, until there is one of the pipeline of the first fold, None where neither was
    measured. `error` is why it has failed.
    """

    model_type: str
    target_transform: str
    parameters: dict[str, Any]
    r2: float | None
    std: float | None
    folds: int
    seconds: float
    size_bytes: int | None
    latency_us: float | None
    running: bool
    error: str | None


class ReportProgress(Protocol):
    """Called by long work between its steps, from one thread at a time; costs next to nothing."""

    def __call__(
        self,
        stage: str,
        share: float,
        parts: Mapping[str, float] | None = None,
        leaderboard: Sequence[TrialStatus] | None = None,
    ) -> None:
        """Report that the work is at `stage` and that `share` (0 to 1) of it is done; `parts` is the share by model.

        `leaderboard` is the live leaderboard, the best first; None where it has not changed. Raises `StoppedError` when
        the work is to end here.
        """


def ignore_progress(*_: Any, **__: Any) -> None:
    """Do nothing: a `ReportProgress` for work that nobody follows."""


def progress_within(report_progress: ReportProgress, start: float, end: float) -> ReportProgress:
    """Return a `ReportProgress` for one part of the work, whose shares 0 to 1 are `start` to `end` of the whole."""

    def report(stage: str, share: float, *shown: Any, **named: Any) -> None:
        report_progress(stage, start + (end - start) * share, *shown, **named)

    return report


def in_stage(name: str, report_progress: ReportProgress) -> ReportProgress:
    """Return a `ReportProgress` that says the stage of this name whatever the work says."""

    def report(stage: str, share: float, *shown: Any, **named: Any) -> None:
        report_progress(name, share, *shown, **named)

    return report


def without_leaderboard(report_progress: ReportProgress) -> ReportProgress:
    """Return a `ReportProgress` that leaves the live leaderboard as it is."""

    def report(stage: str, share: float, parts: Mapping[str, float] | None = None, *_: Any, **__: Any) -> None:
        report_progress(stage, share, parts)

    return report


def stop_once(report_progress: ReportProgress) -> ReportProgress:
    """Return a `ReportProgress` that raises a final `StoppedError` only once for each reason.

    Work that ends with its results so far calls it, because it reports progress until it has ended.
    """
    raised: set[Reason] = set()

    def report(*progress: Any, **named: Any) -> None:
        try:
            report_progress(*progress, **named)
        except StoppedError as stopped:
            if stopped.is_final and stopped.reason in raised:
                return
            raised.add(stopped.reason)
            raise

    return report


def uninterrupted(report_progress: ReportProgress) -> ReportProgress:
    """Return a `ReportProgress` that raises no final `StoppedError`, for the end of work that keeps its results."""

    def report(*progress: Any, **named: Any) -> None:
        try:
            report_progress(*progress, **named)
        except StoppedError as stopped:
            if not stopped.is_final:
                raise

    return report
