/** Series: `client.series`. */

import { BucketRefusal, checked, type Connection } from "./connection.js";
import { NotFound, problemError, SeriesNotFound, UploadInterrupted } from "./errors.js";
import { fields, segment } from "./fields.js";
import { NoAnswer } from "./transport.js";
import type { CallOptions, Camel, FollowOptions, ListOptions, QueryOf, Schemas, SeriesStatus, Source } from "./types.js";

export type SeriesSettings = Omit<Camel<Schemas["SeriesSettingsRequest"]>, "targetColumn"> & {
  target?: string | null | undefined;
};

export interface SeriesUploadOptions extends CallOptions {
  /** The name of the file; default: that of a `File`, else data.csv. */
  filename?: string | undefined;
  /** The target of a series that has none yet. */
  target?: string | undefined;
}

/** What was decided about a file of a series. */
export type Arrival = Schemas["Arrival"];

/** Milliseconds between two looks at a series. */
const PAUSE = 500;
/** An arrival has a job within seconds. After this long without one, the bucket notifies nobody. */
const SILENCE = 30_000;

/** Sends files that arrive one after another and train one model of the name of their series. */
export class Series {
  constructor(private readonly connection: Connection) {}

  /** Return the first `limit` series, or all, by name. */
  async list(options: ListOptions = {}): Promise<Schemas["SeriesList"]["series"]> {
    const call = { limit: options.limit, signal: options.signal };
    return (await this.connection.items("/series", 100, call, (page: Schemas["SeriesList"]) => page.series))[0];
  }

  get(name: string, { signal }: CallOptions = {}): Promise<SeriesStatus> {
    return this.connection.json("GET", path(name), { signal });
  }

  /** Store the settings of a series; those that are left out get their defaults. */
  configure(
    name: string,
    { target, ...settings }: SeriesSettings,
    { signal }: CallOptions = {},
  ): Promise<Schemas["SeriesConfigured"]> {
    return this.connection.json("PUT", path(name), { json: fields({ ...settings, targetColumn: target }), signal });
  }

  /** Send a file into a series and return its key, which `wait` takes. */
  async upload(name: string, source: Source, options: SeriesUploadOptions = {}): Promise<string> {
    const { filename, target, signal } = options;
    const file = source instanceof Blob ? source : new Blob([source as BlobPart]);
    const given = filename ?? ("name" in file ? String(file.name) : "data.csv");
    const json = fields({ filename: given, sizeBytes: file.size, targetColumn: target });
    const announced = await this.connection.json<Schemas["SeriesUpload"]>("POST", `${path(name)}/uploads`, {
      json,
      keyed: true,
      signal,
    });
    const body = new FormData();
    for (const [field, value] of Object.entries(announced.fields)) {
      body.append(field, value);
    }
    body.append("file", file, given);
    try {
      await this.connection.bucket(announced.url, { method: "POST", body }, checked((answer) => answer.text()), { signal });
    } catch (error) {
      if (error instanceof NoAnswer || error instanceof BucketRefusal) {
        const { host } = new URL(announced.url);
        throw new UploadInterrupted(`${host} did not take the file (${error.message}). Send it again.`, null, {
          cause: error,
        });
      }
      throw error;
    }
    return announced.key;
  }

  /** Wait for the decision about a file that was sent; throws the problem of one that was refused by an error. */
  async wait(name: string, key: string, { onProgress, signal }: FollowOptions = {}): Promise<Arrival> {
    const { now, sleep } = this.connection.retries;
    let seenAt = now();
    for (;;) {
      const job = (await this.found(name, { signal }))?.jobs.find((one) => one.key === key);
      if (job === undefined || job.status === "succeeded") {
        const { history } = await this.history(name, { limit: 100, signal }).catch(nothingYet);
        const decision = history.find((arrival) => arrival.key === key);
        if (decision) {
          return decision;
        }
      }
      if (job) {
        seenAt = now();
        onProgress?.(job.stage, job.progress);
        if (job.status === "failed" || job.status === "cancelled") {
          throw problemError(job.error ?? {}, job.error?.status ?? 500, job.job_id);
        }
      } else if (now() - seenAt > SILENCE) {
        throw new UploadInterrupted(
          `${key} has arrived, and no job was submitted for it: does its bucket notify the queue of template.yaml? ` +
            "`regatta reconcile` finds what was missed.",
          null,
        );
      }
      await sleep(PAUSE, signal);
    }
  }

  /** Return a page of the decisions, the newest first; its `next` is the `after` of the next page. */
  history(
    name: string,
    { signal, ...query }: QueryOf<"list_decisions"> & CallOptions = {},
  ): Promise<Schemas["SeriesHistory"]> {
    return this.connection.json("GET", `${path(name)}/history`, { query, signal });
  }

  /** Return the report on one decision, as JSON or as an HTML page in the `language` of a tag of BCP 47 such as `zh`. */
  report(name: string, jobId: string, options?: CallOptions & { format?: "json" }): Promise<Schemas["DecisionReport"]>;
  report(name: string, jobId: string, options: CallOptions & { format: "html"; language?: string }): Promise<string>;
  report(
    name: string,
    jobId: string,
    { format = "json", language, signal }: CallOptions & { format?: "json" | "html"; language?: string } = {},
  ): Promise<Schemas["DecisionReport"] | string> {
    const report = `${path(name)}/reports/${segment(jobId)}`;
    const call = { query: fields({ format, language }), signal };
    return format === "html" ? this.connection.text("GET", report, call) : this.connection.json("GET", report, call);
  }

  /** Decide otherwise about a file: whether challengers train on it. */
  overrule(name: string, jobId: string, learned: boolean, { signal }: CallOptions = {}): Promise<Arrival> {
    const arrival = `${path(name)}/arrivals/${segment(jobId)}`;
    return this.connection.json("PATCH", arrival, { json: { learned }, pure: true, signal });
  }

  /** Return a series; null where no file of it has been noticed yet. */
  private found(name: string, options: CallOptions): Promise<SeriesStatus | null> {
    return this.get(name, options).catch((error: unknown) => {
      if (error instanceof SeriesNotFound) {
        return null;
      }
      throw error;
    });
  }
}

function path(name: string): string {
  return `/series/${segment(name)}`;
}

function nothingYet(error: unknown): Pick<Schemas["SeriesHistory"], "history"> {
  if (error instanceof NotFound) {
    return { history: [] };
  }
  throw error;
}
