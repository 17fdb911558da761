/** Client of Regatta: `import { Regatta } from "@regatta/client"`. */

export { Regatta, type RegattaOptions } from "./client.js";
export type { Call } from "./connection.js";
export type { Data, ProcessOptions, UploadOptions } from "./data.js";
export { Download } from "./download.js";
export {
  ArrivalRefused,
  AuthenticationError,
  BadParameter,
  BadRequest,
  BadSignature,
  BadTarget,
  Conflict,
  DamagedDocument,
  DeadlineExceeded,
  FileNotFound,
  IdempotencyKeyInUse,
  IdempotencyKeyReused,
  IncompatibleServerError,
  IncompleteUpload,
  Internal,
  InvalidInput,
  InvalidRecords,
  JobCancelled,
  JobNotFound,
  JobTimedOut,
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
  NotRegattaError,
  OtherLibraries,
  OutcomeUnknown,
  ProblemError,
  type ProblemType,
  RedirectTargetUnreachable,
  RegattaError,
  RouteNotFound,
  SeriesNotFound,
  ServerError,
  SlowBody,
  StorageUnavailable,
  TimedOut,
  TooLarge,
  TooManyRequests,
  TrainingFailed,
  UnknownColumn,
  UnknownModelType,
  Unprocessable,
  UnreachableError,
  UnreadableContainer,
  UnsupportedEncoding,
  UploadInterrupted,
  WorkerEnded,
} from "./errors.js";
export type { Jobs } from "./jobs.js";
export type { CompareOptions, Models, TrainOptions, VersionOptions } from "./models.js";
export type { CsvOptions, ExportOptions, Predict, PredictOptions, RowsOptions } from "./predict.js";
export type { Retries } from "./retries.js";
export type { components, operations, paths } from "./schema.js";
export type { Arrival, Series, SeriesSettings, SeriesUploadOptions } from "./series.js";
export type * from "./types.js";
export { VERSION } from "./version.js";
