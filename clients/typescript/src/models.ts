/** Models: `client.models`. */

import { type Connection, type Outcome, readJson } from "./connection.js";
import type { Download } from "./download.js";
import { NotRegattaError } from "./errors.js";
import { fields, modelFields, modelName, segment } from "./fields.js";
import type { Jobs } from "./jobs.js";
import type {
  CallOptions,
  Camel,
  Comparison,
  FollowOptions,
  Job,
  ListOptions,
  ModelReference,
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

export interface VersionOptions extends CallOptions {
  /** Default: the version that serves, or that of the answer which names the model. */
  version?: number | undefined;
}

/**
 * Trains models, compares them, and chooses which version serves.
 *
 * A model is named by its name, or by an answer that names it, such as that of `train`: this means its very version.
 */
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
  async train(modelType: string, target?: string, options: TrainOptions = {}): Promise<Trained> {
    return this.jobs.finish(await this.order<Trained>("/model/train", trainFields(modelType, target, options), options), options);
  }

  /** Order a training, and return its job at once. */
  async submitTrain(modelType: string, target?: string, options: TrainOptions = {}): Promise<Job> {
    return submitted(await this.order("/model/train", trainFields(modelType, target, options), options));
  }

  /**
   * Train the nine regressors, or race a portfolio with `timeLimit` and `ensemble`; return the leaderboard.
   *
   * An aborted signal cancels the comparison; a race of the portfolio keeps its best model so far.
   */
  async compare(options: CompareOptions = {}): Promise<Comparison> {
    return this.jobs.finish(await this.order<Comparison>("/model/compare", compareFields(options), options), options);
  }

  /** Order a comparison, and return its job at once. */
  async submitCompare(options: CompareOptions = {}): Promise<Job> {
    return submitted(await this.order("/model/compare", compareFields(options), options));
  }

  /** Return the first `limit` versions, or all, of every model or of one, by name and number. */
  async list({ modelName, limit, signal }: ListOptions & { modelName?: string } = {}): Promise<TrainedModel[]> {
    const call = { limit, signal, query: { model_name: modelName } };
    const read = (page: Schemas["TrainedModels"]) => page.models;
    return (await this.connection.items("/model/trained", 1000, call, read))[0];
  }

  /** Return the names of the models of which nobody can read which version serves. */
  async damaged({ signal }: CallOptions = {}): Promise<string[]> {
    const read = (page: Schemas["TrainedModels"]) => page.damaged ?? [];
    return (await this.connection.items("/model/trained", 1000, { signal }, read))[0];
  }

  /** Return the manifest of a model; default: of the one that was trained last. */
  get(model?: ModelReference, { version, signal }: VersionOptions = {}): Promise<Schemas["ModelManifest"]> {
    return this.connection.json("GET", "/model/info", { query: modelFields(model, version), signal });
  }

  metrics(model: ModelReference, options: VersionOptions = {}): Promise<Schemas["ModelMetrics"]> {
    return this.of("metrics", model, options);
  }

  importance(model: ModelReference, options: VersionOptions = {}): Promise<Schemas["ModelImportance"]> {
    return this.of("importance", model, options);
  }

  /** Return how predictions change with each column: partial dependence, and curves of single rows. */
  effects(model: ModelReference, options: VersionOptions = {}): Promise<Schemas["ModelEffects"]> {
    return this.of("effects", model, options);
  }

  /** Return the features that a model takes, with an example of a row. */
  schema(model: ModelReference, options: VersionOptions = {}): Promise<Schemas["ModelSchema"]> {
    return this.of("schema", model, options);
  }

  /** Return a model as one HTML page, in the `language` of a tag of BCP 47 such as `zh`. */
  report(
    model: ModelReference,
    { version, language, signal }: VersionOptions & { language?: string } = {},
  ): Promise<string> {
    const query = fields({ ...versionOf(model, version), language });
    return this.connection.text("GET", path("report", model), { query, signal });
  }

  /** Return a model as a file: an ONNX graph, or the pickle of its pipeline. */
  download(
    model: ModelReference,
    { format, version, signal }: QueryOf<"download_model"> & CallOptions = {},
  ): Promise<Download> {
    const query = { format, ...versionOf(model, version ?? undefined) };
    return this.connection.file("GET", path("artifact", model), { query, signal });
  }

  /** Let a version serve, newer or older. */
  promote(model: ModelReference, version?: number, { signal }: CallOptions = {}): Promise<Schemas["ChampionChosen"]> {
    return this.connection.json("POST", path("champion", model), { json: versionOf(model, version), pure: true, signal });
  }

  rename(model: ModelReference, newName: string, { signal }: CallOptions = {}): Promise<Schemas["ModelRenamed"]> {
    return this.connection.json("POST", path("rename", model), { json: { new_name: newName }, signal });
  }

  /** Delete one version, or the whole model if only its name is given. */
  delete(model: ModelReference, { version, signal }: VersionOptions = {}): Promise<Schemas["VersionsDeleted"]> {
    return this.connection.json("DELETE", path("trained", model), { query: versionOf(model, version), signal });
  }

  private of<Result>(what: string, model: ModelReference, { version, signal }: VersionOptions): Promise<Result> {
    return this.connection.json("GET", path(what, model), { query: versionOf(model, version), signal });
  }

  /** Order work, as a job. */
  private order<Result>(
    path: string,
    json: Record<string, unknown>,
    { signal }: CallOptions,
  ): Promise<Outcome<Result>> {
    const call = { json, keyed: true, headers: { Prefer: "respond-async" }, signal };
    return this.connection.work("POST", path, call, readJson<Result>);
  }
}

function trainFields(modelType: string, target: string | undefined, options: TrainOptions): Record<string, unknown> {
  const { onProgress: _, signal: __, ...command } = options;
  return fields({ ...command, modelType, targetColumn: target });
}

function compareFields({ target, include, onProgress: _, signal: __, ...command }: CompareOptions): Record<string, unknown> {
  return fields({ ...command, targetColumn: target, include: include?.join(",") });
}

function versionOf(model: ModelReference, version: number | undefined): Record<string, unknown> {
  return fields({ version: modelFields(model, version)["version"] });
}

function path(what: string, model: ModelReference): string {
  return `/model/${what}/${segment(modelName(model))}`;
}

function submitted(outcome: Outcome<unknown>): Job {
  if ("job" in outcome) {
    return outcome.job;
  }
  throw new NotRegattaError("The service carried the work out at once, though a job was asked for.", 200);
}
