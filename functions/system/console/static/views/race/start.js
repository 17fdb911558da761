// What a race is about: the file, the target, which regressors, and for how long.
import { get, list } from "../../parts/api.js";
import { Button, ButtonLink, CheckField, Choice, Details, Empty, Section, SelectField, TextField, ViewHead } from "../../parts/elements.js";
import { ErrorPanel, Loaded } from "../../parts/feedback.js";
import { count, duration } from "../../parts/format.js";
import { submit } from "../../parts/jobs.js";
import { html, useState } from "../../parts/preact.js";
import { useAction, useResource } from "../../parts/resource.js";
import { href, navigate } from "../../parts/router.js";
import { t } from "../../parts/words.js";
import { EarlierRaces } from "./earlier.js";
import { bodyOf, EXTRAS, KINDS, targetsOf } from "./request.js";
import { regressor } from "../../parts/regressors.js";

const SECONDS = [10, 30, 60, 180, 600];

export function Start({ query }) {
  const files = useResource((signal) => list("/data/files", "files", { limit: 1000, signal }), []);
  const empty = html`<${Empty} icon="race" title=${t("race.noFile")} actions=${html`<${ButtonLink} kind="primary" href=${href("data")} icon="upload">${t("race.toData")}<//>`}>${t("race.noFileNote")}<//>`;
  return html`
    <${ViewHead} title=${t("race.title")} note=${t("race.note")} />
    <${Loaded} of=${files} skeleton=${{ shape: "lines", count: 6 }} isEmpty=${(found) => found.files.length === 0} empty=${empty}>
      ${(found) => html`<${ChosenFile} files=${found.files} fileId=${query.get("file") ?? found.current ?? found.files.at(-1).file_id} target=${query.get("target")} time=${query.get("time")} />`}
    <//>
    <${EarlierRaces} files=${files.data?.files} />`;
}

function ChosenFile({ files, fileId, target, time }) {
  const info = useResource((signal) => get("/data/info", { file_id: fileId }, { signal }), [fileId]);
  const names = [...files].reverse().map((file) => [file.file_id, t("race.fileName", { name: file.filename, rows: count(file.rows) })]);
  return html`<div class="card race-form">
    <${SelectField} label=${t("race.file")} search=${t("data.search")} value=${fileId} options=${names} onChange=${(file) => navigate(href("race", { file }), { replace: true, stay: true })} />
    <${Loaded} of=${info} skeleton=${{ shape: "lines", count: 4 }}>${(found) => html`<${Form} info=${found} wanted=${target} time=${time} key=${fileId} />`}<//>
  </div>`;
}

function Form({ info, wanted, time }) {
  const targets = targetsOf(info);
  const [fields, setFields] = useState({
    kind: "portfolio", seconds: 30, target: [wanted, info.recipe?.target_column].find((name) => targets.includes(name)) ?? "", extras: [],
    validation: time in info.column_types ? "time" : "random", timeColumn: time in info.column_types ? time : "", groupColumn: "", testSize: "20", parallel: false, maxKilobytes: "", maxMicroseconds: "",
  });
  const set = (name) => (value) => setFields((before) => ({ ...before, [name]: value }));
  const start = useAction(async () => {
    const job = await submit("/model/compare", bodyOf(info.file_id, fields));
    navigate(href("race", job.job_id, { file: info.file_id, target: fields.target }));
  });
  const columns = (names, first) => [["", first], ...names.map((name) => [name, name])];
  if (targets.length === 0) return html`<${ErrorPanel} error=${new Error(t("race.noTarget"))} title=${t("race.noTargetTitle")} actions=${html`<${ButtonLink} kind="primary" icon="data" href=${href("data", info.file_id)}>${t("errors.toData")}<//>`} />`;
  return html`
    <${SelectField} label=${t("race.target")} hint=${t("race.targetHint")} value=${fields.target} options=${columns(targets, t("race.chooseTarget"))} onChange=${set("target")} />
    <div class="field"><span class="label">${t("race.who")}</span>
      <${Choice} label=${t("race.who")} value=${fields.kind} options=${KINDS.map((kind) => [kind, t(`race.kind.${kind}`)])} onChange=${set("kind")} />
      <p class="hint">${t(`race.kindNote.${fields.kind}`)}</p>
    </div>
    ${fields.kind !== "nine" && html`<div class="field"><span class="label">${t("race.time")}</span>
      <${Choice} label=${t("race.time")} value=${fields.seconds} options=${SECONDS.map((seconds) => [seconds, duration(seconds)])} onChange=${set("seconds")} />
    </div>`}
    <${Details} summary=${t("race.further")} open=${time in info.column_types}><${Further} info=${info} fields=${fields} set=${set} columns=${columns} /><//>
    ${start.error && html`<${ErrorPanel} error=${start.error} />`}
    <div class="actions"><${Button} kind="primary" icon="race" busy=${start.busy} disabled=${!fields.target} onClick=${() => start.act()}>${t("race.start")}<//>
      ${!fields.target && html`<span class="muted">${t("race.targetFirst")}</span>`}</div>`;
}

function Further({ info, fields, set, columns }) {
  const types = info.column_types;
  const ordered = Object.keys(types).filter((name) => ["date", "integer", "number"].includes(types[name]));
  const toggle = (name) => (checked) => set("extras")(checked ? [...fields.extras, name] : fields.extras.filter((each) => each !== name));
  return html`<div class="form">
    <${SelectField} label=${t("race.validation")} hint=${t(`race.validationNote.${fields.validation}`)} value=${fields.validation} options=${["random", "time", "group"].map((kind) => [kind, t(`race.validations.${kind}`)])} onChange=${set("validation")} />
    ${fields.validation === "time" && html`<${SelectField} label=${t("race.timeColumn")} value=${fields.timeColumn} options=${columns(ordered, t("race.asFound"))} onChange=${set("timeColumn")} />`}
    ${fields.validation === "group" && html`<${SelectField} label=${t("race.groupColumn")} value=${fields.groupColumn} options=${columns(Object.keys(types), t("race.asFound"))} onChange=${set("groupColumn")} />`}
    <${TextField} label=${t("race.testSize")} hint=${t("race.testSizeNote")} inputmode="decimal" value=${fields.testSize} onInput=${set("testSize")} />
    ${fields.kind === "portfolio" ? html`
      <${TextField} label=${t("race.maxSize")} hint=${t("race.noLimit")} inputmode="numeric" value=${fields.maxKilobytes} onInput=${set("maxKilobytes")} />
      <${TextField} label=${t("race.maxLatency")} hint=${t("race.noLimit")} inputmode="numeric" value=${fields.maxMicroseconds} onInput=${set("maxMicroseconds")} />` : html`
      <fieldset class="field extras"><legend class="label">${t("race.extras")}</legend>
        ${EXTRAS.map((name) => html`<${CheckField} label=${regressor(name)} checked=${fields.extras.includes(name)} onChange=${toggle(name)} />`)}
      </fieldset>`}
    <${CheckField} label=${t("race.parallel")} hint=${t("race.parallelNote")} checked=${fields.parallel} onChange=${set("parallel")} />
  </div>`;
}
