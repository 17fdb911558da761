"""What is wrong with the service or a gateway before it: the statuses from 500 on."""

from regatta.errors.problem import ProblemError


class ServerError(ProblemError):
    """The service or a gateway before it failed."""


class Internal(ServerError):
    """An internal error of the service, which is in its log."""

    type = "internal"
    fallback_of = (500,)


class DamagedDocument(ServerError):
    """A document in the bucket of the service is damaged."""

    type = "damaged-document"


class StorageUnavailable(ServerError):
    """The object store or the queue of jobs did not answer."""

    type = "storage-unavailable"
    fallback_of = (503,)


class DeadlineExceeded(StorageUnavailable):
    """The service did not have the answer ready in time. A change may have been made all the same."""

    type = "deadline-exceeded"


class WorkerEnded(StorageUnavailable):
    """The process of the service that did the work was killed, or none was free."""

    type = "worker-ended"


class OutcomeUnknown(StorageUnavailable):
    """Storage broke off in the middle of a change, which may have been made all the same."""

    type = "outcome-unknown"


class TimedOut(ServerError):
    """The answer took longer than the gateway waits."""

    type = "timed-out"
    fallback_of = (504,)


class JobTimedOut(ServerError):
    """The job took longer than it may."""

    type = "job-timed-out"
