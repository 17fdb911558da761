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

from regatta.errors.client_errors import (
    ArrivalRefused,
    AuthenticationError,
    BadParameter,
    BadRequest,
    BadSignature,
    BadTarget,
    ColumnsNotKnown,
    Conflict,
    FileNotFound,
    Forbidden,
    ForeignPage,
    IdempotencyKeyInUse,
    IdempotencyKeyReused,
    IncompleteUpload,
    InvalidInput,
    InvalidRecords,
    JobNotFound,
    MethodNotAllowed,
    ModelNotFound,
    ModelServes,
    NameTaken,
    NewerFormat,
    NoCurrentFile,
    NoEvaluation,
    NotACsv,
    NotEnoughRows,
    NotFound,
    OtherLibraries,
    RouteNotFound,
    SeriesNotFound,
    SlowBody,
    TooLarge,
    TooManyRequests,
    TrainingFailed,
    Unauthorized,
    UnknownColumn,
    UnknownModelType,
    Unprocessable,
    UnreadableContainer,
    UnsupportedEncoding,
)
from regatta.errors.documents import problem_error
from regatta.errors.failures import (
    IncompatibleServerError,
    JobCancelled,
    JobStillRunning,
    NotRegattaError,
    RedirectTargetUnreachable,
    RegattaError,
    UnreachableError,
    UploadInterrupted,
)
from regatta.errors.problem import PREFIX, ProblemError, explained
from regatta.errors.server_errors import (
    DamagedDocument,
    DeadlineExceeded,
    Internal,
    JobTimedOut,
    OutcomeUnknown,
    ServerError,
    StorageUnavailable,
    TimedOut,
    WorkerEnded,
)

__all__ = [
    "PREFIX",
    "ArrivalRefused",
    "AuthenticationError",
    "BadParameter",
    "BadRequest",
    "BadSignature",
    "BadTarget",
    "ColumnsNotKnown",
    "Conflict",
    "DamagedDocument",
    "DeadlineExceeded",
    "FileNotFound",
    "Forbidden",
    "ForeignPage",
    "IdempotencyKeyInUse",
    "IdempotencyKeyReused",
    "IncompatibleServerError",
    "IncompleteUpload",
    "Internal",
    "InvalidInput",
    "InvalidRecords",
    "JobCancelled",
    "JobNotFound",
    "JobStillRunning",
    "JobTimedOut",
    "MethodNotAllowed",
    "ModelNotFound",
    "ModelServes",
    "NameTaken",
    "NewerFormat",
    "NoCurrentFile",
    "NoEvaluation",
    "NotACsv",
    "NotEnoughRows",
    "NotFound",
    "NotRegattaError",
    "OtherLibraries",
    "OutcomeUnknown",
    "ProblemError",
    "RedirectTargetUnreachable",
    "RegattaError",
    "RouteNotFound",
    "SeriesNotFound",
    "ServerError",
    "SlowBody",
    "StorageUnavailable",
    "TimedOut",
    "TooLarge",
    "TooManyRequests",
    "TrainingFailed",
    "Unauthorized",
    "UnknownColumn",
    "UnknownModelType",
    "Unprocessable",
    "UnreachableError",
    "UnreadableContainer",
    "UnsupportedEncoding",
    "UploadInterrupted",
    "WorkerEnded",
    "explained",
    "problem_error",
]
