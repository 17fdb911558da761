/** Models: `client.models`. */

import { type Connection, readJson } from "./connection.js";
import type { Download } from "./download.js";
import { fields } from "./fields.js";
import type { Jobs } from "./jobs.js";
import type {
  CallOptions,
  Camel,
  Comparison,
  FollowOptions,
  QueryOf,
  Schemas,
  Trained,
  TrainedModel,
} from "./types.js";

export type TrainOptions = Omit<Camel<Schemas["TrainCommand"]>, "modelType" | "targetColumn"> & FollowOptions;

export type CompareOptions = Omit<QueryOf<"compare_models">, "targetColumn" | "include"> &
  FollowOptions & {
    target?: string | undefined;
    /** Model types beyond the nine. */
    include?: readonly string[] | undefined;
  };

interface VersionOptions extends CallOptions {
  /** Default: the version that serves. */
  version?: number | undefined;
}

/** Trains models, compares them, and chooses which version serves. */
export class Models {
  constructor(
    private readonly connection: Connection,
    private readonly jobs: Jobs,
  ) {}

  /** Return the model types that can be trained. */
  available({ signal }: CallOptions = {}): Promise<Schemas["Regressors"]> {
    return this.connection.json("GET", "/model/available", { signal });
  }

  /**
   * Train a model and return its new version; default: on the current file, and the target of its recipe.
   *
   * An aborted signal cancels the training.
   */
  train(modelType: string, target?: string, options: TrainOptions = {}): Promise<Trained> {
    const { onProgress, signal, ...command } = options;
    const json = fields({ ...command, modelType, targetColumn: target });
    return this.order<Trained>("/model/train", json, { onProgress, signal });
  }

  /**
   * Train the nine regressors, or race a portfolio with `timeLimit` and `ensemble`; return the leaderboard.
   *
   * An aborted signal cancels the comparison; a race of the portfolio keeps its best model so far.
   */
  compare(options: CompareOptions = {}): Promise<Comparison> {
    const { target, include, onProgress, signal, ...command } = options;
    const json = fields({ ...command, targetColumn: target, include: include?.join(",") });
    return this.order<Comparison>("/model/compare", json, { onProgress, signal });
  }

  /** Return every version of all models, or of one. */
  async list({ modelName, signal }: CallOptions & { modelName?: string } = {}): Promise<TrainedModel[]> {
    const models: TrainedModel[] = [];
    let cursor: string | null = null;
    do {
      const query: Record<string, unknown> = { model_name: modelName, limit: 1000, cursor };
      const page = await this.connection.json<Schemas["TrainedModels"]>("GET", "/model/trained", { query, signal });
      models.push(...page.models);
      cursor = page.next ?? null;
    } while (cursor !== null);
    return models;
  }

  /** Return the manifest of a model; default: of the one that was trained last. */
  get(modelName?: string, { version, signal }: VersionOptions = {}): Promise<Schemas["ModelManifest"]> {
    return this.connection.json("GET", "/model/info", { query: { model_name: modelName, version }, signal });
  }

  metrics(modelName: string, options: VersionOptions = {}): Promise<Schemas["ModelMetrics"]> {
    return this.of("metrics", modelName, options);
  }

  importance(modelName: string, options: VersionOptions = {}): Promise<Schemas["ModelImportance"]> {
    return this.of("importance", modelName, options);
  }

  /** Return the features that a model takes, with an example of a row. */
  schema(modelName: string, options: VersionOptions = {}): Promise<Schemas["ModelSchema"]> {
    return this.of("schema", modelName, options);
  }

  /** Return a model as a file: an ONNX graph, or the pickle of its pipeline. */
  download(
    modelName: string,
    { signal, ...query }: QueryOf<"download_model"> & CallOptions = {},
  ): Promise<Download> {
    return this.connection.file("GET", `/model/artifact/${encodeURIComponent(modelName)}`, { query, signal });
  }

  /** Let a version serve, newer or older. */
  promote(modelName: string, version: number, { signal }: CallOptions = {}): Promise<Schemas["ChampionChosen"]> {
    const path = `/model/champion/${encodeURIComponent(modelName)}`;
    return this.connection.json("POST", path, { json: { version }, pure: true, signal });
  }

  rename(modelName: string, newName: string, { signal }: CallOptions = {}): Promise<Schemas["ModelRenamed"]> {
    const path = `/model/rename/${encodeURIComponent(modelName)}`;
    return this.connection.json("POST", path, { json: { new_name: newName }, signal });
  }

  /** Delete one version, or without it the whole model. */
  delete(modelName: string, { version, signal }: VersionOptions = {}): Promise<Schemas["VersionsDeleted"]> {
    const path = `/model/trained/${encodeURIComponent(modelName)}`;
    return this.connection.json("DELETE", path, { query: { version }, signal });
  }

  /** Order work as a job, follow it, and return its result. */
  private async order<Result>(path: string, json: Record<string, unknown>, options: FollowOptions): Promise<Result> {
    const call = { json, keyed: true, headers: { Prefer: "respond-async" }, signal: options.signal };
    return this.jobs.finish(await this.connection.work("POST", path, call, readJson<Result>), options);
  }

  private of<Result>(what: string, modelName: string, { version, signal }: VersionOptions): Promise<Result> {
    return this.connection.json("GET", `/model/${what}/${encodeURIComponent(modelName)}`, { query: { version }, signal });
  }
}
