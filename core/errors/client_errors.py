"""What is wrong with a request: the statuses from 400 to 499."""

from core.errors.problem import RegattaError


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
