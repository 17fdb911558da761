/** A service without a network: answers in their order, a record of all requests, and a clock that only sleeps move. */

import { Regatta, type RegattaOptions, VERSION } from "@regatta/client";

export interface Sent {
  method: string;
  url: string;
  headers: Headers;
  body: unknown;
}

/** What happens to a request: an answer, an error of `fetch`, or what is made of the request. */
export type Reply = Response | Error | ((sent: Sent, signal: AbortSignal) => Response | Promise<Response>);

export class FakeService {
  readonly sent: Sent[] = [];
  readonly pauses: number[] = [];
  time = 0;
  private readonly replies: Reply[];

  constructor(...replies: Reply[]) {
    this.replies = replies;
  }

  client(options: RegattaOptions = {}): Regatta {
    const retries = {
      random: () => 1,
      now: () => this.time,
      sleep: async (milliseconds: number, signal?: AbortSignal) => {
        signal?.throwIfAborted();
        this.pauses.push(milliseconds);
        this.time += milliseconds;
      },
    };
    return new Regatta({ url: "http://regatta.test/stage/", fetch: this.fetch, retries, ...options });
  }

  readonly fetch = async (input: unknown, init: RequestInit = {}): Promise<Response> => {
    const { method = "GET", body = null } = init;
    const sent = { method, url: String(input), headers: new Headers(init.headers), body: body as unknown };
    this.sent.push(sent);
    const reply = this.replies.shift();
    if (reply === undefined) {
      throw new Error(`Nobody expects ${method} ${sent.url}.`);
    }
    if (reply instanceof Error) {
      throw reply;
    }
    return typeof reply === "function" ? reply(sent, init.signal as AbortSignal) : reply;
  };
}

/** Return an answer of Regatta. */
export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { "Content-Type": "application/json", "Regatta-Version": VERSION, ...headers },
  });
}

/** Return a problem document of Regatta, of a type without its prefix. */
export function problem(type: string, status: number, more: object = {}, headers: Record<string, string> = {}): Response {
  const body = { type: `urn:regatta:problem:${type}`, title: type, status, detail: `Because of ${type}.`, ...more };
  return json(body, status, { "Content-Type": "application/problem+json", ...headers });
}

/** Return what Node's `fetch` throws where there is no connection. */
export function noConnection(code: string): TypeError {
  return new TypeError("fetch failed", { cause: Object.assign(new Error(`connect ${code}`), { code }) });
}
