// How a file is to be read otherwise: what is said goes to the service, and the first rows show its effect.
import { get, remove } from "../../parts/api.js";
import { Button, Details, SelectField, TextField } from "../../parts/elements.js";
import { Dialog, ErrorPanel, Notice } from "../../parts/feedback.js";
import { run } from "../../parts/jobs.js";
import { html, useState } from "../../parts/preact.js";
import { useAction } from "../../parts/resource.js";
import { href, navigate } from "../../parts/router.js";
import { Said } from "../../parts/service_words.js";
import { t } from "../../parts/words.js";
import { Rows } from "./rows.js";

const ENCODINGS = ["utf-8", "gbk", "gb18030", "big5", "shift_jis", "euc-kr", "cp1252", "cp1251", "iso-8859-15", "utf-16"];
const DELIMITERS = ["comma", "semicolon", "tab", "pipe", "space"];
const TYPES = ["integer", "number", "boolean", "date", "category"];
const SHOWN_ROWS = 6;

export function ReadOtherwise({ info, onClose }) {
  const before = info.reading ?? {};
  const [changed, setChanged] = useState({});
  const [result, setResult] = useState(null);
  const set = (name) => (value) => setChanged((all) => ({ ...all, [name]: value === "" ? null : value }));
  const value = (name) => (name in changed ? changed[name] : before[name]) ?? "";
  const apply = useAction(async () => {
    const file = await run(`/data/files/${encodeURIComponent(info.file_id)}/reading`, bodyOf(changed), { method: "PATCH", asJob: false });
    const [old, anew] = await Promise.all([info.file_id, file.file_id].map((id) => get("/data/preview", { file_id: id, rows: SHOWN_ROWS })));
    setResult({ file, old, anew });
  });
  const undo = useAction(async () => {
    await remove(`/data/files/${encodeURIComponent(result.file.file_id)}`);
    setResult(null);
  });
  if (result) return html`<${Effect} info=${info} result=${result} undo=${undo} onClose=${onClose} />`;
  const isTyped = Object.keys(changed).length > 0;
  const choices = (names, words) => [["", t("data.reading.asFound")], ...names.map((name) => [name, words ? t(`${words}.${name}`) : name])];
  const inBook = Boolean(info.container?.sheet);
  return html`<${Dialog} wide title=${t("data.reading.change")} onClose=${onClose} actions=${html`
      <${Button} onClick=${onClose}>${t("common.cancel")}<//>
      <${Button} kind="primary" busy=${apply.busy} disabled=${!isTyped} onClick=${() => apply.act()}>${t("data.reading.apply")}<//>`}>
    <p class="muted">${t("data.reading.changeNote")}</p>
    ${apply.error && html`<${ErrorPanel} error=${apply.error} />`}
    <div class="form">
      ${!inBook && html`
        <${SelectField} label=${t("data.reading.encoding")} hint=${t("data.reading.now", { value: info.encoding })} value=${value("encoding")} options=${choices(ENCODINGS)} onChange=${set("encoding")} />
        <${SelectField} label=${t("data.reading.delimiter")} value=${value("delimiter")} options=${choices(DELIMITERS, "data.reading.delimiters")} onChange=${set("delimiter")} />`}
      ${inBook && html`<${TextField} label=${t("data.reading.sheet")} hint=${t("data.reading.now", { value: info.container.sheet })} value=${value("sheet")} onInput=${set("sheet")} />`}
      ${info.container?.member && html`<${TextField} label=${t("data.reading.member")} hint=${t("data.reading.now", { value: info.container.member })} value=${value("member")} onInput=${set("member")} />`}
      <${SelectField} label=${t("data.reading.header")} value=${String(value("has_header"))} options=${[["", t("data.reading.asFound")], ["true", t("data.reading.hasHeader")], ["false", t("data.reading.noHeader")]]}
        onChange=${(chosen) => set("has_header")(chosen === "" ? "" : chosen === "true")} />
      <${SelectField} label=${t("data.reading.dates")} value=${value("dates")} options=${choices(["dmy", "mdy", "ymd"], "data.reading.orders")} onChange=${set("dates")} />
      <${SelectField} label=${t("data.reading.decimal")} value=${value("decimal")} options=${[["", t("data.reading.asFound")], [".", t("data.reading.point")], [",", t("data.reading.comma")]]} onChange=${set("decimal")} />
      <${SelectField} label=${t("data.reading.thousands")} value=${value("thousands")} options=${choices(["point", "comma", "apostrophe", "space"], "data.reading.marks")} onChange=${set("thousands")} />
      <${TextField} label=${t("data.reading.missing")} hint=${t("data.reading.missingHint")} value=${listed(value("missing"))} onInput=${set("missing")} />
      <${TextField} label=${t("data.reading.keep")} hint=${t("data.reading.keepHint")} value=${listed(value("keep"))} onInput=${set("keep")} />
    </div>
    <${Details} summary=${t("data.reading.types")}>
      <div class="form types">
        ${Object.entries(info.column_types).map(([column, type]) => html`<${SelectField} key=${column} label=${html`<bdi>${column}</bdi>`}
          value=${(value("types") || {})[column] ?? ""} options=${[["", t("data.reading.asFoundType", { type: [t(`data.type.${type}`), info.units?.[column] ?? info.formats?.[column]].filter(Boolean).join(" · ") })], ...TYPES.filter((each) => each !== type).map((each) => [each, t(`data.type.${each}`)])]}
          onChange=${(chosen) => set("types")(without({ ...(value("types") || {}), [column]: chosen }))} />`)}
      </div>
    <//>
  <//>`;
}

// What a new reading has changed, before anybody uses it.
function Effect({ info, result: { file, old, anew }, undo, onClose }) {
  const keep = () => {
    onClose();
    navigate(href("data", file.file_id));
  };
  const changed = Object.entries(file.column_types).filter(([name, type]) => info.column_types[name] !== type);
  return html`<${Dialog} wide title=${t("data.reading.effect")} onClose=${keep} actions=${html`
      <${Button} busy=${undo.busy} onClick=${() => undo.act()}>${t("data.reading.undo")}<//>
      <${Button} kind="primary" onClick=${keep}>${t("data.reading.keepReading")}<//>`}>
    ${undo.error && html`<${ErrorPanel} error=${undo.error} />`}
    ${changed.length > 0 && html`<ul class="bullets">${changed.map(([name, type]) => html`<li><bdi>${name}</bdi>: ${info.column_types[name] ? t(`data.type.${info.column_types[name]}`) : "–"} → <strong>${t(`data.type.${type}`)}</strong></li>`)}</ul>`}
    <h3>${t("data.reading.wasRead")}</h3>
    <${Rows} preview=${old} types=${info.column_types} caption=${t("data.reading.wasRead")} />
    <h3>${t("data.reading.isRead")}</h3>
    <${Rows} preview=${anew} types=${file.column_types} caption=${t("data.reading.isRead")} />
    ${file.warnings.length > 0 && html`<${Notice} kind="warning"><ul>${file.warnings.slice(0, 6).map((warning) => html`<li><${Said} text=${warning} /></li>`)}</ul><//>`}
  <//>`;
}

const listed = (value) => (Array.isArray(value) ? value.join(", ") : value);

const without = (types) => Object.fromEntries(Object.entries(types).filter(([, type]) => type !== ""));

// Spellings are typed as one text with commas between them.
function bodyOf(changed) {
  const body = { ...changed };
  for (const name of ["missing", "keep"]) {
    if (typeof body[name] === "string") body[name] = body[name].split(/[,，]/).map((each) => each.trim()).filter(Boolean);
  }
  return body;
}
