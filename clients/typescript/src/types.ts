/**
 * The words of the client's types. Answers are what the service sends, as docs/openapi.json declares it; options are
 * the same fields in camelCase.
 */

import type { components, operations } from "./schema.js";

/** Every schema of the OpenAPI document, by its name. */
export type Schemas = components["schemas"];

export type BatchPredictions = Schemas["BatchPredictions"];
export type Comparison = Schemas["Comparison"];
export type Dataset = Schemas["Upload"];
export type DatasetInfo = Schemas["DatasetInfo"];
export type FieldError = Schemas["FieldError"];
export type FileStatus = Schemas["FileReady"] | Schemas["UploadTicket"];
export type Job = Schemas["JobAnswer"];
export type Prediction = Schemas["Prediction"];
export type Problem = Schemas["Problem"];
export type SeriesStatus = Schemas["SeriesStatus"];
export type SystemStatus = Schemas["SystemStatus"];
export type Trained = Schemas["Trained"];
export type TrainedModel = Schemas["TrainedModel"];

/** A row to predict: values by the name of their column. A `Date` is sent in UTC, `NaN` is a missing value. */
export type Row = Record<string, unknown>;

/** A model by its name, or as an answer of the service, which means its very version. */
export type ModelReference = string | { readonly model_name: string; readonly version?: number };

/** Bytes of a file. In Node `await openAsBlob(path)` of `node:fs` makes a Blob that is not read into memory. */
export type Source = Blob | Uint8Array | ArrayBuffer;

/** Is called with what is being done, in one word, and how much of it is done, from 0 to 1. */
export type OnProgress = (stage: string, fraction: number) => void;

/** What every call takes. */
export interface CallOptions {
  /** Aborts the call, which then throws the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** What a call takes that follows work of the service. */
export interface ListOptions extends CallOptions {
  /** How many items at most; default: all. */
  limit?: number | undefined;
}

export interface FollowOptions extends CallOptions {
  onProgress?: OnProgress | undefined;
}

/** How a file is to be read; what is left out is inferred. */
export type Reading = Camel<Schemas["ReadingRequest"]>;

/** The query of an operation, in camelCase. */
export type QueryOf<Operation extends keyof operations> = Camel<
  NonNullable<operations[Operation]["parameters"]["query"]>
>;

/** The same fields in camelCase. */
export type Camel<Fields> = { [Name in keyof Fields as CamelCase<Name>]: Fields[Name] | undefined };

type CamelCase<Name> = Name extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<CamelCase<Tail> & string>}` : Name;
