/** One request and its answer, within a time limit. It knows nothing of Regatta. */

export type Fetch = typeof globalThis.fetch;

/** No answer came, or it broke off. */
export class NoAnswer extends Error {
  constructor(
    readonly reason: string,
    /** Node's code of the error, such as ECONNREFUSED, or that of an answer that is late. Browsers do not tell. */
    readonly code: string | null,
    cause: unknown,
  ) {
    super(reason, { cause });
  }

  /** Whether the request certainly reached nobody. */
  get isUnsent(): boolean {
    return this.code !== null && NEVER_CONNECTED.has(this.code);
  }
}

/** The code of an answer that did not come in time. */
export const LATE = "ETIMEDOUT";

const NEVER_CONNECTED: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** What `read` throws to say that the answer is an error. Any other error of it means that the answer broke off. */
export abstract class Verdict extends Error {}

/** An answer has come in full, and is not what it should be. */
export class Unreadable extends Verdict {
  constructor(
    reason: string,
    readonly status: number,
  ) {
    super(reason);
  }
}

/** Takes an answer to pieces; the time limit ends with it. */
export type Read<Result> = (response: Response) => Promise<Result>;

export class Transport {
  constructor(
    private readonly fetch: Fetch,
    /** Milliseconds. */
    readonly timeout: number,
  ) {}

  /**
   * Send a request and return what `read` makes of its answer. After a `streamed` one the signal still aborts the body.
   *
   * Throws `NoAnswer`, the reason of the signal, and the `Verdict` of `read`.
   */
  async exchange<Result>(
    url: string,
    init: RequestInit,
    read: Read<Result>,
    { signal, streamed = false }: { signal?: AbortSignal | undefined; streamed?: boolean } = {},
  ): Promise<Result> {
    signal?.throwIfAborted();
    const controller = new AbortController();
    const abort = () => controller.abort(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      controller.abort();
    }, this.timeout);
    let isDone = false;
    try {
      const result = await read(await this.fetch(url, { ...init, signal: controller.signal }));
      isDone = true;
      return result;
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof Verdict) {
        throw error;
      }
      throw isLate ? new NoAnswer(`no answer within ${this.timeout / 1000} s`, LATE, error) : noAnswer(error);
    } finally {
      clearTimeout(timer);
      if (!(streamed && isDone)) {
        signal?.removeEventListener("abort", abort);
      }
    }
  }
}

/** Return what `fetch` failed with. Node has the reason in the cause, browsers have a general one. */
function noAnswer(error: unknown): NoAnswer {
  const { message, cause } = error instanceof Error ? error : new Error(String(error));
  const inner = typeof cause === "object" && cause !== null ? (cause as { code?: unknown; message?: unknown }) : {};
  const code = typeof inner.code === "string" ? inner.code : null;
  return new NoAnswer(String(inner.message || code || message), code, error);
}
