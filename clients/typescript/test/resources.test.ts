/** The resources: jobs that are followed, uploads in parts, rows in batches. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { InvalidRecords, JobCancelled, NotACsv, TooLarge, TrainingFailed, UploadInterrupted } from "@regatta/client";
import { FakeService, json, noConnection, problem, type Reply, type Sent } from "./fake_service.ts";

const job = (status: string, more: object = {}): Response =>
  json({ job_id: "j1", status, stage: status, progress: status === "queued" ? 0 : 0.5, result: null, error: null, ...more });
const accepted = (): Response => json({ job_id: "j1", status: "queued" }, 202, { Location: "/stage/jobs/j1" });

test("training is ordered as a job, which is followed by long polls", async () => {
  const service = new FakeService(accepted(), job("queued"), job("running"), job("succeeded", { result: { version: 3 } }));
  const seen: [string, number][] = [];
  const options = { testSize: 0.3, params: { max_depth: 3 }, onProgress: (...one: [string, number]) => seen.push(one) };
  const trained = await service.client().models.train("decision_tree", "y", options);
  assert.equal(trained.version, 3);
  assert.equal(service.sent[0]?.headers.get("Prefer"), "respond-async");
  const body = { test_size: 0.3, params: { max_depth: 3 }, model_type: "decision_tree", target_column: "y" };
  assert.deepEqual(JSON.parse(String(service.sent[0]?.body)), body);
  assert.match(service.sent[2]?.url ?? "", /\/jobs\/j1\?wait=20$/);
  assert.deepEqual(seen, [["queued", 0], ["running", 0.5], ["succeeded", 0.5]]);
});

test("an answer at once is taken as it is", async () => {
  const service = new FakeService(json({ results: [], best: {} }));
  assert.deepEqual((await service.client().models.compare({ include: ["extra_trees", "huber"] })).results, []);
  assert.deepEqual(JSON.parse(String(service.sent[0]?.body)), { include: "extra_trees,huber" });
});

test("a failed job is the error of its problem, a cancelled one says so", async () => {
  const error = { type: "urn:regatta:problem:training-failed", status: 422, detail: "No." };
  const service = new FakeService(accepted(), job("failed", { error }), accepted(), job("cancelled"));
  await assert.rejects(service.client().models.train("ridge"), (thrown) => {
    assert.ok(thrown instanceof TrainingFailed);
    assert.equal(thrown.jobId, "j1");
    return true;
  });
  await assert.rejects(service.client().models.train("ridge"), JobCancelled);
});

test("aborting a training cancels its job; aborting the waiting for a job does not", async () => {
  const service = new FakeService(accepted(), job("running"), job("running"), job("running"));
  for (const follow of ["train", "wait"]) {
    const controller = new AbortController();
    const options = { signal: controller.signal, onProgress: () => controller.abort(new Error("enough")) };
    const client = service.client();
    await assert.rejects(follow === "train" ? client.models.train("ridge", "y", options) : client.jobs.wait("j1", options), /enough/);
  }
  const asked = service.sent.map(({ method, url }) => `${method} ${new URL(url).pathname}`);
  assert.deepEqual(asked.slice(1), ["GET /stage/jobs/j1", "POST /stage/jobs/j1/cancel", "GET /stage/jobs/j1"]);
});

test("a name that would be another path is refused before anything is sent", async () => {
  const service = new FakeService();
  for (const name of ["", ".", ".."]) {
    await assert.rejects(async () => service.client().models.metrics(name), TypeError);
    await assert.rejects(async () => service.client().series.get(name), TypeError);
  }
  assert.equal(service.sent.length, 0);
});

test("a small file is one request, with lists and objects as JSON", async () => {
  const service = new FakeService(json({ file_id: "f1" }));
  const reading = { types: { zip: "category" as const }, missing: ["-999"], decimal: "," as const, hasHeader: undefined };
  await service.client().data.upload(new File(["a\n1\n"], "sales.csv"), reading);
  const form = service.sent[0]?.body as FormData;
  const file = form.get("file") as File;
  assert.deepEqual([file.name, file.size], ["sales.csv", 4]);
  form.delete("file");
  assert.deepEqual(Object.fromEntries(form), { types: '{"zip":"category"}', missing: '["-999"]', decimal: "," });
});

/** A service that takes a file of ten bytes in parts of four. */
function parts(...ends: Reply[]): Reply[] {
  const part = (number: number) => ({ number, url: `https://bucket.test/${number}` });
  const state = { file_id: "f1", status: "waiting", size_bytes: 10, part_size: 4 };
  return [
    json({ ...state, parts: [part(1), part(2), part(3)] }, 201),
    ...ends,
    json({ ...state, parts: [] }),
    json({}, 202),
    json({ status: "ingesting", stage: "reading", progress: 0.5 }),
    json({ status: "ready", progress: 1 }),
    json({ file_id: "f1", rows: 2 }),
  ];
}

test("a large file goes into the bucket in parts, without the key, and is waited for", async () => {
  const taken = (): Response => new Response();
  const service = new FakeService(...parts(taken(), taken(), taken()));
  const seen: [string, number][] = [];
  const bytes = new TextEncoder().encode("0123456789");
  const options = { inParts: true, encoding: "gbk", onProgress: (...one: [string, number]) => seen.push(one) };
  assert.equal((await service.client({ apiKey: "secret" }).data.upload(bytes, options)).rows, 2);
  const announced = { filename: "data.csv", size_bytes: 10, method: "multipart", encoding: "gbk" };
  assert.deepEqual(JSON.parse(String(service.sent[0]?.body)), announced);
  const puts = service.sent.filter(({ method }) => method === "PUT");
  assert.deepEqual(await Promise.all(puts.map(({ body }) => (body as Blob).text())), ["0123", "4567", "89"]);
  assert.ok(puts.every(({ headers }) => headers.get("X-Api-Key") === null));
  assert.deepEqual(seen.map(([stage]) => stage), ["uploading", "uploading", "uploading", "reading", "ready"]);
  assert.deepEqual(seen[2], ["uploading", 1]);
});

test("a part is sent again, and one that is never taken says how to go on", async () => {
  const service = new FakeService(...parts(new Response(), new Response(), noConnection("ECONNRESET"), new Response()));
  await service.client().data.upload(new Blob(["0123456789"]), { inParts: true });
  assert.deepEqual(service.pauses, [500, 200]);
  const broken = new FakeService(...parts(new Response(), new Response(), new Response("no", { status: 400 })));
  await assert.rejects(broken.client().data.upload(new Blob(["0123456789"]), { inParts: true }), (error) => {
    assert.ok(error instanceof UploadInterrupted);
    assert.equal(error.fileId, "f1");
    assert.match(error.message, /Part 3.*resume: "f1"/);
    return true;
  });
});

test("an interrupted upload goes on with the parts that are missing", async () => {
  const state = { file_id: "f1", status: "waiting", size_bytes: 10, part_size: 4 };
  const missing = { ...state, parts: [{ number: 3, url: "https://bucket.test/3" }], arrived: [1, 2] };
  const [, ...rest] = parts(new Response());
  const service = new FakeService(json(state), json(missing), ...rest);
  await service.client().data.upload(new Blob(["0123456789"]), { resume: "f1" });
  assert.deepEqual(service.sent.filter(({ method }) => method === "PUT").map(({ url }) => url), ["https://bucket.test/3"]);
  const other = new FakeService(json(state), json(missing));
  await assert.rejects(other.client().data.upload(new Blob(["0"]), { resume: "f1" }), /10 bytes, and this one has 1/);
});

test("a file that one request is too small for goes in parts by itself; one that is refused is an error", async () => {
  const taken = (): Response => new Response();
  const service = new FakeService(problem("too-large", 413), ...parts(taken(), taken(), taken()));
  assert.equal((await service.client().data.upload(new Blob(["0123456789"]))).file_id, "f1");
  const strict = new FakeService(problem("too-large", 413));
  await assert.rejects(strict.client().data.upload(new Blob(["0"]), { inParts: false }), TooLarge);
  const error = { type: "urn:regatta:problem:not-a-csv", status: 422, detail: "Binary." };
  const refused = new FakeService(json({ file_id: "f1", status: "queued" }), json({ file_id: "f1", status: "failed", progress: 0, error }));
  await assert.rejects(refused.client().data.upload(new Blob(["0"]), { resume: "f1" }), NotACsv);
});

const batch = (predictions: number[], more: object = {}): Response =>
  json({ predictions, count: predictions.length, model_name: "m", version: 4, warnings: ["once"], ...more });

test("rows are sent in batches to one version, with the names of their columns once", async () => {
  const service = new FakeService(batch([1, 2], { lower: [0, 1] }), batch([3], { lower: [2] }));
  const rows = [{ a: 1, b: "x" }, { a: Number.NaN, c: 10n }, { a: Infinity, d: new Date(0) }];
  const seen: number[] = [];
  const all = await service.client().predict.rows(rows, { model: "m", batchRows: 2, onProgress: (_, part) => seen.push(part) });
  assert.deepEqual([all.predictions, all.lower, all.count, all.warnings], [[1, 2, 3], [0, 1, 2], 3, ["once"]]);
  const bodies = service.sent.map(({ body }: Sent) => JSON.parse(String(body)) as Record<string, unknown>);
  const columns = ["a", "b", "c", "d"];
  assert.deepEqual(bodies, [
    { model_name: "m", columns, rows: [[1, "x", null, null], [null, null, "10", null]] },
    { model_name: "m", version: 4, columns, rows: [["Infinity", null, null, "1970-01-01T00:00:00.000Z"]] },
  ]);
  assert.deepEqual(seen, [2 / 3, 1]);
});

test("rows are divided by size as well, and their errors count all rows", async () => {
  const errors = [{ row: 1, field: "text", message: "is long" }];
  const service = new FakeService(batch([1]), problem("invalid-records", 422, { errors }));
  const text = "x".repeat(600_000);
  await assert.rejects(service.client().predict.rows([{ text }, { text }, { text }, { text }]), (error) => {
    assert.ok(error instanceof InvalidRecords);
    assert.equal(error.errors[0]?.row, 3);
    return true;
  });
});

test("no rows are asked for as well, so that the model and its version are known", async () => {
  const service = new FakeService(batch([]));
  assert.equal((await service.client().predict.rows([], { model: { model_name: "m", version: 4 } })).count, 0);
  assert.deepEqual(JSON.parse(String(service.sent[0]?.body)), { model_name: "m", version: 4, columns: [], rows: [] });
});

test("an export that becomes a job is fetched from its URL", async () => {
  const result = { url: "https://bucket.test/e", filename: "e.csv" };
  const service = new FakeService(accepted(), job("succeeded", { result }), new Response("a\n"));
  const file = await service.client({ apiKey: "secret" }).predict.export({ fileId: "f1", model: "m", format: "csv" });
  assert.equal(await file.text(), "a\n");
  assert.deepEqual(JSON.parse(String(service.sent[0]?.body)), { model_name: "m", file_id: "f1", format: "csv" });
  assert.equal(service.sent[2]?.headers.get("X-Api-Key"), null);
});

test("objects are predicted as a job whose file is fetched", async () => {
  const result = { url: "https://bucket.test/p", filename: "m-v1.json" };
  const service = new FakeService(accepted(), job("succeeded", { result }), json({ count: 3 }));
  assert.equal((await service.client().predict.objects("march/part-", { model: "m" })).count, 3);
  assert.deepEqual(JSON.parse(String(service.sent[0]?.body)), { prefix: "march/part-", model_name: "m" });
});

test("a large export in parquet is the files that its manifest names, in their order", async () => {
  const manifest = { parts: [{ url: "https://bucket.test/b" }, { url: "https://bucket.test/a" }] };
  const accept = (): [Response, Response] => [accepted(), job("succeeded", { result: { url: "https://bucket.test/e" } })];
  for (const [answers, expected] of [
    [[json(manifest), new Response("first"), new Response("second")], ["first", "second"]],
    [[new Response("whole", { headers: { "Content-Type": "application/vnd.apache.parquet" } })], ["whole"]],
  ] as const) {
    const { predict } = new FakeService(...accept(), ...answers).client();
    const texts: string[] = [];
    for await (const part of predict.parts(await predict.export({ fileId: "f1", format: "parquet" }))) {
      texts.push(await part.text());
    }
    assert.deepEqual(texts, expected);
  }
});

test("a CSV is written as it is asked for", async () => {
  const service = new FakeService(json("a"), json("a"));
  const style = { delimiter: "semicolon", decimal: "comma", bom: false } as const;
  await service.client().data.download(style);
  assert.match(service.sent[0]?.url ?? "", /\?delimiter=semicolon&decimal=comma&bom=false$/);
  await service.client().predict.export({ fileId: "f1", ...style });
  assert.deepEqual(JSON.parse(String(service.sent[1]?.body)), { file_id: "f1", ...style });
});

test("all pages of models are listed", async () => {
  const service = new FakeService(json({ models: [{ version: 1 }], next: "c" }), json({ models: [{ version: 2 }], next: null }));
  assert.deepEqual((await service.client().models.list({ modelName: "房" })).map(({ version }) => version), [1, 2]);
  assert.match(service.sent[1]?.url ?? "", /model_name=%E6%88%BF&limit=1000&cursor=c$/);
});

test("damaged models are those of all pages", async () => {
  const pages = [{ models: [], next: "2", damaged: ["a"] }, { models: [], next: "3" }, { models: [], next: null, damaged: ["b"] }];
  const service = new FakeService(...pages.map((page) => json(page)));
  assert.deepEqual(await service.client().models.damaged(), ["a", "b"]);
});
