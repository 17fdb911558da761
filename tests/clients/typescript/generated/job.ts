// A job by the client that @hey-api/openapi-ts generates from the document: `node dist/job.js URL`.
import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import { client } from "./client/client.gen.js";
import { deleteFile, deleteModel, exportPredictions, getJob, getSchema, predictRow, trainModel, uploadFile } from "./client/index.js";

client.setConfig({ baseUrl: process.argv[2] as string });
const options = { throwOnError: true } as const;

const lines = Array.from({ length: 60 }, (_, index) => {
  const [a, b] = [(index * 5) % 23, (index * 7) % 11];
  return `${a},${b},${3 * a + b}`;
});
const file = new File([`a,b,y\n${lines.join("\n")}\n`], "generated.csv");
const dataset = (await uploadFile({ ...options, body: { file } })).data;
assert.equal(dataset.rows, 60);

const { data: ordered, response } = await trainModel({
  ...options,
  body: { model_type: "ridge", target_column: "y", model_name: "generated" },
  headers: { prefer: ["respond-async"] },
});
assert.equal(response.status, 202);
assert.ok("job_id" in ordered);
let job = ordered;
while (job.status === "queued" || job.status === "running") {
  await setTimeout(100);
  job = (await getJob({ ...options, path: { job_id: ordered.job_id }, query: { wait: 10 } })).data;
}
assert.equal(job.status, "succeeded");

const schema = (await getSchema({ ...options, path: { model_name: "generated" } })).data;
assert.deepEqual(schema.features.map((feature) => feature.name), ["a", "b"]);
const prediction = (await predictRow({ ...options, body: { data: { a: 2, b: 3 }, model_name: "generated" } })).data;
assert.ok(Math.abs(prediction.prediction - 9) < 1);
const refused = await predictRow({ body: { data: { a: 2 }, model_name: "nobody" } });
assert.equal(refused.error?.type, "urn:regatta:problem:no-such-model");
const csv = await exportPredictions({ ...options, body: { file_id: dataset.file_id, model_name: "generated", format: "csv" } });
assert.match(String(csv.data), /^\ufeff?a,b,y,prediction/);

await deleteModel({ ...options, path: { model_name: "generated" } });
await deleteFile({ ...options, path: { file_id: dataset.file_id } });
console.log("The generated client has done the job.");
