// Data: the files, and what is in one of them.
import { list, post } from "../parts/api.js";
import { Button, FileDrop, Section, Tag, ViewHead } from "../parts/elements.js";
import { Loaded, toast, toastError } from "../parts/feedback.js";
import { ago, bytes, count } from "../parts/format.js";
import { html, useState } from "../parts/preact.js";
import { ASSETS } from "../parts/places.js";
import { useResource } from "../parts/resource.js";
import { href, navigate } from "../parts/router.js";
import { Table } from "../parts/table.js";
import { t } from "../parts/words.js";
import { DatasetView } from "./data/dataset.js";
import { DeleteFile } from "./data/delete_file.js";
import { Uploads, useUploads } from "./data/uploads.js";

const EXAMPLES = ["mpg", "concrete"];
const ACCEPTED = ".csv,.tsv,.txt,.data,.xlsx,.xls,.ods,.parquet,.json,.jsonl,.ndjson,.zip,.gz";

export default function Data({ path, query }) {
  return path.length ? html`<${DatasetView} fileId=${path[0]} query=${query} key=${path[0]} />` : html`<${Files} />`;
}

function Files() {
  const files = useResource((signal) => list("/data/files", "files", { limit: 1000, signal }), []);
  const uploads = useUploads({ onDone: files.reload });
  const isEmpty = files.data?.files.length === 0;
  // The place for files is there before the list is, and stays the same when it comes.
  return html`<div class=${isEmpty ? "beginning" : ""}>
    <${ViewHead} title=${t(isEmpty ? "data.empty.title" : "data.title")} note=${t(isEmpty ? "data.empty.note" : "data.note")} />
    <${FileDrop} compact=${!isEmpty} multiple accept=${ACCEPTED} onFiles=${uploads.start} title=${t("data.drop")} note=${t("data.formats")} />
    <${Uploads} of=${uploads} />
    <${Loaded} of=${files} skeleton=${{ shape: "table", count: 6 }} isEmpty=${() => isEmpty} empty=${html`<${Examples} onFiles=${uploads.start} />`}>
      ${(found) => html`<${Section}><${FileTable} files=${found.files} current=${found.current} onChange=${files.reload} onSwitch=${(current) => files.set({ ...found, current })} /><//>`}
    <//>
  </div>`;
}

// Tables for somebody who has none at hand.
function Examples({ onFiles }) {
  const example = async (name) => {
    const answer = await fetch(`${ASSETS}examples/${name}.csv`);
    onFiles([new File([await answer.blob()], `${name}.csv`, { type: "text/csv" })]);
  };
  return html`<${Section} title=${t("data.empty.examples")} note=${t("data.empty.examplesNote")}>
    <div class="grid-2">
      ${EXAMPLES.map((name) => html`<div class="card example">
        <h3>${t(`data.empty.example.${name}.title`)}</h3>
        <p class="muted">${t(`data.empty.example.${name}.note`)}</p>
        <${Button} icon="table" onClick=${() => example(name)}>${t("data.empty.use")}<//>
      </div>`)}
    </div>
  <//>`;
}

// Another worker may name the former file in use for a second, so what was switched is shown without asking again.
function FileTable({ files, current, onChange, onSwitch }) {
  const [leaving, setLeaving] = useState(null);
  const makeCurrent = async (file) => {
    await post(`/data/switch/${encodeURIComponent(file.file_id)}`);
    toast(t("data.switched", { name: file.filename }));
    onSwitch(file.file_id);
  };
  const columns = [
    { name: "filename", label: t("data.name"), isHeading: true, wide: true, show: (name, file) => html`<a href=${href("data", file.file_id)}>${name}</a>${" "}${file.file_id === current && html`<${Tag} kind="good">${t("data.current")}<//>`}` },
    { name: "rows", label: t("data.rows"), number: true, show: count },
    { name: "columns", label: t("data.columns"), number: true, show: count },
    { name: "size_bytes", label: t("data.size"), number: true, show: bytes },
    { name: "created_at", label: t("data.when"), show: (when) => ago(when) },
    { name: "actions", label: html`<span class="visually-hidden">${t("data.actions")}</span>`, sortable: false, number: true, value: () => null, show: (_, file) => html`<span class="row-actions">
        ${file.file_id !== current && html`<${Button} kind="quiet" onClick=${() => makeCurrent(file).catch(failed)}>${t("data.makeCurrent")}<//>`}
        <${Button} kind="quiet" icon="trash" label=${t("data.deleteFile", { name: file.filename })} onClick=${() => setLeaving(file)} />
      </span>` },
  ];
  return html`
    <${Table} columns=${columns} rows=${files} sort=${{ name: "created_at", down: true }} rowKey=${(file) => file.file_id} caption=${t("data.title")} search=${t("data.search")} onRow=${(file) => navigate(href("data", file.file_id))} />
    ${leaving && html`<${DeleteFile} file=${leaving} onClose=${() => setLeaving(null)} onDone=${onChange} />`}`;
}

const failed = toastError;
