// Long work: requests that become jobs, and jobs that are followed.
import { Problem, Unreachable, connection, get, onceOnly, post, send } from "./api.js";

const WAIT_SECONDS = 10;
const PAUSE_MS = 400;
export const OVER = ["succeeded", "failed", "cancelled"];

// Send a request as a job; return the job, or `{ result }` where the service answered at once. With `asJob` false only
// what is large becomes one.
export async function submit(path, body, { method = "POST", signal, query, asJob = true } = {}) {
  const headers = { ...(asJob ? { Prefer: "respond-async" } : {}), ...onceOnly() };
  const answer = await send(method, path, { body, headers, signal, query });
  const document = await answer.json();
  return answer.status === 202 ? document : { status: "succeeded", result: document };
}

// Follow a job until it is over: `onChange` gets each state. Return the last one. A service that is away is waited for.
export async function follow(jobId, { onChange = () => {}, signal, wait = WAIT_SECONDS } = {}) {
  for (;;) {
    try {
      const job = await get(`/jobs/${encodeURIComponent(jobId)}`, { wait }, { signal });
      onChange(job);
      if (OVER.includes(job.status)) return job;
    } catch (error) {
      if (error instanceof Unreachable) await reachable(signal);
      else if (!(error instanceof Problem && error.status >= 502)) throw error;
    }
    await pause(PAUSE_MS, signal);
  }
}

// Submit a request, follow it, and return its result; raises the job's own problem.
export async function run(path, body, { onChange = () => {}, signal, ...options } = {}) {
  const job = await submit(path, body, { signal, ...options });
  const last = job.job_id ? await follow(job.job_id, { onChange, signal }) : job;
  if (last.status === "succeeded" || last.result) return last.result;
  throw new Problem(last.error?.status ?? 500, last.error ?? { title: last.status });
}

export const cancel = (jobId) => post(`/jobs/${encodeURIComponent(jobId)}/cancel`);
export const retry = (jobId) => post(`/jobs/${encodeURIComponent(jobId)}/retry`, undefined, { headers: onceOnly() });

export function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

// Resolve once the service answers.
export function reachable(signal) {
  if (connection.get() === "up") return Promise.resolve();
  return new Promise((resolve, reject) => {
    const leave = connection.subscribe((state) => {
      if (state !== "up") return;
      leave();
      resolve();
    });
    signal?.addEventListener("abort", () => {
      leave();
      reject(signal.reason);
    });
  });
}
