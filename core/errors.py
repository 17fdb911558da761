"""Every error that a caller can see, as one tree. Each has its status, its stable name and the way out.

RegattaError                      500
├── BadRequestError               400  the request as a whole makes no sense
│   └── BadSignatureError         400  model_data was not signed here, or was changed
├── UnauthorizedError             401  nobody knows who calls
├── ForbiddenError                403  the caller's role is not enough
├── ForeignPageError              403  a browser sent it for a page that may not call
├── NotFoundError                 404
│   ├── NoSuchFileError           404
│   ├── NoCurrentFileError        404
│   ├── NoSuchModelError          404
│   ├── NoSuchJobError            404
│   ├── NoSuchSeriesError         404
│   ├── NoEvaluationError         404  the version was trained before this was computed
│   └── NoSuchRouteError          404
├── MethodNotAllowedError         405
├── ConflictError                 409  somebody else changed it first
│   ├── IncompleteUploadError     409  parts of a large upload are missing
│   ├── KeyInUseError             409  a request with this Idempotency-Key is being answered
│   ├── ModelServesError          409  the version to be deleted is the one that serves
│   ├── NameTakenError            409  another model has the name
│   ├── OtherLibrariesError       409  a pickle of other library versions than those that run
│   └── NewerFormatError          409  a stored document of a format that this version cannot read
├── SlowBodyError                 408  the body did not come in time
├── TooLargeError                 413
├── UnsupportedEncodingError      415  a body in a Content-Encoding other than gzip
├── UnprocessableError            422  understood, but the content is wrong
│   ├── NotACsvError              422
│   │   └── UnreadableContainerError  422  a workbook, an archive or another container without one readable table
│   ├── UnknownColumnError        422
│   ├── TargetError               422
│   ├── UnknownModelTypeError     422
│   ├── ParameterError            422
│   ├── NotEnoughRowsError        422
│   ├── KeyReusedError            422  an Idempotency-Key that came with another request before
│   ├── ArrivalRefusedError       422  a file of a series cannot be trained on
│   ├── InvalidInputError         422  one or more fields of the request
│   └── InvalidRecordsError       422  one or more fields of the records to predict
├── TrainingFailedError           422  the estimator or the compiled graph refused this table
├── TooManyRequestsError          429  the caller asks more often, or uses more, than they may
├── UnavailableError              503  storage cannot be reached
│   ├── DeadlineError             503  the time that the request may take is over
│   ├── WorkerEndedError          503  the process that did the work was killed
│   └── OutcomeUnknownError       503  storage broke off, and what was asked may have happened all the same
└── JobTimeoutError               504  a job took longer than it may
InvalidSettingError               (start-up only)
"""

from collections.abc import Sequence
from typing import Any, ClassVar

# So many errors of fields are in one answer, and so many characters in its texts: an answer is not many times as long
# as its request.
MOST_ERRORS = 20
MOST_DETAIL, MOST_MESSAGE = 4_000, 500


class RegattaError(Exception):
    """Base of every error that reaches a caller as an RFC 9457 problem document."""

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong inside Regatta"
    # After how many seconds the same request may succeed; None where it has to be changed first.
    retry_after: float | None = None

    def __init__(self, detail: str, errors: Sequence[dict[str, Any]] = ()) -> None:
        """Describe the error: `detail` for people, with the way out; `errors` names fields, rows or columns."""
        super().__init__(detail)
        self.detail = detail
        self.errors = list(errors)

    def problem(self, instance: str) -> dict[str, Any]:
        """Return the problem document for the request path `instance`, with the first errors and how many there are."""
        detail = _shortened(self.detail, MOST_DETAIL)
        if len(self.errors) > MOST_ERRORS:
            detail += f" The first {MOST_ERRORS} of {len(self.errors):,} problems are listed."
        body: dict[str, Any] = {
            "type": f"urn:regatta:problem:{self.slug}",
            "title": self.title,
            "status": self.status,
            "detail": detail,
            "instance": _shortened(instance, MOST_DETAIL),
        }
        if self.errors:
            body["errors"] = [
                {name: _shortened(value, MOST_MESSAGE) for name, value in error.items()}
                for error in self.errors[:MOST_ERRORS]
            ]
        return body


def _shortened(value: Any, most: int) -> Any:
    """Return a text of at most so many characters, without half characters, and of a list the first such texts."""
    if isinstance(value, list | tuple):
        return [_shortened(item, most) for item in value[:MOST_ERRORS]]
    if not isinstance(value, str):
        return value
    whole = value if len(value) <= most else f"{value[:most]}…"
    return whole.encode("utf-8", "replace").decode()


class BadRequestError(RegattaError):
    """The request cannot be parsed."""

    status, slug, title = 400, "bad-request", "The request cannot be read"


class BadSignatureError(BadRequestError):
    """The bytes of a model are not signed with this deployment's key."""

    slug, title = "bad-signature", "The model's signature is missing or wrong"


class UnauthorizedError(RegattaError):
    """The request has no key or token that is valid. The answer never says which of the reasons it is."""

    status, slug, title = 401, "unauthorized", "The request does not say who calls"

    def __init__(self, detail: str, *, was_sent: bool = False) -> None:
        """Describe the error; `was_sent` says that there was a key or a token, and it is not valid."""
        super().__init__(detail)
        self.was_sent = was_sent


class ForbiddenError(RegattaError):
    """The caller is known, and may not do this."""

    status, slug, title = 403, "forbidden", "The caller may not do this"

    def __init__(self, detail: str, scope: str = "") -> None:
        """Describe the error; `scope` is the role that would be enough."""
        super().__init__(detail)
        self.scope = scope


class ForeignPageError(RegattaError):
    """A page of another origin asked for this, or the request names a foreign host."""

    status, slug, title = 403, "foreign-page", "Pages of other origins may not call"


class NotFoundError(RegattaError):
    """Base of the errors for what does not exist."""

    status, slug, title = 404, "not-found", "Not found"


class NoSuchFileError(NotFoundError):
    """No dataset has this file_id."""

    slug, title = "no-such-file", "There is no such file"


class NoCurrentFileError(NotFoundError):
    """Nothing has been uploaded yet, or the current file was deleted."""

    slug, title = "no-current-file", "There is no current file"


class NoSuchModelError(NotFoundError):
    """No model has this name and version."""

    slug, title = "no-such-model", "There is no such model"


class NoSuchJobError(NotFoundError):
    """No job has this id."""

    slug, title = "no-such-job", "There is no such job"


class NoSuchSeriesError(NotFoundError):
    """No series has this name."""

    slug, title = "no-such-series", "There is no such series"


class NoEvaluationError(NotFoundError):
    """The version exists, but the evaluation that was asked for does not."""

    slug, title = "no-evaluation", "This was not worked out for the model"


class NoSuchRouteError(NotFoundError):
    """No endpoint answers at this path."""

    slug, title = "no-such-route", "There is no such endpoint"


class MethodNotAllowedError(RegattaError):
    """The path exists, the method does not."""

    status, slug, title = 405, "method-not-allowed", "This endpoint does not take that method"


class ConflictError(RegattaError):
    """A conditional write lost to another writer."""

    status, slug, title = 409, "conflict", "Somebody else changed this at the same moment"
    retry_after: float | None = 1.0


class IncompleteUploadError(ConflictError):
    """A large upload cannot be completed before all of its parts are received."""

    slug, title = "incomplete-upload", "Parts of the upload are missing"
    retry_after = None


class KeyInUseError(ConflictError):
    """The first request with this Idempotency-Key is still being answered."""

    slug, title = "idempotency-key-in-use", "A request with this Idempotency-Key is being answered"


class ModelServesError(ConflictError):
    """A version cannot be deleted while it serves."""

    slug, title = "model-serves", "The version serves"
    retry_after = None


class NameTakenError(ConflictError):
    """A model cannot get a name that another one has."""

    slug, title = "name-taken", "Another model has this name"
    retry_after = None


class OtherLibrariesError(ConflictError):
    """A pickle is only loaded by the library versions that wrote it."""

    slug, title = "other-libraries", "The model was pickled by other library versions"
    retry_after = None


class NewerFormatError(ConflictError):
    """A stored document has a format that only a newer version of Regatta reads."""

    slug, title = "newer-format", "A newer version of Regatta wrote this"
    retry_after = None


class SlowBodyError(RegattaError):
    """The body of the request did not come within the time that the request may take."""

    status, slug, title = 408, "slow-body", "The body came too slowly"


class TooLargeError(RegattaError):
    """The body or the answer is over a limit."""

    status, slug, title = 413, "too-large", "That is over a limit"


class UnsupportedEncodingError(RegattaError):
    """The Content-Encoding of the body is not one that can be unpacked."""

    status, slug, title = 415, "unsupported-encoding", "The Content-Encoding of the body cannot be read"


class UnprocessableError(RegattaError):
    """Base of the errors for content that was parsed and is wrong."""

    status, slug, title = 422, "unprocessable", "The content is not usable"


class NotACsvError(UnprocessableError):
    """The bytes are not a table."""

    slug, title = "not-a-csv", "The file is not a readable CSV"


class UnreadableContainerError(NotACsvError):
    """The container is damaged, protected, has macros, or has no table or no single one."""

    slug, title = "unreadable-container", "No table of the file can be read"


class UnknownColumnError(UnprocessableError):
    """The table does not have a column of this name."""

    slug, title = "unknown-column", "The table has no such column"


class TargetError(UnprocessableError):
    """The column cannot be a target."""

    slug, title = "bad-target", "The target column cannot be learned"


class UnknownModelTypeError(UnprocessableError):
    """No regressor of that name is in the catalogue."""

    slug, title = "unknown-model-type", "There is no such model type"


class ParameterError(UnprocessableError):
    """An estimator parameter is unknown or out of its range."""

    slug, title = "bad-parameter", "A model parameter is not usable"


class NotEnoughRowsError(UnprocessableError):
    """The table is too small for a holdout and five folds."""

    slug, title = "not-enough-rows", "The table has too few rows"


class KeyReusedError(UnprocessableError):
    """The Idempotency-Key came with another request before."""

    slug, title = "idempotency-key-reused", "This Idempotency-Key belongs to another request"


class ArrivalRefusedError(UnprocessableError):
    """A file of a series cannot train its model."""

    slug, title = "arrival-refused", "The file cannot be learned from"


class InvalidInputError(UnprocessableError):
    """Fields of the request are missing, unknown or have a wrong value."""

    slug, title = "invalid-input", "Some fields of the request are not usable"


class InvalidRecordsError(UnprocessableError):
    """Records to predict lack features or hold values of the wrong type."""

    slug, title = "invalid-records", "Some of the data to predict is not usable"


class TrainingFailedError(UnprocessableError):
    """The estimator could not be fitted on this table, or its compiled graph disagrees with it."""

    slug, title = "training-failed", "The model could not be trained on this table"


class TooManyRequestsError(RegattaError):
    """The caller sends requests faster than they may, or has used up a quota."""

    status, slug, title = 429, "too-many-requests", "Too many requests"

    def __init__(self, detail: str, *, retry_after: float = 1.0) -> None:
        """Describe the error, and after how many seconds the next request is taken."""
        super().__init__(detail)
        self.retry_after = retry_after


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


class InvalidSettingError(Exception):
    """A `REGATTA_*` variable is wrong; raised at start, never during a request."""
