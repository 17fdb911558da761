/** Predictions: `client.predict`. */

import { type Call, type Connection, type Outcome, readFile, readJson } from "./connection.js";
import type { Download } from "./download.js";
import { InvalidRecords } from "./errors.js";
import { fields, modelFields } from "./fields.js";
import type { Jobs } from "./jobs.js";
import { type Batch, batchesOf, plainRow } from "./rows.js";
import type {
  BatchPredictions,
  CallOptions,
  Camel,
  FollowOptions,
  ModelReference,
  Prediction,
  QueryOf,
  Row,
  Schemas,
} from "./types.js";

/** Which model predicts, and how. */
export interface PredictOptions extends CallOptions {
  /** The name of a model, or an answer that names one. */
  model?: ModelReference | undefined;
  /** Default: the version that serves. */
  version?: number | undefined;
  /** A model that the caller keeps: the `model_data` of a training with `returnModel`. */
  modelData?: string | undefined;
  /** What would be a warning is an error. */
  strict?: boolean | undefined;
  /** Add bounds that hold this share of the true values, such as 0.9. */
  interval?: number | undefined;
  /** Say what each column contributes to each prediction. */
  explain?: boolean | undefined;
}

/** What the service explains in one request of nearly every model. */
const EXPLAINED_ROWS = 32;

export interface RowsOptions extends PredictOptions, FollowOptions {
  /** Rows in one request at most. */
  batchRows?: number | undefined;
}

export type CsvOptions = PredictOptions & Pick<QueryOf<"predict_rows">, "encoding" | "delimiter" | "hasHeader">;

export type ExportOptions = PredictOptions &
  FollowOptions &
  Omit<Camel<Schemas["ExportRequest"]>, "data" | "modelName" | "modelInfo"> & {
    /** Rows to predict, in place of the `fileId` of a stored file or the `prefix` of many objects. */
    rows?: readonly Row[] | undefined;
  };

type Explanation = NonNullable<BatchPredictions["explanation"]>;

/** Predicts one row, many, or a file. */
export class Predict {
  constructor(
    private readonly connection: Connection,
    private readonly jobs: Jobs,
  ) {}

  /** Predict one row. */
  row(row: Row, options: PredictOptions = {}): Promise<Prediction> {
    const { body, signal } = split(options);
    return this.connection.json("POST", "/predict", { json: { data: plainRow(row), ...body }, pure: true, signal });
  }

  /** Predict any number of rows, in batches, and return the predictions in their order. */
  async rows(rows: readonly Row[], options: RowsOptions = {}): Promise<BatchPredictions> {
    const { batchRows = options.explain ? EXPLAINED_ROWS : 10_000, onProgress, ...rest } = options;
    const { body, signal } = split(rest);
    let all: BatchPredictions | undefined;
    for (const batch of batchesOf(rows, batchRows)) {
      // All batches are predicted by the version that predicts the first one.
      const named = all && !("model_data" in body) ? { ...body, model_name: all.model_name, version: all.version } : body;
      const head = JSON.stringify(named).slice(0, -1);
      const text = `${head}${head.length > 1 ? "," : ""}${batch.json}}`;
      const headers = { "Content-Type": "application/json" };
      const call: Call = { body: text, headers, pure: true, signal };
      const answer = await this.connection
        .json<BatchPredictions>("POST", "/predict/batch", call)
        .catch((error: unknown) => Promise.reject(movedBy(batch, error)));
      all = all ? joined(all, answer) : answer;
      onProgress?.("predicting", rows.length ? (batch.first + batch.count) / rows.length : 1);
    }
    return all as BatchPredictions;
  }

  /** Predict the rows of a CSV: a text, or bytes in any encoding. */
  csv(content: string | Blob | Uint8Array, options: CsvOptions = {}): Promise<BatchPredictions> {
    const { body: query, signal } = split(options);
    const headers = { "Content-Type": typeof content === "string" ? "text/csv; charset=utf-8" : "text/csv" };
    return this.connection.json("POST", "/predict/batch", {
      query,
      headers,
      body: content as NonNullable<RequestInit["body"]>,
      pure: true,
      signal,
    });
  }

  /** Predict the rows of a stored file; a large one becomes a job, which is followed. */
  file(fileId: string, options: PredictOptions & FollowOptions = {}): Promise<BatchPredictions> {
    return this.stored({ file_id: fileId }, options);
  }

  /** Predict many objects of the bucket as one table: those below `{workspace}/parts/` whose keys go on with `prefix`. */
  objects(prefix: string, options: PredictOptions & FollowOptions = {}): Promise<BatchPredictions> {
    return this.stored({ prefix }, options);
  }

  private async stored(source: object, options: PredictOptions & FollowOptions): Promise<BatchPredictions> {
    const { onProgress, ...rest } = options;
    const { body, signal } = split(rest);
    const call = { json: { ...source, ...body }, keyed: true, signal };
    const outcome = await this.connection.work("POST", "/predict/batch", call, readJson<BatchPredictions>);
    return this.jobs.finish(outcome, { onProgress, signal }, ({ url }) =>
      this.connection.fileAt(String(url), readJson<BatchPredictions>, { signal }),
    );
  }

  /**
   * Return rows with their predictions as a file: `csv`, `excel`, `json`, `jsonl` or `parquet`. Of a large table
   * and of a `prefix` in parquet it is a manifest, in JSON, which `parts` takes.
   */
  async export(options: ExportOptions): Promise<Download> {
    const { rows, onProgress, ...rest } = options;
    const { body, signal } = split(rest);
    const json = { ...body, ...(rows && { data: rows.map(plainRow) }) };
    const call: Call = { json, ...(rows ? { pure: true } : { keyed: true }), streamed: true, signal };
    const outcome: Outcome<Download> = await this.connection.work("POST", "/predict/export", call, readFile);
    return this.jobs.finish(outcome, { onProgress, signal }, ({ url }) =>
      this.connection.fileAt(String(url), readFile, { streamed: true, signal }),
    );
  }

  /** Yield the files of an export in parquet in their order: those that its manifest names, or the export itself. */
  async *parts(exported: Download, { signal }: CallOptions = {}): AsyncGenerator<Download, void, undefined> {
    if (!exported.type.startsWith("application/json")) {
      yield exported;
      return;
    }
    const { parts } = JSON.parse(await exported.text()) as { parts: { url: string }[] };
    for (const { url } of parts) {
      yield await this.connection.fileAt(url, readFile, { streamed: true, signal });
    }
  }
}

/** Return the fields of a request, and the signal of its call. */
function split({ model, version, signal, ...rest }: PredictOptions): {
  body: Record<string, unknown>;
  signal: AbortSignal | undefined;
} {
  return { body: fields({ ...modelFields(model, version), ...rest }), signal };
}

/** Return the predictions of two batches as those of one; each warning is there once. */
function joined(before: BatchPredictions, next: BatchPredictions): BatchPredictions {
  return {
    ...before,
    predictions: before.predictions.concat(next.predictions),
    count: before.count + next.count,
    warnings: [...new Set([...before.warnings, ...next.warnings])],
    ...(before.lower && next.lower && { lower: before.lower.concat(next.lower) }),
    ...(before.upper && next.upper && { upper: before.upper.concat(next.upper) }),
    ...(before.explanation && next.explanation && { explanation: explained(before.explanation, next.explanation) }),
  };
}

/** Return the explanations of two batches as one. */
function explained(before: Explanation, next: Explanation): Explanation {
  const columns = Object.entries(before.contributions);
  const contributions = columns.map(([name, values]) => [name, values.concat(next.contributions[name] ?? [])]);
  return { ...before, contributions: Object.fromEntries(contributions) };
}

/** Return the error of a batch with the numbers that its rows have among all rows. A batch of one row has none. */
function movedBy({ first, count }: Batch, error: unknown): unknown {
  if (!(error instanceof InvalidRecords) || first === 0) {
    return error;
  }
  const errors = error.errors.map((one) => {
    const row = one.row ?? (count === 1 ? 0 : undefined);
    return row === undefined ? one : { ...one, row: row + first };
  });
  return new InvalidRecords({ ...error.problem, errors }, error.status);
}
