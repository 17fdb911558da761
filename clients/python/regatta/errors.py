"""Every exception of the client, as one tree. Each message says the way out.

RegattaError
├── UnreachableError                 nothing answers at the address, or not in time
├── NotRegattaError                  something answers that is not Regatta: a proxy, another program
├── IncompatibleServerError          a Regatta of another major version
├── RedirectTargetUnreachable        the service sent the client to a host that it cannot reach
├── UploadInterrupted                the bytes could not be sent in full
├── JobCancelled                     the job that was followed was cancelled
├── JobStillRunning                  the job was not over within the seconds that were to be waited
└── ProblemError                     the service refused: a problem document (RFC 9457)
    ├── BadRequest                   400
    │   └── BadSignature
    ├── AuthenticationError          401, 403
    │   └── Unauthorized, Forbidden, ForeignPage
    ├── NotFound                     404
    │   ├── FileNotFound, NoCurrentFile, ModelNotFound, JobNotFound, SeriesNotFound
    │   └── NoEvaluation, RouteNotFound
    ├── MethodNotAllowed             405
    ├── Conflict                     409
    │   ├── IncompleteUpload, IdempotencyKeyInUse, ModelServes, NameTaken
    │   └── OtherLibraries, NewerFormat
    ├── SlowBody                     408
    ├── TooLarge                     413
    ├── UnsupportedEncoding          415
    ├── Unprocessable                422
    │   ├── NotACsv
    │   │   └── UnreadableContainer
    │   ├── UnknownColumn, BadTarget, UnknownModelType, BadParameter, NotEnoughRows
    │   ├── IdempotencyKeyReused, ArrivalRefused, InvalidInput
    │   ├── InvalidRecords
    │   │   └── ColumnsNotKnown      rows with columns that the model does not know
    │   └── TrainingFailed
    ├── TooManyRequests              429
    └── ServerError                  500 and above
        ├── Internal, DamagedDocument    500
        ├── StorageUnavailable       503
        │   ├── DeadlineExceeded, WorkerEnded
        │   └── OutcomeUnknown
        └── TimedOut, JobTimedOut    504

A problem of a type that is not listed, as a newer service may have, is raised as the class of its status.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

PREFIX = "urn:regatta:problem:"


class RegattaError(Exception):
    """Base of every exception that the client raises on purpose."""


class UnreachableError(RegattaError):
    """Nothing answers at the address of the service, or not in time."""


class NotRegattaError(RegattaError):
    """What answers at the address is not Regatta."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class IncompatibleServerError(RegattaError):
    """The service has another major version than the client."""

    def __init__(self, message: str, client_version: str, server_version: str) -> None:
        super().__init__(message)
        self.client_version = client_version
        self.server_version = server_version


class RedirectTargetUnreachable(RegattaError):
    """The service answered with the URL of a file, and the host of that URL cannot be reached from here."""

    def __init__(self, message: str, host: str) -> None:
        super().__init__(message)
        self.host = host


class UploadInterrupted(RegattaError):
    """The bytes of a file could not be sent in full. The same call goes on where it was."""

    def __init__(self, message: str, file_id: str | None = None) -> None:
        super().__init__(message)
        self.file_id = file_id


class JobCancelled(RegattaError):
    """A job that was followed was cancelled, by this caller or another one."""

    def __init__(self, message: str, job_id: str) -> None:
        super().__init__(message)
        self.job_id = job_id


class JobStillRunning(RegattaError):
    """A job was not over within the given seconds; it goes on."""

    def __init__(self, message: str, job_id: str) -> None:
        super().__init__(message)
        self.job_id = job_id


class ProblemError(RegattaError):
    """The service refused a request, or a job failed. Holds the problem document."""

    # The type of the problem without its prefix; empty for a class that stands for a status alone.
    type: ClassVar[str] = ""
    # The status for which the class is raised where the type is not known.
    fallback_of: ClassVar[tuple[int, ...]] = ()

    def __init__(self, problem: Mapping[str, Any], status: int, *, job_id: str | None = None) -> None:
        """Raise `problem` as the document of an answer with this status, or of a failed job."""
        self.problem = dict(problem)
        self.status = status
        self.title = str(problem.get("title") or "")
        self.detail = str(problem.get("detail") or self.title or f"The service answered {status}.")
        self.errors: Sequence[Mapping[str, Any]] = [e for e in _list(problem.get("errors")) if isinstance(e, dict)]
        self.instance = problem.get("instance")
        self.job_id = job_id
        # The header of the answer, as it came.
        self.retry_after: str | None = None
        super().__init__(explained(self.detail, self.errors))

    @property
    def slug(self) -> str:
        """Return the type of the problem without its prefix, such as `no-such-model`."""
        return str(self.problem.get("type") or "").removeprefix(PREFIX)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.problem, self.status, self.job_id)


class BadRequest(ProblemError):
    """The request cannot be read."""

    type = "bad-request"
    fallback_of = (400,)


class BadSignature(BadRequest):
    """A model is damaged, was changed, or was not signed by this deployment."""

    type = "bad-signature"


class AuthenticationError(ProblemError):
    """The API key is missing, wrong, or may not do this."""

    fallback_of = (401, 403)


class Unauthorized(AuthenticationError):
    """The API key or the token is missing or not valid."""

    type = "unauthorized"


class Forbidden(AuthenticationError):
    """The role of the key is not enough."""

    type = "forbidden"


class ForeignPage(AuthenticationError):
    """The service does not go by the host of this address, or takes the request for one of a page elsewhere."""

    type = "foreign-page"


class NotFound(ProblemError):
    """What was asked for does not exist."""

    type = "not-found"
    fallback_of = (404,)


class FileNotFound(NotFound):
    """No dataset has this file_id."""

    type = "no-such-file"


class NoCurrentFile(NotFound):
    """Nothing was uploaded yet, or the current file was deleted."""

    type = "no-current-file"


class ModelNotFound(NotFound):
    """No model has this name, or not this version."""

    type = "no-such-model"


class JobNotFound(NotFound):
    """No job has this id."""

    type = "no-such-job"


class SeriesNotFound(NotFound):
    """No series has this name."""

    type = "no-such-series"


class NoEvaluation(NotFound):
    """The version was trained before this figure existed."""

    type = "no-evaluation"


class RouteNotFound(NotFound):
    """No endpoint answers at this path: the service is older, or the URL lacks the prefix of a stage."""

    type = "no-such-route"


class MethodNotAllowed(ProblemError):
    """The endpoint takes another method."""

    type = "method-not-allowed"
    fallback_of = (405,)


class Conflict(ProblemError):
    """Another caller changed the same thing at the same time."""

    type = "conflict"
    fallback_of = (409,)


class IncompleteUpload(Conflict):
    """Parts of a large upload are missing."""

    type = "incomplete-upload"


class IdempotencyKeyInUse(Conflict):
    """The first request with this Idempotency-Key is still being answered."""

    type = "idempotency-key-in-use"


class ModelServes(Conflict):
    """A version cannot be deleted while it serves."""

    type = "model-serves"


class NameTaken(Conflict):
    """Another model has the new name."""

    type = "name-taken"


class OtherLibraries(Conflict):
    """A pickle was written by other library versions than the service has."""

    type = "other-libraries"


class NewerFormat(Conflict):
    """A newer version of Regatta wrote what is stored."""

    type = "newer-format"


class SlowBody(ProblemError):
    """The body did not reach the service in time."""

    type = "slow-body"


class TooLarge(ProblemError):
    """The request or its answer is over a limit."""

    type = "too-large"
    fallback_of = (413,)


class UnsupportedEncoding(ProblemError):
    """The body has a Content-Encoding that the service cannot unpack."""

    type = "unsupported-encoding"
    fallback_of = (415,)


class Unprocessable(ProblemError):
    """The request was understood, and its content is wrong."""

    type = "unprocessable"
    fallback_of = (422,)


class NotACsv(Unprocessable):
    """The bytes are not a table."""

    type = "not-a-csv"


class UnreadableContainer(NotACsv):
    """No table of a workbook, an archive or another container can be read."""

    type = "unreadable-container"


class UnknownColumn(Unprocessable):
    """The table has no such column."""

    type = "unknown-column"


class BadTarget(Unprocessable):
    """The target is text, constant or not set."""

    type = "bad-target"


class UnknownModelType(Unprocessable):
    """There is no such model type."""

    type = "unknown-model-type"


class BadParameter(Unprocessable):
    """The estimator has no such parameter, or the value is out of its range."""

    type = "bad-parameter"


class NotEnoughRows(Unprocessable):
    """The table has too few rows."""

    type = "not-enough-rows"


class IdempotencyKeyReused(Unprocessable):
    """The Idempotency-Key belongs to another request."""

    type = "idempotency-key-reused"


class ArrivalRefused(Unprocessable):
    """The file of a series cannot be trained on."""

    type = "arrival-refused"


class InvalidInput(Unprocessable):
    """A field of the request is missing, unknown or of the wrong type."""

    type = "invalid-input"


class InvalidRecords(Unprocessable):
    """A feature is absent or of the wrong type in the rows to predict."""

    type = "invalid-records"


class ColumnsNotKnown(InvalidRecords):
    """The rows have columns that the model does not know. `unknown` has them, each with the near ones of the model."""

    type = ""

    def __init__(self, problem: Mapping[str, Any], status: int = 422, *, job_id: str | None = None) -> None:
        super().__init__(problem, status, job_id=job_id)
        self.unknown: Mapping[str, Sequence[str]] = dict(problem.get("unknown") or {})


class TrainingFailed(Unprocessable):
    """The estimator refused the table, or its graph did not agree with it."""

    type = "training-failed"


class TooManyRequests(ProblemError):
    """More requests than the deployment allows; the client has waited and tried again before."""

    type = "too-many-requests"
    fallback_of = (429,)


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


def problem_error(problem: Mapping[str, Any], status: int, *, job_id: str | None = None) -> ProblemError:
    """Return the exception of a problem document: that of its type, else that of its status."""
    slug = str(problem.get("type") or "").removeprefix(PREFIX)
    classes = list(_subclasses(ProblemError))
    of_type = (kind for kind in classes if kind.type and kind.type == slug)
    of_status = (kind for kind in classes if status in vars(kind).get("fallback_of", ()))
    base = ServerError if status >= 500 else ProblemError
    kind = next(of_type, None) or next(of_status, base)
    return kind(problem, status, job_id=job_id)


def _subclasses(kind: type[ProblemError]) -> Iterator[type[ProblemError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _subclasses(child)


def _restore(kind: type[ProblemError], problem: Mapping[str, Any], status: int, job_id: str | None) -> ProblemError:
    return kind(problem, status, job_id=job_id)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def explained(detail: str, errors: Iterable[Mapping[str, Any]]) -> str:
    """Return the detail of a problem, with a line for each of its errors."""
    return "\n".join([detail, *map(_error_line, errors)])


def _error_line(error: Mapping[str, Any]) -> str:
    """Write `{"row": 3, "message": "..."}` as `  row 3: ...`."""
    place = ", ".join(f"{name} {value}" for name, value in error.items() if name != "message")
    return f"  {place}: {error['message']}" if "message" in error else f"  {place}"
