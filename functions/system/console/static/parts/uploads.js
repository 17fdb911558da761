// Uploads: in one request, or straight into the bucket in parts, which go on where they broke off.
import { Problem, Unreachable, address, answers, behindGateway, connection, credentials, get, onceOnly, post, problemOf, remove } from "./api.js";
import { pause, reachable } from "./jobs.js";

// A larger file goes straight into the bucket. A function behind the gateway of AWS gets at most 6 MB, in Base64.
const DIRECT_BYTES = 32 << 20;
const DIRECT_BYTES_ON_AWS = 4 << 20;
// The service makes parts of so many bytes or more, each of which is sent again alone where it breaks off.
const PART_BYTES = 16 << 20;
const TOO_LARGE = 413;
const PARTS_AT_ONCE = 3;
const TRIES = 4;
const PAUSE_MS = 500;
// URLs are renewed so long before they expire.
const RENEWAL_MS = 300_000;

// An upload that can go on: `share` of its file has arrived.
export class BrokenOff extends Error {
  constructor(fileId, share, cause) {
    super(cause.message, { cause });
    Object.assign(this, { fileId, share });
  }
}

// A bucket that does not answer while the service does.
class BucketUnreachable extends Unreachable {}

// Upload a file; return the dataset. `onProgress` gets { stage, share }, where `share` is from 0 to 1 or null. `unfinished` is
// the `fileId` of a `BrokenOff` upload of the same file, which goes on.
export async function upload(file, { reading = {}, unfinished, onProgress = () => {}, signal } = {}) {
  const options = { reading, unfinished, onProgress, signal };
  if (!unfinished && file.size <= (behindGateway() ? DIRECT_BYTES_ON_AWS : DIRECT_BYTES)) {
    try {
      return await direct(file, options);
    } catch (error) {
      // A proxy may take less than the service.
      if (!(error instanceof Problem && error.status === TOO_LARGE)) throw error;
    }
  }
  try {
    return await throughBucket(file, options);
  } catch (error) {
    // Where a browser may not reach the bucket, the service itself takes what fits into one request.
    if (!(error instanceof BucketUnreachable)) throw error;
    return direct(file, options);
  }
}

// Give up an upload that broke off, and what has arrived of it.
export const giveUp = (fileId) => remove(`/data/uploads/${encodeURIComponent(fileId)}`).catch(() => {});

async function direct(file, { reading, onProgress, signal }) {
  const form = new FormData();
  form.append("file", file, file.name);
  for (const [name, value] of Object.entries(reading)) {
    if (Array.isArray(value)) value.forEach((each) => form.append(name, each));
    else form.append(name, typeof value === "object" ? JSON.stringify(value) : value);
  }
  const headers = { Accept: "application/json", ...credentials(), ...onceOnly() };
  const tell = (share) => onProgress(share < 1 ? { stage: "uploading", share } : { stage: "reading", share: null });
  const sent = await persistently(() => transfer("POST", address("/data/upload"), form, { headers, signal, onProgress: tell }), signal);
  connection.set("up");
  const answer = new Response(sent.body, { status: sent.status, headers: sent.headers });
  if (!answer.ok) throw await problemOf(answer);
  return answer.json();
}

async function throughBucket(file, { reading, unfinished, onProgress, signal }) {
  const ticket = (unfinished && (await continued(unfinished, signal))) ?? (await begun(file, reading, signal));
  const { file_id: id } = ticket;
  signal?.addEventListener("abort", () => giveUp(id));
  try {
    await (ticket.method === "post" ? sendForm : sendParts)(file, ticket, { onProgress, signal });
  } catch (error) {
    if (error instanceof BucketUnreachable) giveUp(id);
    throw error;
  }
  if (ticket.method !== "post") await persistently(() => post(`/data/uploads/${encodeURIComponent(id)}/complete`, undefined, { signal, headers: onceOnly() }), signal);
  return ingested(id, { onProgress, signal });
}

function begun(file, reading, signal) {
  const method = file.size > PART_BYTES ? "multipart" : undefined;
  return post("/data/uploads", { filename: file.name, size_bytes: file.size, method, ...reading }, { signal, headers: onceOnly() });
}

// Return the ticket of an upload as it stands now, with new URLs; undefined where it is gone.
async function continued(fileId, signal) {
  try {
    return await persistently(() => get(`/data/uploads/${encodeURIComponent(fileId)}`, {}, { signal }), signal);
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return undefined;
    throw error;
  }
}

// Send a file to the bucket by the form of a ticket: { url, fields }.
export async function sendForm(file, ticket, { onProgress, signal }) {
  const form = new FormData();
  for (const [name, value] of Object.entries(ticket.fields)) form.append(name, value);
  form.append("file", file, file.name);
  const tell = (share) => onProgress({ stage: "uploading", share });
  await persistently(() => toBucket("POST", ticket.url, form, { signal, onProgress: tell }), signal);
}

// Send the parts of a ticket that have not arrived. Where one breaks off for good, so does the upload, unless nothing has
// ever arrived: then the browser may not reach the bucket.
async function sendParts(file, ticket, { onProgress, signal }) {
  const bytesOf = (number) => file.slice((number - 1) * ticket.part_size, number * ticket.part_size);
  const sent = new Map((ticket.arrived ?? []).map((number) => [number, bytesOf(number).size]));
  const share = () => [...sent.values()].reduce((one, other) => one + other, 0) / file.size;
  const waiting = (ticket.parts ?? []).map(({ number }) => number);
  const urls = urlsOf(ticket, signal);
  const failures = [];
  let hasArrived = sent.size > 0;
  const sendOne = async (number) => {
    const bytes = bytesOf(number);
    const tell = (done) => onProgress({ stage: "uploading", share: sent.set(number, done * bytes.size) && share() });
    await persistently(async () => toBucket("PUT", await urls(number), bytes, { signal, onProgress: tell }), signal);
    hasArrived = true;
  };
  const sendNext = async () => {
    for (let number = waiting.shift(); number && failures.length === 0; number = waiting.shift()) {
      await sendOne(number).catch((error) => {
        sent.delete(number);
        failures.push(error);
      });
    }
  };
  onProgress({ stage: "uploading", share: share() });
  await Promise.all(Array.from({ length: PARTS_AT_ONCE }, sendNext));
  const [error] = failures;
  if (!error) return;
  const isBroken = error instanceof Unreachable ? hasArrived : error instanceof Problem;
  if (signal?.aborted || !isBroken) throw error;
  throw new BrokenOff(ticket.file_id, share(), error);
}

// Return what returns the URL of a part, renewed where it is about to expire.
function urlsOf(ticket, signal) {
  let known = ticket;
  return async (number) => {
    if (Date.now() > Date.parse(known.expires_at) - RENEWAL_MS) known = (await continued(ticket.file_id, signal)) ?? known;
    return (known.parts.find((part) => part.number === number) ?? ticket.parts.find((part) => part.number === number)).url;
  };
}

async function toBucket(method, url, body, options) {
  const sent = await transfer(method, url, body, options).catch((error) => {
    throw error instanceof Unreachable ? new BucketUnreachable(error.message) : error;
  });
  if (sent.status >= 300) throw new Problem(sent.status, { title: `${sent.status}`, detail: "" });
}

// Attempt something until it succeeds. A service that is away is waited for; what fails beside it is tried a few times.
async function persistently(attempt, signal) {
  for (let tried = 1; ; ) {
    try {
      return await attempt();
    } catch (error) {
      const mayPass = error instanceof Unreachable || (error instanceof Problem && error.status >= 500);
      if (signal?.aborted || !mayPass) throw error;
      if (error instanceof Unreachable && !(await answers())) {
        await reachable(signal);
        continue;
      }
      if (tried === TRIES) throw error;
      await pause(PAUSE_MS * 2 ** tried, signal);
      tried += 1;
    }
  }
}

// Follow a large file until it is a dataset.
async function ingested(fileId, { onProgress, signal }) {
  for (;;) {
    const file = await persistently(() => get(`/data/files/${encodeURIComponent(fileId)}`, {}, { signal }), signal);
    if (file.status === "ready") return file;
    if (file.status === "failed") throw new Problem(file.error?.status ?? 422, file.error ?? {});
    onProgress({ stage: file.stage ?? "reading", share: file.progress ?? null });
    await pause(PAUSE_MS, signal);
  }
}

// Only XMLHttpRequest says how much of a body has been sent.
function transfer(method, url, body, { headers = {}, signal, onProgress = () => {} }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    request.onload = () => resolve({ status: request.status, body: request.responseText, headers: headersOf(request) });
    request.onerror = () => reject(new Unreachable(url));
    request.onabort = () => reject(signal?.reason ?? new DOMException("", "AbortError"));
    signal?.addEventListener("abort", () => request.abort());
    request.send(body);
  });
}

function headersOf(request) {
  const lines = request.getAllResponseHeaders().trim().split(/\r?\n/).filter(Boolean);
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]));
}
