// The client of the API. Every answer that is no success is a `Problem`; a service that cannot be reached is `Unreachable`.
import { BASE } from "./places.js";
import { createStore } from "./store.js";

const KEY = "regatta.key";
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 8000;

// The gateway of AWS puts these into its answers. It takes a tenth of what a server takes in one request.
const GATEWAY_HEADERS = ["x-amzn-requestid", "x-amz-apigw-id", "apigw-requestid"];
let isBehindGateway = false;
export const behindGateway = () => isBehindGateway;

// Whether the service answers: "up" or "down".
export const connection = createStore("up");
// A `Problem` of status 401 while the service asks for a key; else null.
export const signInAsked = createStore(null);
// How often the key has changed: what failed without it is asked for again.
export const identity = createStore(0);

export class Problem extends Error {
  // `type` is the last part of the problem's type, such as `no-such-file`.
  constructor(status, document, retryAfter = null) {
    super(document.detail || document.title || `${status}`);
    this.status = status;
    this.type = (document.type ?? "").split(":").at(-1);
    this.title = document.title ?? "";
    this.detail = document.detail ?? "";
    this.errors = Array.isArray(document.errors) ? document.errors : [];
    this.document = document;
    this.retryAfter = retryAfter;
  }
}

export class Unreachable extends Error {}

// A key is kept until the window is closed, and nowhere beyond.
let key = recallKey();

function recallKey() {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}

export function hasKey() {
  return Boolean(key);
}

export function signIn(text) {
  key = text?.trim() || null;
  try {
    if (key) sessionStorage.setItem(KEY, key);
    else sessionStorage.removeItem(KEY);
  } catch {
    // Then the key lasts until the page is left.
  }
  signInAsked.set(null);
  identity.set(identity.get() + 1);
}

export const signOut = () => signIn(null);

export function credentials() {
  return key ? { Authorization: `Bearer ${key}` } : {};
}

// Return the address of a path of the API with a query; values that are undefined or null are left out, lists repeat.
export function address(path, query = {}) {
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const each of [value].flat()) if (each !== undefined && each !== null) asked.append(name, each);
  }
  const text = asked.toString();
  return `${BASE}${path}${text ? `?${text}` : ""}`;
}

// Send a request and return the `Response`. `body` is sent as JSON, unless it is a form, a file or a text.
export async function send(method, path, { query, body, headers = {}, signal } = {}) {
  const isJson = body !== undefined && !(body instanceof FormData || body instanceof Blob || typeof body === "string");
  const options = {
    method,
    signal,
    headers: { Accept: "application/json", ...credentials(), ...headers },
    body: isJson ? JSON.stringify(body) : body,
  };
  if (isJson) options.headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(address(path, query), options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    return lost(error);
  }
  connection.set("up");
  isBehindGateway ||= GATEWAY_HEADERS.some((name) => answer.headers.has(name));
  if (answer.ok) return answer;
  throw await problemOf(answer);
}

// Send a request and return its JSON.
export async function call(method, path, options) {
  const answer = await send(method, path, options);
  return answer.status === 204 ? null : answer.json();
}

export const get = (path, query, options = {}) => call("GET", path, { ...options, query });
export const post = (path, body, options = {}) => call("POST", path, { ...options, body });
export const put = (path, body, options = {}) => call("PUT", path, { ...options, body });
export const patch = (path, body, options = {}) => call("PATCH", path, { ...options, body });
export const remove = (path, query, options = {}) => call("DELETE", path, { ...options, query });

// A new key for a request that creates something: sent again after a lost answer, it is carried out once.
export const onceOnly = () => ({ "Idempotency-Key": crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}` });

// Return every item of a list, page after page, up to `most`.
export async function list(path, name, { most = 10_000, limit, signal, query } = {}) {
  const found = [];
  let page;
  do {
    page = await get(path, { ...query, limit, cursor: page?.next }, { signal });
    found.push(...page[name]);
  } while (page.next && found.length < most);
  return { ...page, [name]: found };
}

export async function problemOf(answer) {
  const text = await answer.text().catch(() => "");
  let document;
  try {
    document = JSON.parse(text);
  } catch {
    document = { title: `${answer.status} ${answer.statusText}`.trim(), detail: "" };
  }
  const problem = new Problem(answer.status, document, Number(answer.headers.get("Retry-After")) || null);
  if (problem.status === 401) signInAsked.set(problem);
  return problem;
}

function lost(error) {
  if (connection.get() === "up") {
    connection.set("down");
    reconnect(FIRST_PAUSE_MS);
  }
  throw new Unreachable(error.message);
}

// Return whether the service answers now. Where it does not, it is waited for.
export async function answers() {
  try {
    await send("GET", "/healthz");
    return true;
  } catch (error) {
    return !(error instanceof Unreachable);
  }
}

// Ask until the service answers again. Whoever shows something of it loads it anew then.
function reconnect(pause) {
  setTimeout(async () => {
    try {
      const answer = await fetch(`${BASE}/healthz`, { cache: "no-store" });
      if (answer.ok) return connection.set("up");
    } catch {
      // Not yet.
    }
    return reconnect(Math.min(2 * pause, LONGEST_PAUSE_MS));
  }, pause);
}
