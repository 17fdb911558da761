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

from core.errors.client_errors import (
    ArrivalRefusedError,
    BadRequestError,
    BadSignatureError,
    ConflictError,
    ForbiddenError,
    ForeignPageError,
    IncompleteUploadError,
    InvalidInputError,
    InvalidRecordsError,
    KeyInUseError,
    KeyReusedError,
    MethodNotAllowedError,
    ModelServesError,
    NameTakenError,
    NewerFormatError,
    NoCurrentFileError,
    NoEvaluationError,
    NoSuchFileError,
    NoSuchJobError,
    NoSuchModelError,
    NoSuchRouteError,
    NoSuchSeriesError,
    NotACsvError,
    NotEnoughRowsError,
    NotFoundError,
    OtherLibrariesError,
    ParameterError,
    SlowBodyError,
    TargetError,
    TooLargeError,
    TooManyRequestsError,
    TrainingFailedError,
    UnauthorizedError,
    UnknownColumnError,
    UnknownModelTypeError,
    UnprocessableError,
    UnreadableContainerError,
    UnsupportedEncodingError,
)
from core.errors.problem import MOST_DETAIL, MOST_ERRORS, MOST_MESSAGE, RegattaError
from core.errors.server_errors import (
    DeadlineError,
    JobTimeoutError,
    OutcomeUnknownError,
    UnavailableError,
    WorkerEndedError,
)

__all__ = [
    "MOST_DETAIL",
    "MOST_ERRORS",
    "MOST_MESSAGE",
    "ArrivalRefusedError",
    "BadRequestError",
    "BadSignatureError",
    "ConflictError",
    "DeadlineError",
    "ForbiddenError",
    "ForeignPageError",
    "IncompleteUploadError",
    "InvalidInputError",
    "InvalidRecordsError",
    "InvalidSettingError",
    "JobTimeoutError",
    "KeyInUseError",
    "KeyReusedError",
    "MethodNotAllowedError",
    "ModelServesError",
    "NameTakenError",
    "NewerFormatError",
    "NoCurrentFileError",
    "NoEvaluationError",
    "NoSuchFileError",
    "NoSuchJobError",
    "NoSuchModelError",
    "NoSuchRouteError",
    "NoSuchSeriesError",
    "NotACsvError",
    "NotEnoughRowsError",
    "NotFoundError",
    "OtherLibrariesError",
    "OutcomeUnknownError",
    "ParameterError",
    "RegattaError",
    "SlowBodyError",
    "TargetError",
    "TooLargeError",
    "TooManyRequestsError",
    "TrainingFailedError",
    "UnauthorizedError",
    "UnavailableError",
    "UnknownColumnError",
    "UnknownModelTypeError",
    "UnprocessableError",
    "UnreadableContainerError",
    "UnsupportedEncodingError",
    "WorkerEndedError",
]


class InvalidSettingError(Exception):
    """A `REGATTA_*` variable is wrong; raised at start, never during a request."""
