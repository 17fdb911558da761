"""What is wrong with the service, or with what it depends on: the statuses from 500 on."""

from collections.abc import Sequence
from typing import Any

from core.errors.problem import RegattaError


class UnavailableError(RegattaError):
    """The object store did not answer."""

    status, slug, title = 503, "storage-unavailable", "Storage cannot be reached"

    def __init__(self, detail: str, errors: Sequence[dict[str, Any]] = (), *, retry_after: float = 1.0) -> None:
        """Describe the error, and after how many seconds another try is worth it."""
        super().__init__(detail, errors)
        self.retry_after = retry_after


class DeadlineError(UnavailableError):
    """Nothing is left of the time that the request may take."""

    slug, title = "deadline-exceeded", "The answer was not ready in time"


class WorkerEndedError(UnavailableError):
    """The process that did the work has ended, or none is free for it."""

    slug, title = "worker-ended", "The process that does this work has ended"


class OutcomeUnknownError(UnavailableError):
    """Storage broke off in the middle of a change, which may have been made, in whole or in part."""

    slug, title = "outcome-unknown", "It may have happened, or not"


class JobTimeoutError(RegattaError):
    """The work took longer than it may."""

    status, slug, title = 504, "job-timed-out", "The job took longer than it may"
