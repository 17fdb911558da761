// A whole file: its first rows with their predictions, and all of it to take along.
import { get, list, post } from "../../parts/api.js";
import { Button, Details, FileDrop, Progress, Section, SelectField } from "../../parts/elements.js";
import { ErrorPanel, Loaded, Notice } from "../../parts/feedback.js";
import { count, number } from "../../parts/format.js";
import { run } from "../../parts/jobs.js";
import { html, useState } from "../../parts/preact.js";
import { useAction, useResource } from "../../parts/resource.js";
import { href, navigate } from "../../parts/router.js";
import { Said, stageWords } from "../../parts/service_words.js";
import { Table } from "../../parts/table.js";
import { upload } from "../../parts/uploads.js";
import { known, t } from "../../parts/words.js";

const SHOWN_ROWS = 20;
const SHOWN_WARNINGS = 4;
// Of a file of up to so many rows all are predicted at once, read as the model reads them; of larger ones those of the preview.
const MOST_AT_ONCE = 20_000;
const FORMATS = ["csv", "excel", "json"];
const ACCEPTED = ".csv,.tsv,.txt,.data,.xlsx,.xls,.ods,.parquet,.json,.jsonl,.ndjson,.zip,.gz";

export function FilePredictions({ schema, level, query }) {
  const files = useResource((signal) => list("/data/files", "files", { limit: 1000, signal }), []);
  const fileId = query.get("file") ?? "";
  const setFileId = (chosen) => navigate(href("predict", schema.model_name, { version: query.get("version"), tab: "file", file: chosen }), { replace: true, stay: true });
  const [progress, setProgress] = useState(null);
  const send = useAction(async ([file]) => {
    setProgress({ stage: "reading", share: null });
    try {
      const dataset = await upload(file, { onProgress: setProgress });
      files.reload();
      setFileId(dataset.file_id);
    } finally {
      setProgress(null);
    }
  });
  const file = files.data?.files.find((each) => each.file_id === fileId);
  const options = [["", t("predict.chooseFile")], ...[...(files.data?.files ?? [])].reverse().map((file) => [file.file_id, t("predict.fileName", { name: file.filename, rows: count(file.rows) })])];
  return html`
    <${FileDrop} compact accept=${ACCEPTED} busy=${send.busy} onFiles=${send.act} title=${t("predict.drop")} note=${t("predict.dropNote")} />
    ${progress && html`<div class="card sending"><${Progress} share=${progress.share} label=${known(`stages.${progress.stage}`, t("predict.sending"))} /></div>`}
    ${send.error && html`<${ErrorPanel} error=${send.error} />`}
    ${options.length > 1 && html`<div class="file-choice"><${SelectField} label=${t("predict.orChoose")} search=${t("data.search")} value=${fileId} options=${options} onChange=${setFileId} /></div>`}
    ${file && html`<${Scored} key=${`${fileId} ${level}`} file=${file} schema=${schema} level=${level} />`}`;
}

function Scored({ file, schema, level }) {
  const model = { model_name: schema.model_name, version: schema.version, ...(level === null ? {} : { interval: level }) };
  const first = useResource(async (signal) => {
    const preview = await get("/data/preview", { file_id: file.file_id, rows: SHOWN_ROWS }, { signal });
    const rows = file.rows <= MOST_AT_ONCE ? { file_id: file.file_id } : batchOf(preview);
    return { preview, predicted: await post("/predict/batch", { ...model, ...rows }, { signal }) };
  }, [file.file_id, schema.version, level]);
  const [stage, setStage] = useState(null);
  const take = useAction(async (format) => {
    setStage({ format, stage: "queued" });
    try {
      const stored = await run("/predict/export", { ...model, file_id: file.file_id, format }, { onChange: (job) => setStage({ ...job, format }) });
      save(stored);
    } finally {
      setStage(null);
    }
  });
  return html`
    <${Section} title=${t("predict.wholeFile")} note=${t("predict.wholeFileNote")}>
      <div class="actions">${FORMATS.map((format) => html`<${Button} kind=${format === "excel" ? "primary" : "secondary"} icon="download" busy=${stage?.format === format} aria-disabled=${take.busy ? "true" : undefined} onClick=${() => take.act(format)}>${t(`predict.take.${format}`)}<//>`)}</div>
      ${stage && html`<div class="card sending"><${Progress} share=${stage.status === "running" ? stage.progress : null} label=${stageWords(stage.stage)} /></div>`}
      ${take.error && html`<${ErrorPanel} error=${take.error} />`}
    <//>
    <${Section} title=${t("predict.firstRows")}>
      <${Loaded} of=${first} skeleton=${{ shape: "table", count: 6 }}>
        ${({ preview, predicted }) => html`
          ${predicted.warnings.length > 0 && html`<${Warnings} of=${predicted.warnings} />`}
          <${Rows} preview=${preview} predicted=${predicted} target=${schema.output.target_column} />`}
      <//>
    <//>`;
}

// The first warnings; of a wide table the others are shown on request.
function Warnings({ of: warnings }) {
  const items = (some) => html`<ul>${some.map((warning) => html`<li><${Said} text=${warning} /></li>`)}</ul>`;
  const rest = warnings.slice(SHOWN_WARNINGS);
  return html`<${Notice} kind="warning" title=${t("predict.warnings")}>
    ${items(warnings.slice(0, SHOWN_WARNINGS))}
    ${rest.length > 0 && html`<${Details} summary=${t("predict.moreWarnings", { n: rest.length, count: count(rest.length) })}>${items(rest)}<//>`}
  <//>`;
}

// A preview has records, one object a row.
const batchOf = ({ columns, rows }) => ({ columns, rows: rows.map((row) => (Array.isArray(row) ? row : columns.map((name) => row[name] ?? null))) });

function Rows({ preview, predicted, target }) {
  const rows = batchOf(preview).rows.map((cells, index) => ({ cells, prediction: predicted.predictions[index], lower: predicted.lower?.[index], upper: predicted.upper?.[index] }));
  const found = (name) => ({ name: `predicted ${name}`, label: t(`predict.column.${name}`, { target }), number: true, value: (row) => row[name], show: (value) => number(value, 5) });
  const columns = ["prediction", ...(predicted.lower ? ["lower", "upper"] : [])].map(found);
  preview.columns.forEach((name, index) => columns.push({ name: `cell ${index}`, label: name, number: rows.some(({ cells }) => typeof cells[index] === "number"), value: (row) => row.cells[index], show: (value) => (typeof value === "number" ? number(value, 6) : value === null ? null : String(value)) }));
  return html`<${Table} caption=${t("predict.firstRows")} rows=${rows} columns=${columns} csv="predictions.csv" />`;
}

// A stored export is at an address of the bucket; the browser saves it under the name that the service gave it.
function save({ url, filename }) {
  const link = Object.assign(document.createElement("a"), { href: url, download: filename ?? "", rel: "noopener" });
  document.body.append(link);
  link.click();
  link.remove();
}
