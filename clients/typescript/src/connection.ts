/** Requests to a service. What it refuses becomes a typed error, and what may be repeated is. */

import type { Address } from "./address.js";
import { Download } from "./download.js";
import { IdempotencyKeyInUse, RedirectTargetUnreachable, RegattaError } from "./errors.js";
import { pauseAfter, REPEATED_STATUSES, type Retries } from "./retries.js";
import { NoAnswer, type Read, type Transport, Unreadable, Verdict } from "./transport.js";
import type { CallOptions, Job, ListOptions } from "./types.js";
import { Refused, refusalOf, unreachable, unreadable } from "./verdicts.js";

/** A request, beside its method and path. */
export interface Call extends CallOptions {
  query?: Record<string, unknown>;
  headers?: Record<string, string>;
  /** A body: `json` is written as JSON. */
  json?: unknown;
  body?: RequestInit["body"];
  /** Sent with an Idempotency-Key, so that it may be repeated. */
  keyed?: boolean;
  /** Changes nothing, so that it may be repeated. */
  pure?: boolean;
  /** The body of the answer is read by the caller, without a time limit. */
  streamed?: boolean;
}

/** What long work comes to: its answer, or the job that it became. */
export type Outcome<Result> = { readonly answer: Result } | { readonly job: Job };

const REPEATED_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "PUT", "DELETE"]);

/** The service sends to a URL elsewhere. `null`: a browser hides where to. */
class Redirect extends Verdict {
  constructor(readonly location: string | null) {
    super();
  }
}

export class Connection {
  constructor(
    readonly address: Address,
    readonly transport: Transport,
    readonly retries: Retries,
  ) {}

  /** Return the JSON of an answer. */
  json<Result>(method: string, path: string, call: Call = {}): Promise<Result> {
    return this.send(method, path, call, readJson<Result>);
  }

  /** Return the items of a list, `limit` of them or all, from pages of `size`; and the answer with the last of them. */
  async items<Page extends { next: string | null }, Item>(
    path: string,
    size: number,
    { limit, query, signal }: ListOptions & { query?: Record<string, unknown> },
    itemsOf: (page: Page) => Item[],
  ): Promise<[Item[], Page]> {
    const items: Item[] = [];
    let cursor: string | null = null;
    for (;;) {
      const most: number = limit === undefined ? size : Math.max(1, Math.min(size, limit - items.length));
      const page: Page = await this.json<Page>("GET", path, { query: { ...query, limit: most, cursor }, signal });
      items.push(...itemsOf(page));
      cursor = page.next;
      if (cursor === null || items.length >= (limit ?? Infinity)) return [items.slice(0, limit), page];
    }
  }

  /** Return the text of an answer. */
  text(method: string, path: string, call: Call = {}): Promise<string> {
    return this.send(method, path, call, (response) => response.text());
  }

  /** Return the file of an answer, whose body is still to be read. */
  file(method: string, path: string, call: Call = {}): Promise<Download> {
    return this.send(method, path, { ...call, streamed: true }, readFile);
  }

  /** Return what `read` makes of the answer, or the job that the request became (202). */
  work<Result>(method: string, path: string, call: Call, read: Read<Result>): Promise<Outcome<Result>> {
    return this.send(method, path, call, async (response) =>
      response.status === 202 ? { job: await readJson<Job>(response) } : { answer: await read(response) },
    );
  }

  /**
   * Send a request, follow it to a bucket if it is sent there, and return what `read` makes of the answer.
   *
   * Throws a `RegattaError`, or the reason of the signal.
   */
  async send<Result>(method: string, path: string, call: Call, read: Read<Result>): Promise<Result> {
    const url = this.address.of(path, call.query);
    const init = this.request(method, call);
    const isRepeatable = Boolean(call.keyed || call.pure || REPEATED_METHODS.has(method));
    try {
      return await this.repeat(call, isRepeatable, () => this.transport.exchange(url, init, this.judged(read), call));
    } catch (error) {
      if (error instanceof Redirect) {
        return await this.follow(error.location, url, init, read, call);
      }
      throw error;
    }
  }

  /** Send a request to a presigned URL, with none of the service's headers. Throws `NoAnswer` and `Verdict`. */
  bucket<Result>(url: string, init: RequestInit, read: Read<Result>, call: Call = {}): Promise<Result> {
    return this.transport.exchange(url, { ...init, credentials: "omit" }, read, call);
  }

  /** Make an attempt, and others after failures that may pass. Throws the error of the last one. */
  private async repeat<Result>(call: Call, isRepeatable: boolean, attempt: () => Promise<Result>): Promise<Result> {
    for (let number = 1; ; number++) {
      let retryAfter: string | null = null;
      let mayPass: boolean;
      let error: RegattaError;
      try {
        return await attempt();
      } catch (thrown) {
        if (thrown instanceof NoAnswer) {
          // Nothing listens at a port of this machine, and waiting would only delay the message.
          mayPass = thrown.isUnsent ? !this.address.isLoopback : isRepeatable;
          error = unreachable(this.address, thrown);
        } else if (thrown instanceof Refused) {
          mayPass = isRepeatable && (REPEATED_STATUSES.has(thrown.status) || thrown.error instanceof IdempotencyKeyInUse);
          ({ error, retryAfter } = thrown);
        } else if (thrown instanceof Unreadable) {
          [mayPass, error] = [false, unreadable(this.address, thrown)];
        } else {
          throw thrown;
        }
      }
      const pause = mayPass ? pauseAfter(this.retries, number, retryAfter) : null;
      if (pause === null) {
        throw error;
      }
      await this.retries.sleep(pause, call.signal);
    }
  }

  /** Return a `read` that throws `Refused` for an error and `Redirect` for a file that is elsewhere. */
  private judged<Result>(read: Read<Result>): Read<Result> {
    return async (response) => {
      if (response.type === "opaqueredirect") {
        throw new Redirect(null);
      }
      const refusal = await refusalOf(this.address, response);
      if (refusal) {
        throw refusal;
      }
      if (response.status === 303) {
        throw redirectOf(response, this.address.url);
      }
      return read(response);
    };
  }

  /** Return the answer at the URL of a file, without sending key and headers there. */
  private async follow<Result>(
    location: string | null,
    url: string,
    init: RequestInit,
    read: Read<Result>,
    call: Call,
  ): Promise<Result> {
    if (location === null && this.address.isPrivate) {
      throw new RedirectTargetUnreachable(
        "The answer is in a file elsewhere, and a browser would send the key and the headers of this client there " +
          "too. Ask for a smaller answer, or let a server of yours fetch it.",
        "",
      );
    }
    if (location !== null) {
      return this.fileAt(location, read, call);
    }
    const headers = new Headers(init.headers);
    headers.delete("Idempotency-Key");
    return this.elsewhere("its bucket", () =>
      this.transport.exchange(url, { ...init, headers, redirect: "follow" }, checked(read), call),
    );
  }

  /** Return what `read` makes of the file at a presigned URL, which the service has named. */
  fileAt<Result>(url: string, read: Read<Result>, call: Call): Promise<Result> {
    return this.elsewhere(new URL(url).host, () => this.bucket(url, {}, checked(read), call));
  }

  private async elsewhere<Result>(host: string, fetched: () => Promise<Result>): Promise<Result> {
    try {
      return await fetched();
    } catch (error) {
      if (error instanceof NoAnswer || error instanceof BucketRefusal || error instanceof Unreadable) {
        throw new RedirectTargetUnreachable(
          `The answer of the service is a file at ${host}, which does not give it (${error.message}). Ask again, ` +
            "because its URL works for an hour only, and see that this machine reaches that host.",
          host,
          { cause: error },
        );
      }
      throw error;
    }
  }

  private request(method: string, call: Call): RequestInit {
    const headers = new Headers(this.address.headers);
    for (const [name, value] of Object.entries(call.headers ?? {})) {
      headers.set(name, value);
    }
    if (call.keyed) {
      headers.set("Idempotency-Key", newKey());
    }
    if (call.json !== undefined) {
      headers.set("Content-Type", "application/json");
    }
    const body = call.json === undefined ? call.body : JSON.stringify(call.json);
    return { method, headers, redirect: "manual", ...(body === undefined ? {} : { body }) };
  }
}

/** Return where an answer sends to, or that it does not say so. */
function redirectOf(response: Response, base: string): Verdict {
  const location = response.headers.get("Location");
  if (location !== null && URL.canParse(location, base)) {
    return new Redirect(new URL(location, base).href);
  }
  return new Unreadable("it redirects and does not say where to", response.status);
}

/** A bucket refuses a request. */
export class BucketRefusal extends Verdict {
  constructor(readonly status: number) {
    super(`status ${status}`);
  }
}

/** Return a `read` that throws `BucketRefusal` for an error. */
export function checked<Result>(read: Read<Result>): Read<Result> {
  return (response) => {
    if (!response.ok) {
      throw new BucketRefusal(response.status);
    }
    return read(response);
  };
}

/** Return the JSON of an answer. Throws `Unreadable` for anything but an object, which every answer of the service is. */
export async function readJson<Result>(response: Response): Promise<Result> {
  const text = await response.text();
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new Unreadable(text.trim() === "" ? "its body is empty" : "its body is cut off, or no JSON", response.status);
  }
  if (typeof body !== "object" || body === null) {
    throw new Unreadable("its body is no JSON object", response.status);
  }
  return body as Result;
}

export async function readFile(response: Response): Promise<Download> {
  return new Download(response);
}

/** Return a key that no other request has. `crypto.randomUUID` is missing on pages without TLS. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
