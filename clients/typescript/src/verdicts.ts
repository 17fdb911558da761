/** What an answer of the service means: nothing wrong, or one typed error with the way out. */

import type { Address } from "./address.js";
import {
  AuthenticationError,
  IncompatibleServerError,
  isProblem,
  NotRegattaError,
  problemError,
  type RegattaError,
  UnreachableError,
} from "./errors.js";
import { LATE, type NoAnswer, Unreadable, Verdict } from "./transport.js";
import type { Problem } from "./types.js";
import { VERSION } from "./version.js";

/** An answer that is an error, unless another attempt has another one. */
export class Refused extends Verdict {
  constructor(
    readonly error: RegattaError,
    readonly status: number,
    readonly retryAfter: string | null,
  ) {
    super(error.message);
  }
}

/** Return the error that an answer stands for; null for one of Regatta's successes, whose body is left alone. */
export async function refusalOf(address: Address, response: Response): Promise<Refused | null> {
  const error = await errorOf(address, response);
  return error && new Refused(error, response.status, response.headers.get("Retry-After"));
}

async function errorOf(address: Address, response: Response): Promise<RegattaError | null> {
  const version = response.headers.get("Regatta-Version");
  if (version !== null && !/^\d+\.\d/.test(version)) {
    return unreadable(address, new Unreadable(`its header Regatta-Version is ${JSON.stringify(version)}`, response.status));
  }
  if (version !== null && release(version) !== release(VERSION)) {
    return new IncompatibleServerError(
      `${address.url} is Regatta ${version}, and this client is ${VERSION}. Install the client of the service's ` +
        `version: npm install @regatta/client@${version}`,
      VERSION,
      version,
    );
  }
  const { status } = response;
  if (version !== null && (response.ok || status === 303)) {
    return null;
  }
  const said = response.ok ? {} : await problemOf(response);
  if (status === 401 || status === 403) {
    const reason = said.detail || said.message || `status ${status}`;
    const detail = `${address.url} refuses the key (${reason}). Send the right one as apiKey or REGATTA_API_KEY.`;
    return new AuthenticationError({ ...said, detail }, status);
  }
  return version !== null || isProblem(said) ? problemError(said, status) : notRegatta(address, response);
}

/** Return the error for an address at which nothing answers, or not in time. */
export function unreachable(address: Address, { reason, code, cause }: NoAnswer): UnreachableError {
  const isPage = "document" in globalThis && code !== LATE;
  const wayOut = isPage
    ? "Is it running, and is the origin of this page its REGATTA_CORS_ORIGIN?"
    : code === LATE
      ? "Is it overloaded, or is this the port of another program? A longer `timeout` waits longer."
      : "Start it with `regatta up`, or name another one with url or REGATTA_URL.";
  return new UnreachableError(`${address.url} does not answer (${reason}). ${wayOut}`, { cause });
}

/** Return the error for an answer that has the header of a service, and that no service has written. */
export function unreadable(address: Address, { message, status }: Unreadable): NotRegattaError {
  return new NotRegattaError(
    `${address.url} sent an answer that cannot be read: ${message}. Look at the proxies before the service, and whether ` +
      "url or REGATTA_URL is right.",
    status,
  );
}

/** Return what has to be equal of two versions: the first number, and before 1.0 the second one too. */
function release(version: string): string {
  const [major, minor] = version.split(".");
  return major === "0" ? `0.${minor}` : `${major}`;
}

/** Return the JSON object in the body of an error, else an empty one. */
async function problemOf(response: Response): Promise<Partial<Problem>> {
  const text = await response.text();
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === "object" && body !== null ? body : {};
  } catch {
    return {};
  }
}

function notRegatta(address: Address, response: Response): NotRegattaError {
  const { status, headers } = response;
  const location = headers.get("Location");
  const type = headers.get("Content-Type") ?? "";
  const what = location
    ? `sends to ${location}`
    : `answered ${status} with ${type.includes("html") ? "an HTML page" : `a body of type ${type || "unknown"}`}`;
  return new NotRegattaError(
    `${address.url} is not Regatta, or a proxy answers in its place: it ${what}, and no header Regatta-Version. ` +
      "Check url or REGATTA_URL, also its path, and the settings of the proxy.",
    status,
  );
}
