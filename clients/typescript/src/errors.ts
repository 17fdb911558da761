/**
 * Every error of the client, as one tree. Each message says the way out.
 *
 * A problem of a type that is not listed, as a newer service may have, is thrown as the class of its status.
 */

import type { FieldError, Job, Problem } from "./types.js";

const PREFIX = "urn:regatta:problem:";

/** Base of every error that the client throws on purpose. An aborted call throws the reason of its signal instead. */
export class RegattaError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Nothing answers at the address of the service, or not in time. */
export class UnreachableError extends RegattaError {}

/** What answers at the address is not Regatta: a proxy, or another program. */
export class NotRegattaError extends RegattaError {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

/** The service has another major version than the client. */
export class IncompatibleServerError extends RegattaError {
  constructor(
    message: string,
    readonly clientVersion: string,
    readonly serverVersion: string,
  ) {
    super(message);
  }
}

/** The service answered with the URL of a file, and nothing is to be had at that URL from here. */
export class RedirectTargetUnreachable extends RegattaError {
  constructor(
    message: string,
    readonly host: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The bytes of a file could not be sent in full. `upload` with `resume: error.fileId` goes on where it was. */
export class UploadInterrupted extends RegattaError {
  constructor(
    message: string,
    readonly fileId: string | null,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A job that was followed was cancelled, by this caller or another one. */
export class JobCancelled extends RegattaError {
  constructor(
    message: string,
    readonly job: Job,
  ) {
    super(message);
  }
}

/** The service refused a request, or a job failed: a problem document (RFC 9457). */
export class ProblemError extends RegattaError {
  /** The kind of the problem, such as `no-such-model`: its type without the prefix. */
  readonly type: ProblemType | (string & {});
  readonly title: string;
  readonly detail: string;
  /** Each field, row and column that is wrong. */
  readonly errors: readonly FieldError[];
  readonly instance: string | null;

  constructor(
    /** The whole document. */
    readonly problem: Partial<Problem>,
    readonly status: number,
    /** The job that failed, where it was one. */
    readonly jobId: string | null = null,
  ) {
    const detail = problem.detail || problem.title || `The service answered ${status}.`;
    const errors = Array.isArray(problem.errors) ? problem.errors : [];
    super([detail, ...errors.map(errorLine)].join("\n"));
    this.type = String(problem.type ?? "").replace(PREFIX, "");
    this.title = problem.title ?? "";
    this.detail = detail;
    this.errors = errors;
    this.instance = problem.instance ?? null;
  }
}

/** 400: the request cannot be read. */
export class BadRequest extends ProblemError {}
/** A model is damaged, was changed, or was not signed by this deployment. */
export class BadSignature extends BadRequest {}

/** 401 or 403: the API key is missing, wrong, or may not do this. */
export class AuthenticationError extends ProblemError {}

/** 404: what was asked for does not exist. */
export class NotFound extends ProblemError {}
/** No dataset has this file_id. */
export class FileNotFound extends NotFound {}
/** Nothing was uploaded yet, or the current file was deleted. */
export class NoCurrentFile extends NotFound {}
/** No model has this name, or not this version. */
export class ModelNotFound extends NotFound {}
/** No job has this id. */
export class JobNotFound extends NotFound {}
/** No series has this name. */
export class SeriesNotFound extends NotFound {}
/** The version was trained before this figure existed. */
export class NoEvaluation extends NotFound {}
/** No endpoint answers at this path: the service is older, or the URL lacks the prefix of a stage. */
export class RouteNotFound extends NotFound {}

/** 405: the endpoint takes another method. */
export class MethodNotAllowed extends ProblemError {}

/** 409: another caller changed the same thing at the same time. */
export class Conflict extends ProblemError {}
/** Parts of a large upload are missing. */
export class IncompleteUpload extends Conflict {}
/** The first request with this Idempotency-Key is still being answered. */
export class IdempotencyKeyInUse extends Conflict {}
/** A version cannot be deleted while it serves. */
export class ModelServes extends Conflict {}
/** Another model has the new name. */
export class NameTaken extends Conflict {}
/** A pickle was written by other library versions than the service has. */
export class OtherLibraries extends Conflict {}
/** A newer version of Regatta wrote what is stored. */
export class NewerFormat extends Conflict {}

/** 408: the body did not reach the service in time. */
export class SlowBody extends ProblemError {}

/** 413: the request or its answer is over a limit. */
export class TooLarge extends ProblemError {}
/** 415: the body has a Content-Encoding that the service cannot unpack. */
export class UnsupportedEncoding extends ProblemError {}

/** 422: the request was understood, and its content is wrong. */
export class Unprocessable extends ProblemError {}
/** The bytes are not a table. */
export class NotACsv extends Unprocessable {}
/** No table of a workbook, an archive or another container can be read. */
export class UnreadableContainer extends NotACsv {}
/** The table has no such column. */
export class UnknownColumn extends Unprocessable {}
/** The target is text, constant or not set. */
export class BadTarget extends Unprocessable {}
/** There is no such model type. */
export class UnknownModelType extends Unprocessable {}
/** The estimator has no such parameter, or the value is out of its range. */
export class BadParameter extends Unprocessable {}
/** The table has too few rows. */
export class NotEnoughRows extends Unprocessable {}
/** The Idempotency-Key belongs to another request. */
export class IdempotencyKeyReused extends Unprocessable {}
/** The file of a series cannot be trained on. */
export class ArrivalRefused extends Unprocessable {}
/** A field of the request is missing, unknown or of the wrong type. */
export class InvalidInput extends Unprocessable {}
/** A feature is absent or of the wrong type in the rows to predict. */
export class InvalidRecords extends Unprocessable {}
/** The estimator refused the table, or its graph did not agree with it. */
export class TrainingFailed extends Unprocessable {}

/** 429: more requests than the deployment allows, also after the client has waited and tried again. */
export class TooManyRequests extends ProblemError {}

/** 500 and above: the service or a gateway before it failed. */
export class ServerError extends ProblemError {}
/** An internal error of the service, which is in its log. */
export class Internal extends ServerError {}
/** A document in the bucket of the service is damaged. */
export class DamagedDocument extends ServerError {}
/** The object store or the queue of jobs did not answer. */
export class StorageUnavailable extends ServerError {}
/** The service did not have the answer ready in time. A change may have been made all the same. */
export class DeadlineExceeded extends StorageUnavailable {}
/** The process of the service that did the work was killed, or none was free. */
export class WorkerEnded extends StorageUnavailable {}
/** Storage broke off in the middle of a change, which may have been made all the same. */
export class OutcomeUnknown extends StorageUnavailable {}
/** The answer took longer than the gateway waits. */
export class TimedOut extends ServerError {}
/** The job took longer than it may. */
export class JobTimedOut extends ServerError {}

const BY_TYPE = {
  "bad-request": BadRequest,
  "bad-signature": BadSignature,
  unauthorized: AuthenticationError,
  forbidden: AuthenticationError,
  "foreign-page": AuthenticationError,
  "no-such-file": FileNotFound,
  "no-current-file": NoCurrentFile,
  "no-such-model": ModelNotFound,
  "no-such-job": JobNotFound,
  "no-such-series": SeriesNotFound,
  "no-evaluation": NoEvaluation,
  "no-such-route": RouteNotFound,
  "method-not-allowed": MethodNotAllowed,
  conflict: Conflict,
  "incomplete-upload": IncompleteUpload,
  "idempotency-key-in-use": IdempotencyKeyInUse,
  "model-serves": ModelServes,
  "name-taken": NameTaken,
  "other-libraries": OtherLibraries,
  "newer-format": NewerFormat,
  "slow-body": SlowBody,
  "too-large": TooLarge,
  "unsupported-encoding": UnsupportedEncoding,
  "not-a-csv": NotACsv,
  "unreadable-container": UnreadableContainer,
  "unknown-column": UnknownColumn,
  "bad-target": BadTarget,
  "unknown-model-type": UnknownModelType,
  "bad-parameter": BadParameter,
  "not-enough-rows": NotEnoughRows,
  "idempotency-key-reused": IdempotencyKeyReused,
  "arrival-refused": ArrivalRefused,
  "invalid-input": InvalidInput,
  "invalid-records": InvalidRecords,
  "training-failed": TrainingFailed,
  "too-many-requests": TooManyRequests,
  "storage-unavailable": StorageUnavailable,
  "deadline-exceeded": DeadlineExceeded,
  "worker-ended": WorkerEnded,
  "outcome-unknown": OutcomeUnknown,
  "timed-out": TimedOut,
  "job-timed-out": JobTimedOut,
  "damaged-document": DamagedDocument,
  internal: Internal,
} satisfies Record<string, typeof ProblemError>;

/** The kinds of problem that this version of the service has: docs/errors.md. */
export type ProblemType = keyof typeof BY_TYPE;

const BY_STATUS: Record<number, typeof ProblemError> = {
  400: BadRequest,
  401: AuthenticationError,
  403: AuthenticationError,
  404: NotFound,
  405: MethodNotAllowed,
  409: Conflict,
  413: TooLarge,
  415: UnsupportedEncoding,
  422: Unprocessable,
  429: TooManyRequests,
};

/** Return the error of a problem document: that of its type, else that of its status. */
export function problemError(problem: Partial<Problem>, status: number, jobId: string | null = null): ProblemError {
  const type = String(problem.type ?? "").replace(PREFIX, "");
  const ofStatus = BY_STATUS[status] ?? (status >= 500 ? ServerError : ProblemError);
  const Kind = Object.hasOwn(BY_TYPE, type) ? BY_TYPE[type as ProblemType] : ofStatus;
  return new Kind(problem, status, jobId);
}

/** Return whether a body is a problem document of Regatta, also where the gateway wrote it. */
export function isProblem(body: unknown): body is Problem {
  return typeof body === "object" && body !== null && "type" in body && String(body.type).startsWith(PREFIX);
}

/** Write `{row: 3, message: "..."}` as `  row 3: ...`. */
function errorLine({ message, ...place }: FieldError): string {
  const where = Object.entries(place).map(([name, value]) => `${name} ${value}`);
  return `  ${where.join(", ")}${message ? `: ${message}` : ""}`;
}
