/** Where the service is and what goes with every request to it: URL, API key, headers. */

const DEFAULT_URL = "http://127.0.0.1:8000";
const LOOPBACK: ReadonlySet<string> = new Set(["127.0.0.1", "localhost", "[::1]"]);

/** What `new Headers` takes. Node's types have no name for it. */
export type HeadersOption = NonNullable<ConstructorParameters<typeof Headers>[0]>;

export class Address {
  /** The base URL, without a slash at its end. */
  readonly url: string;
  readonly headers: Headers;
  readonly isLoopback: boolean;

  /**
   * In Node, REGATTA_URL and REGATTA_API_KEY stand for what is undefined.
   *
   * Throws a `TypeError` for a URL or a header that cannot be used. No message shows the value of a header.
   */
  constructor(url: string | URL | undefined, apiKey: string | undefined, headers: HeadersOption | undefined) {
    const parsed = parse(String(url ?? (environment("REGATTA_URL") || DEFAULT_URL)).trim());
    this.url = parsed.origin + parsed.pathname.replace(/\/+$/, "");
    this.isLoopback = LOOPBACK.has(parsed.hostname);
    this.headers = new Headers(headers);
    const key = (apiKey ?? environment("REGATTA_API_KEY"))?.trim();
    if (key) {
      if (!/^[\x20-\x7e]+$/.test(key)) {
        throw new TypeError("The API key has characters that no header may have.");
      }
      this.headers.set("X-Api-Key", key);
    }
  }

  /** Whether requests have headers that no other host may see. */
  get isPrivate(): boolean {
    return [...this.headers].length > 0;
  }

  /** Return the URL of a path of the service, with those fields of the query that have a value. */
  of(path: string, query: Record<string, unknown> = {}): string {
    const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
    const parameters = new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
    return this.url + path + (given.length > 0 ? `?${parameters}` : "");
  }
}

function parse(url: string): URL {
  const advice = `One looks like ${DEFAULT_URL} or https://example.org/stage.`;
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new TypeError(`${JSON.stringify(url)} is no URL. ${advice}`);
  }
  if (!/^https?:$/.test(parsed.protocol)) {
    throw new TypeError(`The URL has to begin with http:// or https://, and not with ${parsed.protocol} ${advice}`);
  }
  if (parsed.username || parsed.password) {
    throw new TypeError("The URL must not have a password. Send it in `headers`, as `Authorization`.");
  }
  return parsed;
}

/** Return a variable of the environment where there is one, which is not in browsers. */
function environment(name: string): string | undefined {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  return process?.env?.[name];
}
