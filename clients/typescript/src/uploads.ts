/** Uploads of files that are too large for one request: in parts, straight into the bucket. */

import { BucketRefusal, checked, type Connection } from "./connection.js";
import { problemError, UploadInterrupted } from "./errors.js";
import { segment } from "./fields.js";
import { pauseAfter } from "./retries.js";
import { NoAnswer } from "./transport.js";
import type { Dataset, FileStatus, FollowOptions, Schemas } from "./types.js";

type Started = Schemas["UploadStarted"];

const PARTS_AT_A_TIME = 3;
/** Milliseconds between two looks at a file that is being read: the first, and the longest. */
const FIRST_PAUSE = 200;
const LONGEST_PAUSE = 2_000;
/** A killed ingestion is tried again after a quarter of an hour. After this long without a change, nobody ingests. */
const SILENCE = 20 * 60_000;
/** The bucket's status for a URL that has expired. */
const FORBIDDEN = 403;

/** Announce a file, or go on with the upload `resume`; send the parts that are missing, and wait for the dataset. */
export async function uploadInParts(
  connection: Connection,
  file: Blob,
  announcement: Record<string, unknown>,
  { resume, ...options }: FollowOptions & { resume?: string | undefined },
): Promise<Dataset> {
  const { signal } = options;
  const state =
    resume === undefined
      ? await connection.json<Started>("POST", "/data/uploads", { json: announcement, keyed: true, signal })
      : await connection.json<FileStatus>("GET", `/data/files/${segment(resume)}`, { signal });
  const path = segment(state.file_id);
  if (state.status === "waiting") {
    const started = resume === undefined ? (state as Started) : undefined;
    await sendParts(connection, file, state.file_id, started, options);
    await connection.json("POST", `/data/uploads/${path}/complete`, { keyed: true, signal });
  }
  await waitForFile(connection, state.file_id, options);
  return connection.json("GET", "/data/info", { query: { file_id: state.file_id }, signal });
}

/** Wait until a file that has arrived is a dataset; throws the problem of one that was refused. */
export async function waitForFile(
  connection: Connection,
  fileId: string,
  { onProgress, signal }: FollowOptions,
): Promise<FileStatus> {
  const path = segment(fileId);
  const { now, sleep } = connection.retries;
  let [last, changedAt, pause] = ["", now(), FIRST_PAUSE];
  while (true) {
    const state = await connection.json<FileStatus>("GET", `/data/files/${path}`, { signal });
    if (state.status === "ready") {
      onProgress?.(state.status, 1);
      return state;
    }
    onProgress?.(state.stage ?? state.status, state.progress);
    if (state.status === "failed") {
      throw problemError(state.error ?? {}, state.error?.status ?? 500);
    }
    const current = JSON.stringify([state.status, state.stage, state.progress]);
    if (current !== last) {
      [last, changedAt, pause] = [current, now(), FIRST_PAUSE];
      if (state.stage === "interrupted") {
        await connection.json("POST", `/data/uploads/${path}/complete`, { keyed: true, signal });
      }
    } else if (now() - changedAt > SILENCE) {
      throw new UploadInterrupted(
        `The file has arrived as ${fileId}, but nobody reads it: does its bucket notify the queue of template.yaml? ` +
          "Its logs and its dead-letter queue say more.",
        fileId,
      );
    }
    await sleep(pause, signal);
    pause = Math.min(LONGEST_PAUSE, pause * 1.5);
  }
}

/** Send the parts that the bucket lacks, with new URLs where those of before have expired. */
async function sendParts(
  connection: Connection,
  file: Blob,
  fileId: string,
  started: Started | undefined,
  { onProgress, signal }: FollowOptions,
): Promise<void> {
  const path = `/data/uploads/${segment(fileId)}`;
  let state = started ?? (await connection.json<Started>("GET", path, { signal }));
  if (state.size_bytes !== file.size) {
    throw new UploadInterrupted(
      `The upload ${fileId} is of a file of ${state.size_bytes} bytes, and this one has ${file.size}. Upload it anew.`,
      null,
    );
  }
  const partSize = state.part_size ?? file.size;
  for (;;) {
    const missing = state.parts ?? [];
    if (missing.length === 0) {
      return;
    }
    const sizeOf = (number: number) => Math.min(partSize, file.size - (number - 1) * partSize);
    let sent = file.size - missing.reduce((sum, { number }) => sum + sizeOf(number), 0);
    const taken = await inParallel(missing, async ({ number, url }) => {
      const start = (number - 1) * partSize;
      const isTaken = await sendPart(connection, fileId, number, url, file.slice(start, start + sizeOf(number)), signal);
      if (isTaken) {
        sent += sizeOf(number);
        onProgress?.("uploading", sent / file.size);
      }
      return isTaken;
    });
    if (!taken.includes(true)) {
      throw new UploadInterrupted(`The bucket takes none of the parts. Send the file again in a while.`, fileId);
    }
    state = await connection.json<Started>("GET", path, { signal });
  }
}

/** PUT one part, again after failures that may pass; return whether it was taken, false where its URL has expired. */
async function sendPart(
  connection: Connection,
  fileId: string,
  number: number,
  url: string,
  part: Blob,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    try {
      await connection.bucket(url, { method: "PUT", body: part }, checked((response) => response.text()), { signal });
      return true;
    } catch (error) {
      const isRefusal = error instanceof BucketRefusal;
      if (isRefusal && error.status === FORBIDDEN) {
        return false;
      }
      if (!isRefusal && !(error instanceof NoAnswer)) {
        throw error;
      }
      const mayPass = !isRefusal || error.status >= 500 || error.status === 408 || error.status === 429;
      const pause = mayPass ? pauseAfter(connection.retries, attempt, null) : null;
      if (pause === null) {
        const host = new URL(url).host;
        throw new UploadInterrupted(
          `Part ${number} was not taken by ${host} (${error.message}). The same call with resume: "${fileId}" goes on ` +
            "where it was.",
          fileId,
          { cause: error },
        );
      }
      await connection.retries.sleep(pause, signal);
    }
  }
}

/** Do several at a time and return what each came to. After an error no other one begins. */
async function inParallel<Item, Result>(items: Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  const waiting = [...items];
  const worker = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
      results.push(await work(item));
    }
  };
  try {
    await Promise.all(Array.from({ length: PARTS_AT_A_TIME }, worker));
  } finally {
    waiting.length = 0;
  }
  return results;
}
