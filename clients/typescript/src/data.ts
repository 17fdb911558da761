/** Files: `client.data`. */

import type { Connection } from "./connection.js";
import { readJson } from "./connection.js";
import type { Download } from "./download.js";
import { TooLarge } from "./errors.js";
import { fields, segment } from "./fields.js";
import type { Jobs } from "./jobs.js";
import type {
  CallOptions,
  ListOptions,
  Camel,
  Dataset,
  DatasetInfo,
  FileStatus,
  FollowOptions,
  QueryOf,
  Reading,
  Schemas,
  Source,
} from "./types.js";
import { uploadInParts } from "./uploads.js";

/** A gateway takes about this much in one request. */
const ONE_REQUEST_BYTES = 4 << 20;

export interface UploadOptions extends FollowOptions, Reading {
  /** The name of the file; default: that of a `File`, else data.csv. */
  filename?: string | undefined;
  /** Whether the file is sent in parts, into the bucket; default: if it has more than 4 MiB. */
  inParts?: boolean | undefined;
  /** The `fileId` of an `UploadInterrupted`, whose upload goes on. */
  resume?: string | undefined;
}

export type ProcessOptions = Omit<Camel<Schemas["ProcessRequest"]>, "targetColumn"> &
  CallOptions & { target?: string | undefined };

/** Uploads files, describes them, and cleans them for training. */
export class Data {
  constructor(
    private readonly connection: Connection,
    private readonly jobs: Jobs,
  ) {}

  /** Upload a table and return it as a dataset, which is the current file then. */
  async upload(source: Source, options: UploadOptions = {}): Promise<Dataset> {
    const { filename, inParts, resume, onProgress, signal, ...reading } = options;
    const file = source instanceof Blob ? source : new Blob([source as BlobPart]);
    const name = filename ?? ("name" in file ? String(file.name) : "data.csv");
    const large = () => {
      const announcement = { filename: name, size_bytes: file.size, method: "multipart", ...fields(reading) };
      return uploadInParts(this.connection, file, announcement, { resume, onProgress, signal });
    };
    if (inParts ?? (resume !== undefined || file.size > ONE_REQUEST_BYTES)) {
      return large();
    }
    onProgress?.("uploading", 0);
    try {
      const body = form(file, name, fields(reading));
      const dataset = await this.connection.json<Dataset>("POST", "/data/upload", { body, keyed: true, signal });
      onProgress?.("ready", 1);
      return dataset;
    } catch (error) {
      if (error instanceof TooLarge && inParts === undefined) {
        return large();
      }
      throw error;
    }
  }

  /** Return the first `limit` files, or all, the oldest first, and which is the current one. */
  async list(options: ListOptions = {}): Promise<Schemas["Files"]> {
    const call = { limit: options.limit, signal: options.signal };
    const [files, last] = await this.connection.items("/data/files", 1000, call, (page: Schemas["Files"]) => page.files);
    return { ...last, files };
  }

  /** Return what is known of a file; default: of the current one. */
  get(fileId?: string, { signal }: CallOptions = {}): Promise<DatasetInfo> {
    return this.connection.json("GET", "/data/info", { query: { file_id: fileId }, signal });
  }

  /** Return how far an upload is. */
  status(fileId: string, { signal }: CallOptions = {}): Promise<FileStatus> {
    return this.connection.json("GET", path(fileId), { signal });
  }

  /** Return the first rows. */
  preview({ signal, ...query }: QueryOf<"preview_dataset"> & CallOptions = {}): Promise<Schemas["Preview"]> {
    return this.connection.json("GET", "/data/preview", { query: fields(query), signal });
  }

  /** Return up to 100 rows from the row number `first` on; the header is row 1. */
  rows({ signal, ...query }: QueryOf<"read_rows"> & CallOptions = {}): Promise<Schemas["DatasetRows"]> {
    return this.connection.json("GET", "/data/rows", { query: fields(query), signal });
  }

  /** Return statistics, correlations and findings. */
  profile({ signal, ...query }: QueryOf<"profile_dataset"> & CallOptions = {}): Promise<Schemas["Profile"]> {
    return this.connection.json("GET", "/data/profile", { query: fields(query), signal });
  }

  /** Return the profile as one HTML page. */
  report({ signal, ...query }: QueryOf<"report_dataset"> & CallOptions = {}): Promise<string> {
    return this.connection.text("GET", "/data/report", { query: fields(query), signal });
  }

  outliers({ signal, ...query }: QueryOf<"find_outliers"> & CallOptions = {}): Promise<Schemas["Outliers"]> {
    return this.connection.json("GET", "/data/outliers", { query: fields(query), signal });
  }

  /** Store how the table is cleaned before training, and return what that does to it. */
  process({ target, signal, ...recipe }: ProcessOptions = {}): Promise<Schemas["ProcessEffect"]> {
    const json = fields({ ...recipe, targetColumn: target });
    return this.connection.json("POST", "/data/process", { json, keyed: true, signal });
  }

  /** Return the table as a file. */
  download({ signal, ...query }: QueryOf<"download_dataset"> & CallOptions = {}): Promise<Download> {
    return this.connection.file("GET", "/data/download", { query: fields(query), signal });
  }

  /** Make a file the current one. */
  switch(fileId: string, { signal }: CallOptions = {}): Promise<Schemas["FileSummary"]> {
    return this.connection.json("POST", `/data/switch/${segment(fileId)}`, { pure: true, signal });
  }

  /** Give a file another name. */
  rename(fileId: string, filename: string, { signal }: CallOptions = {}): Promise<Schemas["FileSummary"]> {
    return this.connection.json("PATCH", path(fileId), { json: { filename }, pure: true, signal });
  }

  delete(fileId: string, { signal }: CallOptions = {}): Promise<Schemas["FileDeleted"]> {
    return this.connection.json("DELETE", path(fileId), { signal });
  }

  /** Read the bytes of a file otherwise, and return the new file that this makes. */
  async readAgain(fileId: string, options: Reading & FollowOptions): Promise<Dataset> {
    const { onProgress, signal, ...reading } = options;
    const call = { json: fields(reading), keyed: true, signal };
    const outcome = await this.connection.work("PATCH", `${path(fileId)}/reading`, call, readJson<Dataset>);
    return this.jobs.finish(outcome, { onProgress, signal });
  }
}

function path(fileId: string): string {
  return `/data/files/${segment(fileId)}`;
}

/** Return a file and how it is to be read as a form; lists and objects are sent as JSON. */
function form(file: Blob, filename: string, reading: Record<string, unknown>): FormData {
  const body = new FormData();
  for (const [name, value] of Object.entries(reading)) {
    if (value !== null) {
      body.append(name, typeof value === "object" ? JSON.stringify(value) : String(value));
    }
  }
  body.append("file", file, filename);
  return body;
}
