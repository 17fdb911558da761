// Files in both directions: uploads with their progress, and downloads.
import { Problem, Unreachable, address, behindGateway, connection, credentials, get, onceOnly, post, problemOf, remove, send } from "./api.js";
import { pause } from "./jobs.js";

// A larger file goes straight into the bucket, in parts that are sent again alone where they break off. A function behind
// the gateway of AWS gets at most 6 MB, in Base64.
const DIRECT_BYTES = 32 << 20;
const DIRECT_BYTES_ON_AWS = 4 << 20;
const TOO_LARGE = 413;
const PARTS_AT_ONCE = 3;
const TRIES = 4;
const PAUSE_MS = 500;

// Save what a request answers. A file too large for an answer comes from the bucket, which fetch follows to.
export async function download(method, path, options = {}) {
  const answer = await send(method, path, { ...options, headers: { Accept: "*/*", ...options.headers } });
  save(await answer.blob(), nameOf(answer.headers.get("Content-Disposition")) ?? options.filename ?? "download");
}

export function save(blob, filename) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: filename });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export function nameOf(disposition) {
  const encoded = /filename\*=UTF-8''([^;]+)/i.exec(disposition ?? "");
  if (encoded) return decodeURIComponent(encoded[1]);
  return /filename="([^"]*)"/.exec(disposition ?? "")?.[1] ?? null;
}

// Upload a file; return the dataset. `onProgress` gets { stage, share }, where `share` is from 0 to 1 or null.
export async function upload(file, { reading = {}, onProgress = () => {}, signal } = {}) {
  if (file.size <= (behindGateway() ? DIRECT_BYTES_ON_AWS : DIRECT_BYTES)) {
    try {
      return await direct(file, { reading, onProgress, signal });
    } catch (error) {
      // A proxy may take less than the service.
      if (!(error instanceof Problem && error.status === TOO_LARGE)) throw error;
    }
  }
  try {
    return await throughBucket(file, { reading, onProgress, signal });
  } catch (error) {
    // Where a browser may not reach the bucket, the service itself takes what fits into one request.
    if (!(error instanceof BucketUnreachable)) throw error;
    return direct(file, { reading, onProgress, signal });
  }
}

class BucketUnreachable extends Error {}

async function direct(file, { reading, onProgress, signal }) {
  const form = new FormData();
  form.append("file", file, file.name);
  for (const [name, value] of Object.entries(reading)) {
    if (Array.isArray(value)) value.forEach((each) => form.append(name, each));
    else form.append(name, typeof value === "object" ? JSON.stringify(value) : value);
  }
  const headers = { Accept: "application/json", ...credentials(), ...onceOnly() };
  const sent = await transfer("POST", address("/data/upload"), form, { headers, signal, onProgress: (share) =>
    onProgress(share < 1 ? { stage: "uploading", share } : { stage: "reading", share: null }) });
  connection.set("up");
  const answer = new Response(sent.body, { status: sent.status, headers: sent.headers });
  if (!answer.ok) throw await problemOf(answer);
  return answer.json();
}

async function throughBucket(file, { reading, onProgress, signal }) {
  const ticket = await post("/data/uploads", { filename: file.name, size_bytes: file.size, ...reading }, { signal, headers: onceOnly() });
  const id = encodeURIComponent(ticket.file_id);
  try {
    if (ticket.method === "post") await sendForm(file, ticket, { onProgress, signal });
    else {
      await sendParts(file, ticket, { onProgress, signal });
      await post(`/data/uploads/${id}/complete`, undefined, { signal, headers: onceOnly() });
    }
    return await ingested(ticket.file_id, { onProgress, signal });
  } catch (error) {
    if (error instanceof BucketUnreachable || signal?.aborted) remove(`/data/uploads/${id}`).catch(() => {});
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

async function sendParts(file, ticket, { onProgress, signal }) {
  const done = new Map();
  const waiting = [...ticket.parts];
  const tell = () => onProgress({ stage: "uploading", share: [...done.values()].reduce((a, b) => a + b, 0) / file.size });
  const sendNext = async () => {
    for (let part = waiting.shift(); part; part = waiting.shift()) {
      const { number, url } = part;
      const bytes = file.slice((number - 1) * ticket.part_size, number * ticket.part_size);
      const onPart = (share) => {
        done.set(number, share * bytes.size);
        tell();
      };
      await persistently(() => toBucket("PUT", url, bytes, { signal, onProgress: onPart }), signal);
    }
  };
  await Promise.all(Array.from({ length: PARTS_AT_ONCE }, sendNext));
}

async function toBucket(method, url, body, options) {
  let sent;
  try {
    sent = await transfer(method, url, body, options);
  } catch (error) {
    if (error instanceof Unreachable) throw new BucketUnreachable(error.message);
    throw error;
  }
  if (sent.status >= 300) throw new Problem(sent.status, { title: `${sent.status}`, detail: "" });
}

async function persistently(attempt, signal) {
  for (let tried = 1; ; tried += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (signal?.aborted || tried === TRIES || (error instanceof Problem && error.status < 500)) throw error;
      await pause(PAUSE_MS * 2 ** tried, signal);
    }
  }
}

// Follow a large file until it is a dataset.
async function ingested(fileId, { onProgress, signal }) {
  for (;;) {
    const file = await get(`/data/files/${encodeURIComponent(fileId)}`, {}, { signal });
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
