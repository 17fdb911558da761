/** Jobs: `client.jobs`. */

import type { Connection, Outcome } from "./connection.js";
import { JobCancelled, problemError } from "./errors.js";
import { segment } from "./fields.js";
import type { CallOptions, FollowOptions, Job, QueryOf, Schemas } from "./types.js";

/** Seconds that the service waits for a change before it answers; 25 is the most that it allows. */
const LONG_POLL_SECONDS = 20;
/** Milliseconds between two questions after one that was answered at once. */
const SHORTEST_PAUSE = 100;

/** Lists, follows, cancels and retries the long work of the service. */
export class Jobs {
  constructor(private readonly connection: Connection) {}

  /** Return a page of jobs, the newest first; its `next` is the `cursor` of the next page. */
  list({ signal, ...query }: QueryOf<"list_jobs"> & CallOptions = {}): Promise<Schemas["JobPage"]> {
    return this.connection.json("GET", "/jobs", { query, signal });
  }

  get(jobId: string, { signal }: CallOptions = {}): Promise<Job> {
    return this.connection.json("GET", path(jobId), { signal });
  }

  /** Yield a job as it is now, and whenever it changes, until it is over. */
  async *follow(jobId: string, { signal }: CallOptions = {}): AsyncGenerator<Job, void, undefined> {
    const query = { wait: Math.min(LONG_POLL_SECONDS, this.connection.transport.timeout / 2000) };
    let job = await this.get(jobId, { signal });
    yield job;
    while (!isOver(job)) {
      await this.connection.retries.sleep(SHORTEST_PAUSE, signal);
      job = await this.connection.json<Job>("GET", path(jobId), { query, signal });
      yield job;
    }
  }

  /**
   * Wait until a job has succeeded, and return it with its result. An aborted signal ends the waiting and not the job.
   *
   * Throws the problem of a job that has failed, and `JobCancelled`.
   */
  async wait(jobId: string, { onProgress, signal }: FollowOptions = {}): Promise<Job> {
    let job: Job | undefined;
    for await (job of this.follow(jobId, { signal })) {
      onProgress?.(job.stage, job.progress);
    }
    if (job?.status === "failed") {
      throw problemError(job.error ?? {}, job.error?.status ?? 500, jobId);
    }
    if (job?.status === "cancelled") {
      throw new JobCancelled(`The job ${jobId} was cancelled. \`jobs.retry\` starts it again.`, job);
    }
    return job as Job;
  }

  /** Ask a job to end. A race of the portfolio ends with its best model so far, any other job without a result. */
  cancel(jobId: string, { signal }: CallOptions = {}): Promise<Job> {
    return this.connection.json("POST", `${path(jobId)}/cancel`, { keyed: true, signal });
  }

  /** Let a job that has failed or was cancelled begin anew. */
  retry(jobId: string, { signal }: CallOptions = {}): Promise<Job> {
    return this.connection.json("POST", `${path(jobId)}/retry`, { keyed: true, signal });
  }

  /**
   * Return the answer of work that was ordered by this very call: follow its job if it became one. An aborted signal
   * cancels the job, because nobody else knows of it.
   */
  async finish<Result>(
    outcome: Outcome<Result>,
    options: FollowOptions,
    readResult: (result: Record<string, unknown>) => Result | Promise<Result> = (result) => result as Result,
  ): Promise<Result> {
    if ("answer" in outcome) {
      return outcome.answer;
    }
    const { job_id } = outcome.job;
    try {
      return await readResult((await this.wait(job_id, options)).result ?? {});
    } catch (error) {
      if (options.signal?.aborted) {
        await this.cancel(job_id).catch(() => undefined);
      }
      throw error;
    }
  }
}

function path(jobId: string): string {
  return `/jobs/${segment(jobId)}`;
}

function isOver({ status }: Job): boolean {
  return status === "succeeded" || status === "failed" || status === "cancelled";
}
