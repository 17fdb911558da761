// The whole job, as a stranger writes it: `node job.ts URL FOLDER`. FOLDER has houses.csv, in GBK.
import assert from "node:assert/strict";
import { openAsBlob } from "node:fs";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Regatta, UnknownColumn } from "@regatta/client";

const [url, folder] = process.argv.slice(2) as [string, string];
const client = new Regatta({ url });
const stages = new Set<string>();
const onProgress = (stage: string, fraction: number): void => {
  assert.ok(fraction >= 0 && fraction <= 1);
  stages.add(stage);
};

assert.equal((await client.status()).status, "ok");
assert.match(await client.version(), /^\d+\.\d+\.\d+/);

// One request: a Uint8Array in GBK, with headers in Chinese.
const csv = await readFile(join(folder, "houses.csv"));
const dataset = await client.data.upload(csv, { filename: "房价.csv", onProgress });
assert.deepEqual([dataset.filename, dataset.rows, dataset.columns], ["房价.csv", 120, 4]);
assert.match(dataset.encoding, /^gb/i);
assert.deepEqual(Object.keys(dataset.column_types), ["面积", "城区", "签约日", "价格"]);
assert.equal((await client.data.preview({ rows: 3 })).rows.length, 3);
assert.equal((await client.data.get()).file_id, dataset.file_id);
assert.equal((await client.data.profile()).rows, 120);
assert.match(await client.data.report(), /<html/);
assert.ok("面积" in (await client.data.outliers({ method: "iqr", threshold: 2 })).columns);

// The same in parts, from a Blob: another dataset, which is deleted again.
const copy = await client.data.upload(await openAsBlob(join(folder, "houses.csv")), { inParts: true, onProgress });
assert.deepEqual([copy.filename, copy.rows, copy.sha256], ["data.csv", 120, dataset.sha256]);
assert.equal((await client.data.status(copy.file_id)).status, "ready");
assert.equal((await client.data.list()).current, copy.file_id);
await client.data.delete(copy.file_id);
await client.data.switch(dataset.file_id);

// Another reading of the same bytes.
const again = await client.data.readAgain(dataset.file_id, { types: { 城区: "category" }, missing: ["-999"] });
assert.equal(again.parent, dataset.file_id);
await client.data.delete(again.file_id);
await client.data.switch(dataset.file_id);

const effect = await client.data.process({ target: "价格", handleMissing: "median" });
assert.equal(effect.recipe.target_column, "价格");
await assert.rejects(client.data.process({ target: "价钱" }), UnknownColumn);

const trained = await client.models.train("ridge", "价格", { modelName: "houses", params: { alpha: 0.5 }, onProgress });
assert.deepEqual([trained.model_name, trained.version], ["houses", 1]);
assert.ok((trained.metrics.r2 ?? 0) > 0.9);

const comparison = await client.models.compare({ target: "价格", testSize: 0.25, onProgress });
assert.equal(comparison.results.filter((row) => row.version !== null).length, 9); // and the baseline
assert.ok((await client.models.list()).length >= 10);
assert.equal((await client.models.list({ modelName: "houses" })).length, 1);
assert.equal((await client.models.get("houses")).target_column, "价格");
assert.ok("r2" in (await client.models.metrics("houses")).metrics);
assert.equal((await client.models.importance("houses")).importance.length, 3);
assert.ok((await client.models.available()).models.length >= 9);
const schema = await client.models.schema("houses", { version: 1 });
assert.deepEqual(schema.features.map((feature) => feature.name).sort(), ["城区", "签约日", "面积"].sort());

// One row, many in several batches, a CSV, and the stored file.
const row = { 面积: 88.5, 城区: "朝阳", 签约日: new Date("2024-03-01T00:00:00Z") };
const one = await client.predict.row(row, { model: trained, interval: 0.9 });
assert.ok(one.interval && one.interval.lower < one.prediction && one.prediction < one.interval.upper);
assert.deepEqual([one.model_name, one.version], ["houses", 1]);
const rows = Array.from({ length: 25 }, (_, index) => ({ ...row, 面积: index === 3 ? Number.NaN : 50 + index }));
const many = await client.predict.rows(rows, { model: "houses", batchRows: 10, interval: 0.8, onProgress });
assert.deepEqual([many.count, many.predictions.length, many.lower?.length], [25, 25, 25]);
assert.ok(many.warnings.some((warning) => warning.includes("面积")));
const text = "面积,城区,签约日\n88.5,朝阳,2024-03-01\n";
assert.ok(Math.abs(((await client.predict.csv(text, { model: "houses" })).predictions[0] ?? 0) - one.prediction) < 1e-6);
const ofFile = await client.predict.file(dataset.file_id, { model: "ridge" });
assert.deepEqual([ofFile.count, ofFile.model_name === "houses" || ofFile.model_name.includes("ridge")], [120, true]);

// Files: to the disk as a stream, as a Blob, as text.
const table = await client.predict.export({ fileId: dataset.file_id, model: "houses", format: "csv" });
assert.equal(table.filename, "houses-v1.csv");
await writeFile(join(folder, "predicted.csv"), table);
assert.match(await readFile(join(folder, "predicted.csv"), "utf8"), /^\ufeff?面积,城区,签约日,价格,prediction/);
const workbook = await (await client.predict.export({ rows, model: "houses", format: "excel" })).bytes();
assert.equal(String.fromCharCode(...workbook.slice(0, 2)), "PK");
const source = await client.data.download({ source: true });
assert.deepEqual([source.filename, source.size, (await source.bytes()).length], ["房价.csv", csv.length, csv.length]);
const onnx = await client.models.download("houses", { format: "onnx" });
await writeFile(join(folder, "houses.onnx"), onnx);
assert.ok((await stat(join(folder, "houses.onnx"))).size > 500);

// Versions, and the jobs of all this.
const second = await client.models.train("lasso", "价格", { modelName: "houses" });
assert.equal(second.version, 2);
assert.equal((await client.models.promote("houses", 1)).before, 2);
await client.models.delete("houses", { version: 2 });
assert.equal((await client.models.rename("houses", "homes")).model_name, "homes");
const { jobs } = await client.jobs.list({ limit: 5 });
assert.ok(jobs.some((job) => job.kind === "compare"));
assert.equal((await client.jobs.wait(jobs[0]?.job_id ?? "")).status, "succeeded");

// A series: its first file trains a model of its name.
await client.series.configure("房源", { target: "价格", timeLimit: 1 });
const key = await client.series.upload("房源", new File([csv], "三月.csv"));
const arrival = await client.series.wait("房源", key, { onProgress });
assert.equal(arrival.state, "accepted");
assert.equal((await client.series.history("房源")).history.length, 1);
assert.equal((await client.series.get("房源")).champion, 1);
assert.ok((await client.series.list()).some(({ name }) => name === "房源"));
assert.match(await client.series.report("房源", arrival.job_id, { format: "html" }), /<html/);
assert.equal((await client.series.report("房源", arrival.job_id)).series, "房源");

for (const name of ["homes", "房源"]) {
  await client.models.delete(name);
}
await client.data.delete(dataset.file_id);
assert.ok(!(await client.data.list()).files.some((file) => file.file_id === dataset.file_id));
console.log(`The whole job is done. Stages: ${[...stages].sort().join(" ")}`);
