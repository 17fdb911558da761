/** A file in an answer. */

/**
 * A file that the service sends. It is read once: in pieces, or as a stream, a Blob, bytes or text.
 *
 * In Node, `await writeFile(path, download)` stores a file of any size.
 */
export class Download implements AsyncIterable<Uint8Array> {
  /** The file's own name; null where the service did not say it. */
  readonly filename: string | null;
  /** The media type. */
  readonly type: string;
  /** The number of bytes; null where it is not known beforehand. */
  readonly size: number | null;

  constructor(private readonly response: Response) {
    const { headers } = response;
    const length = headers.get("Content-Encoding") === null ? headers.get("Content-Length") : null;
    this.filename = filenameOf(headers.get("Content-Disposition") ?? "");
    this.type = headers.get("Content-Type") ?? "application/octet-stream";
    this.size = length === null ? null : Number(length);
  }

  /** Yield the bytes as they arrive. Leaving the loop early ends the download. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    // Not every browser can loop over a stream itself.
    const reader = this.stream.getReader();
    try {
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
        yield piece.value;
      }
    } finally {
      await reader.cancel();
    }
  }

  /** The bytes as they arrive. */
  get stream(): ReadableStream<Uint8Array> {
    return this.response.body ?? new Blob().stream();
  }

  async blob(): Promise<Blob> {
    return this.response.blob();
  }

  async bytes(): Promise<Uint8Array> {
    return new Uint8Array(await this.response.arrayBuffer());
  }

  /** The text of a CSV or JSON file, without the byte order mark that a CSV has for Excel. */
  async text(): Promise<string> {
    return this.response.text();
  }
}

/** Return the name in a Content-Disposition: that of RFC 8187 before that of RFC 6266. */
function filenameOf(disposition: string): string | null {
  const extended = /filename\*\s*=\s*UTF-8''([^;\s]+)/i.exec(disposition)?.[1];
  if (extended !== undefined) {
    try {
      return decodeURIComponent(extended);
    } catch {
      // Not percent-encoded as it should be: the plain name has to do.
    }
  }
  const plain = /filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))/i.exec(disposition);
  return plain?.[1]?.replace(/\\(.)/g, "$1") ?? plain?.[2] ?? null;
}
