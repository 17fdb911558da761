/** The client: its resources, and how it reaches the service. */

import { Address, type HeadersOption } from "./address.js";
import { type Call, Connection } from "./connection.js";
import { Data } from "./data.js";
import { Jobs } from "./jobs.js";
import { Models } from "./models.js";
import { Predict } from "./predict.js";
import { type Retries, retriesOf } from "./retries.js";
import { Series } from "./series.js";
import { type Fetch, Transport } from "./transport.js";
import type { CallOptions, SystemStatus } from "./types.js";

/** Milliseconds. A large table on a slow machine takes minutes, and the service answers as soon as it is done. */
const TIMEOUT = 300_000;

export interface RegattaOptions {
  /** The address of the service, also with the path of a stage or a proxy; default: REGATTA_URL, else port 8000 here. */
  url?: string | URL | undefined;
  /** Sent as X-Api-Key to the service, and to no other host; default: REGATTA_API_KEY. */
  apiKey?: string | undefined;
  /** Sent with every request to the service, and to no other host. */
  headers?: HeadersOption | undefined;
  /** Sends the requests; default: the one of the platform. */
  fetch?: Fetch | undefined;
  /** Milliseconds until an answer has to be there; default: five minutes. A download may take longer. */
  timeout?: number | undefined;
  /** How often a request that may be repeated is sent at most (1: once), or when exactly. */
  retries?: number | Partial<Retries> | undefined;
}

/** A client of one service. It keeps nothing open. */
export class Regatta {
  readonly data: Data;
  readonly models: Models;
  readonly predict: Predict;
  readonly jobs: Jobs;
  readonly series: Series;
  private readonly connection: Connection;

  /** Throws a `TypeError` for a URL or a header that cannot be used. Nothing is sent yet. */
  constructor({ url, apiKey, headers, fetch, timeout = TIMEOUT, retries }: RegattaOptions = {}) {
    // Called as a method of anything but the global object, the `fetch` of a browser fails.
    const send: Fetch = fetch ?? ((input, init) => globalThis.fetch(input, init));
    const transport = new Transport(send, timeout);
    this.connection = new Connection(new Address(url, apiKey, headers), transport, retriesOf(retries));
    this.jobs = new Jobs(this.connection);
    this.data = new Data(this.connection, this.jobs);
    this.models = new Models(this.connection, this.jobs);
    this.predict = new Predict(this.connection, this.jobs);
    this.series = new Series(this.connection);
  }

  /** The address of the service, without a slash at its end. */
  get url(): string {
    return this.connection.address.url;
  }

  /** Return how the service is: storage, Redis, queue and cache. */
  status({ signal }: CallOptions = {}): Promise<SystemStatus> {
    return this.connection.json("GET", "/system/status", { signal });
  }

  /** Return the version of the service. */
  async version({ signal }: CallOptions = {}): Promise<string> {
    return (await this.connection.json<{ version: string }>("GET", "/", { signal })).version;
  }

  /**
   * Send any other request, with the same retries and errors, and return the JSON of its answer. One that may not be
   * repeated is sent once, unless it is `keyed` (it gets an Idempotency-Key) or `pure` (it changes nothing).
   */
  request<Result>(method: string, path: string, call: Call = {}): Promise<Result> {
    return this.connection.json(method, path, call);
  }
}
