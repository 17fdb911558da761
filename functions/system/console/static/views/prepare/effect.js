// What a recipe does to the table: before and after side by side.
import { get, send } from "../../parts/api.js";
import { Button, ButtonLink, Section } from "../../parts/elements.js";
import { Loaded, toastError } from "../../parts/feedback.js";
import { download } from "../../parts/files.js";
import { count, number } from "../../parts/format.js";
import { html } from "../../parts/preact.js";
import { useResource } from "../../parts/resource.js";
import { href } from "../../parts/router.js";
import { Said } from "../../parts/service_words.js";
import { Table } from "../../parts/table.js";
import { t } from "../../parts/words.js";
import { Rows } from "../data/rows.js";

// The prepared table comes whole, so its first rows are shown of files up to this size.
const SHOWN_BYTES = 2_000_000;
const SHOWN_ROWS = 10;
const FIGURES = ["rows", "columns", "missing_values"];

// `onKeep` stores the recipe with a column that is left out by itself, or without it again; `kept` are those that it was called for.
export function Effect({ info, effect, kept, onKeep, busy }) {
  const { before, after, recipe } = effect;
  const take = () => download("GET", "/data/download", { query: { file_id: info.file_id, processed: true, format: "csv" } }).catch(toastError);
  return html`
    <${Section} id="effect" title=${t("prepare.effect")} actions=${html`
        <${Button} icon="download" onClick=${take}>${t("prepare.take")}<//>
        <${ButtonLink} kind="primary" icon="race" href=${href("race", null, { file: info.file_id, target: recipe.target_column })}>${t("prepare.toRace")}<//>`}>
      <div class="grid-3">${FIGURES.map((name) => html`<div class="card change">
        <h3>${t(`prepare.figure.${name}`)}</h3>
        <p><span>${count(before[name])}</span><span class="arrow-to" aria-label=${t("prepare.becomes")}>→</span><strong>${count(after[name])}</strong></p>
      </div>`)}</div>
      ${effect.notes.length > 0 && html`<ul class="bullets notes">${effect.notes.map((note) => html`<li><${Said} whole text=${note} /></li>`)}</ul>`}
    <//>
    <${Section} title=${t("prepare.byColumn")}><${Changes} effect=${effect} kept=${kept} onKeep=${onKeep} busy=${busy} /><//>
    ${info.size_bytes <= SHOWN_BYTES && html`<${FirstRows} info=${info} recipe=${recipe} />`}`;
}

// A column that is left out by itself has one button, which keeps it or takes that back, and the focus all the while.
function Changes({ effect, kept, onKeep, busy }) {
  const rows = [];
  for (const [name, value] of Object.entries(effect.imputed)) rows.push({ name, what: t("prepare.filled", { value: typeof value === "number" ? number(value, 6) : String(value) }) });
  for (const [name, many] of Object.entries(effect.dropped_rows)) rows.push({ name, what: t("prepare.rowsDropped", { n: many, count: count(many) }) });
  for (const [name, many] of Object.entries(effect.encoded)) rows.push({ name, what: t("prepare.encoded", { n: many, count: count(many) }) });
  for (const [name, made] of Object.entries(effect.derived)) rows.push({ name, what: t("prepare.derived", { names: made.join(", ") }) });
  const byItself = [...effect.left_out, ...kept.filter((name) => !effect.left_out.includes(name))].sort();
  for (const name of byItself) {
    const isKept = !effect.left_out.includes(name);
    rows.push({ name, what: t(isKept ? "prepare.isKept" : "prepare.isLeftOut"), isKept, mayKeep: !effect.recipe.leave_out.includes(name) });
  }
  if (rows.length === 0) return html`<p class="muted">${t("prepare.unchanged")}</p>`;
  return html`<${Table} caption=${t("prepare.byColumn")} rows=${rows} rowKey=${({ name, what, mayKeep }) => JSON.stringify([name, mayKeep ? null : what])} csv="preparation.csv" columns=${[
    { name: "name", label: t("prepare.column"), isHeading: true },
    { name: "what", label: t("prepare.change"), wide: true, show: (what, { name, isKept, mayKeep }) => (mayKeep
      ? html`${what} <${Button} kind="quiet" busy=${busy} aria-label=${t(isKept ? "prepare.leaveOutOf" : "prepare.keepOf", { name })} onClick=${() => onKeep(name, !isKept)}>${t(isKept ? "prepare.leaveOut" : "prepare.keep")}<//>`
      : what) },
  ]} />`;
}

function FirstRows({ info, recipe }) {
  const both = useResource(async (signal) => {
    const [before, answer] = await Promise.all([
      get("/data/preview", { file_id: info.file_id, rows: SHOWN_ROWS }, { signal }),
      send("GET", "/data/download", { query: { file_id: info.file_id, processed: true, format: "json" }, headers: { Accept: "*/*" }, signal }),
    ]);
    const records = (await answer.json()).slice(0, SHOWN_ROWS);
    const columns = Object.keys(records[0] ?? {});
    return { before, after: { columns, rows: records.map((record) => columns.map((name) => record[name])) } };
  }, [info.file_id, JSON.stringify(recipe)]);
  return html`<${Loaded} of=${both} skeleton=${{ shape: "table", count: 6 }}>
    ${({ before, after }) => html`<div class="side-by-side">
      <${Section} title=${t("prepare.before")}><${Rows} preview=${before} types=${info.column_types} caption=${t("prepare.before")} /><//>
      <${Section} title=${t("prepare.after")}><${Rows} preview=${after} types=${numbers(after)} caption=${t("prepare.after")} /><//>
    </div>`}
  <//>`;
}

// Return the types of a prepared table: its columns are numbers, but for those that are passed on as they are.
const numbers = ({ columns, rows }) => Object.fromEntries(columns.map((name, index) => [name, typeof rows[0]?.[index] === "number" ? "number" : "category"]));
