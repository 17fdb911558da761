// What goes wrong, each as one typed error with the way out: `node refusals.ts URL HTML_URL OLDER_URL DEAD_URL`.
import assert from "node:assert/strict";
import {
  FileNotFound,
  IncompatibleServerError,
  InvalidRecords,
  JobCancelled,
  ModelNotFound,
  NotRegattaError,
  ProblemError,
  Regatta,
  UnknownModelType,
  UnreachableError,
} from "@regatta/client";

const [url, html, older, dead] = process.argv.slice(2) as [string, string, string, string];
const client = new Regatta({ url });
const lines = Array.from({ length: 60 }, (_, index) => {
  const [a, b] = [(index * 5) % 23, (index * 7) % 11];
  return `${a},${b},${3 * a + b}`;
});
const csv = new TextEncoder().encode(`a,b,y\n${lines.join("\n")}\n`);
const dataset = await client.data.upload(csv, { filename: "refusals.csv" });
const model = await client.models.train("linear_regression", "y", { modelName: "refusals" });

await assert.rejects(client.predict.row({ a: 1 }, { model: "nobody" }), (error) => {
  assert.ok(error instanceof ModelNotFound && error instanceof ProblemError);
  assert.deepEqual([error.type, error.status, error.name], ["no-such-model", 404, "ModelNotFound"]);
  return true;
});
await assert.rejects(client.data.get("f-none"), FileNotFound);
await assert.rejects(client.models.train("rigde", "y"), UnknownModelType);
await assert.rejects(client.predict.row({ a: 1, b: 2, c: 3 }, { model, strict: true }), InvalidRecords);

// The row of an error is that among all rows, and not that in its batch.
const bad = [{ a: 1, b: 1 }, { a: 2, b: 2 }, { a: "many", b: 3 }];
await assert.rejects(client.predict.rows(bad, { model, batchRows: 2 }), (error) => {
  assert.ok(error instanceof InvalidRecords);
  assert.deepEqual([error.errors[0]?.row, error.errors[0]?.field], [2, "a"]);
  return true;
});

await assert.rejects(new Regatta({ url: html }).status(), (error) => {
  assert.ok(error instanceof NotRegattaError);
  assert.match(error.message, /an HTML page/);
  return true;
});
await assert.rejects(new Regatta({ url: older }).status(), (error) => {
  assert.ok(error instanceof IncompatibleServerError);
  assert.equal(error.serverVersion, "7.0.0");
  return true;
});
await assert.rejects(new Regatta({ url: dead }).status(), (error) => {
  assert.ok(error instanceof UnreachableError);
  assert.match(error.message, /ECONNREFUSED.*regatta up/);
  return true;
});

// An aborted call throws the reason of its signal. An aborted race is cancelled, unless it was over already.
await assert.rejects(client.status({ signal: AbortSignal.abort(new Error("never mind")) }), /never mind/);
const controller = new AbortController();
const race = client.models.compare({
  target: "y",
  ensemble: true,
  timeLimit: 300,
  signal: controller.signal,
  onProgress: () => controller.abort(new Error("long enough")),
});
await assert.rejects(race, /long enough/);
const { jobs } = await client.jobs.list({ limit: 1 });
await client.jobs.wait(jobs[0]?.job_id ?? "").catch((error: unknown) => assert.ok(error instanceof JobCancelled));

for (const { model_name: name } of await client.models.list()) {
  await client.models.delete(name);
}
await client.data.delete(dataset.file_id);
console.log("Every refusal is as it should be.");
