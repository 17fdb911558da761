/** When a request is sent again, and after which pause. */

/** How often what may be repeated is sent, and how long to wait in between. Times are in milliseconds. */
export interface Retries {
  /** How often a request is sent at most; 1 repeats nothing. */
  attempts: number;
  /** The pause before the second attempt; each later one is twice as long. A random part of it is waited for. */
  firstPause: number;
  longestPause: number;
  /** The longest `Retry-After` that is kept to. If the service asks for more, its answer is the error. */
  longestWait: number;
  /** Replaced in tests: a number from 0 to 1, the time, and waiting. */
  random: () => number;
  now: () => number;
  sleep: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
}

const DEFAULTS: Retries = {
  attempts: 5,
  firstPause: 500,
  longestPause: 20_000,
  longestWait: 60_000,
  random: Math.random,
  now: Date.now,
  sleep,
};

/** Statuses with which a service, a gateway or a bucket asks for another attempt. */
export const REPEATED_STATUSES: ReadonlySet<number> = new Set([408, 429, 502, 503, 504]);

/** Return the retries that a caller means: the number of attempts, or some of the fields. */
export function retriesOf(given: number | Partial<Retries> | undefined): Retries {
  return { ...DEFAULTS, ...(typeof given === "number" ? { attempts: given } : given) };
}

/** Return how long to wait after attempt number `attempt`, from 1; null where there is to be no other. */
export function pauseAfter(retries: Retries, attempt: number, retryAfter: string | null): number | null {
  const asked = waitAskedFor(retries, retryAfter);
  if (attempt >= retries.attempts || (asked !== null && asked > retries.longestWait)) {
    return null;
  }
  const pause = retries.random() * Math.min(retries.longestPause, retries.firstPause * 2 ** (attempt - 1));
  return asked === null ? pause : asked + pause / 4;
}

/** Return the milliseconds of a `Retry-After`, which is a number of seconds or a date; null where it is neither. */
function waitAskedFor(retries: Retries, retryAfter: string | null): number | null {
  if (retryAfter === null || retryAfter.trim() === "") {
    return null;
  }
  const seconds = Number(retryAfter);
  const wait = Number.isNaN(seconds) ? Date.parse(retryAfter) - retries.now() : seconds * 1000;
  return Number.isNaN(wait) ? null : Math.max(0, wait);
}

/** Wait; rejects with the reason of the signal as soon as it is aborted. */
function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
