"""What is wrong with a request: the statuses from 400 to 499."""

from collections.abc import Mapping, Sequence
from typing import Any

from regatta.errors.problem import ProblemError


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
