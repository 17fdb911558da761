// The recipe of a file: it is stored beside the table, and changes nothing in it.
import { Button, CheckField, Section, SelectField, TextField } from "../../parts/elements.js";
import { ErrorPanel } from "../../parts/feedback.js";
import { count, share } from "../../parts/format.js";
import { run } from "../../parts/jobs.js";
import { html, useEffect, useState } from "../../parts/preact.js";
import { useAction } from "../../parts/resource.js";
import { Table } from "../../parts/table.js";
import { known, t } from "../../parts/words.js";
import { targetsOf } from "../race/request.js";
import { Effect } from "./effect.js";

const HANDLINGS = ["median", "mean", "mode", "drop"];

// `leave` is a column that a finding says to leave out, and `column` one that it is about.
export function Recipe({ info, leave, column }) {
  const [recipe, setRecipe] = useState(() => leavingOut({ handle_missing: "median", columns: {}, leave_out: [], target_column: null, ...info.recipe }, leave, info));
  const [search, setSearch] = useState(leave ?? column ?? "");
  const set = (name) => (value) => setRecipe((before) => ({ ...before, [name]: value }));
  const targets = targetsOf(info);
  const apply = useAction((wanted) => run("/data/process", { ...wanted, file_id: info.file_id }));
  const [effect, setEffect] = useState(null);
  const [kept, setKept] = useState([]);
  const act = async (wanted) => {
    setRecipe(wanted);
    const found = await apply.act(wanted);
    if (found) setEffect(found);
    return found;
  };
  // Whoever asks for the effect is taken to it.
  const [asked, setAsked] = useState(0);
  useEffect(() => document.getElementById("effect")?.scrollIntoView(), [asked]);
  const show = async () => {
    if (await act(recipe)) setAsked(asked + 1);
  };
  // What is left out by itself is kept where the recipe names it.
  const keep = (name, isKept) => {
    const { [name]: _, ...others } = recipe.columns;
    setKept([...new Set([...kept, name])]);
    return act({ ...recipe, columns: isKept ? { ...others, [name]: usefulFor(info.column_types[name])[0] } : others });
  };
  const names = Object.keys(info.column_types).filter((name) => name.toLowerCase().includes(search.trim().toLowerCase()));
  return html`
    <${Section} title=${t("prepare.target")} note=${t("prepare.targetNote", { n: targets.length, count: count(targets.length) })}>
      <div class="form">
        <${SelectField} label=${t("prepare.targetColumn")} value=${recipe.target_column ?? ""} options=${[["", t("prepare.noTarget")], ...targets.map((name) => [name, name])]} onChange=${(name) => set("target_column")(name || null)} />
        <${SelectField} label=${t("prepare.missing")} hint=${t(`prepare.handlingNote.${recipe.handle_missing}`)} value=${recipe.handle_missing} options=${HANDLINGS.map((name) => [name, t(`prepare.handling.${name}`)])} onChange=${set("handle_missing")} />
      </div>
    <//>
    <${Section} title=${t("prepare.columns")} note=${t("prepare.columnsNote")}>
      ${(search !== "" || Object.keys(info.column_types).length > 12) && html`<div class="toolbar"><${TextField} type="search" label=${t("prepare.search")} value=${search} onInput=${setSearch} /></div>`}
      <${Columns} info=${info} names=${names} recipe=${recipe} set=${set} />
    <//>
    ${apply.error && html`<${ErrorPanel} error=${apply.error} />`}
    <div class="actions apply"><${Button} kind="primary" icon="check" busy=${apply.busy} onClick=${show}>${t("prepare.apply")}<//><span class="muted">${t("prepare.applyNote")}</span></div>
    ${effect && html`<${Effect} info=${info} effect=${effect} kept=${kept} onKeep=${keep} busy=${apply.busy} />`}`;
}

const usefulFor = (type) => (type === "category" || type === "boolean" ? ["mode", "drop"] : HANDLINGS);

function leavingOut(recipe, name, info) {
  const may = name in info.column_types && name !== recipe.target_column && !recipe.leave_out.includes(name);
  return may ? { ...recipe, leave_out: [...recipe.leave_out, name] } : recipe;
}

function Columns({ info, names, recipe, set }) {
  const leave = (name) => (checked) => set("leave_out")(checked ? [...recipe.leave_out, name] : recipe.leave_out.filter((each) => each !== name));
  const handle = (name) => (value) => {
    const { [name]: _, ...others } = recipe.columns;
    set("columns")(value ? { ...others, [name]: value } : others);
  };
  const handling = (name) => {
    if (!info.missing[name] && !(name in recipe.columns)) return html`<span class="muted">${t("prepare.nothingMissing")}</span>`;
    if (name === recipe.target_column) return html`<span class="muted">${t("prepare.targetRows")}</span>`;
    return html`<select aria-label=${t("prepare.missingOf", { name })} value=${recipe.columns[name] ?? ""} onChange=${(event) => handle(name)(event.target.value)}>
      ${["", ...usefulFor(info.column_types[name])].map((each) => html`<option value=${each} selected=${each === (recipe.columns[name] ?? "")}>${each ? t(`prepare.handling.${each}`) : t("prepare.asAll")}</option>`)}
    </select>`;
  };
  const rows = names.map((name) => ({ name, type: info.column_types[name], missing: info.missing[name] }));
  return html`<${Table} caption=${t("prepare.columns")} csv=${null} rows=${rows} rowKey=${({ name }) => name} selected=${({ name }) => name === recipe.target_column} columns=${[
    { name: "name", label: t("prepare.column"), isHeading: true },
    { name: "type", label: t("prepare.type"), show: (type) => known(`data.type.${type}`, type) },
    { name: "missing", label: t("prepare.gaps"), number: true, show: (missing) => (missing ? `${share(missing, info.rows)} (${count(missing)})` : count(0)) },
    { name: "handling", label: t("prepare.missing"), sortable: false, value: () => null, show: (_, { name }) => handling(name) },
    { name: "leave", label: t("prepare.leaveOut"), value: ({ name }) => recipe.leave_out.includes(name), show: (left, { name }) => html`<${CheckField} label=${html`<span class="visually-hidden">${t("prepare.leaveOutOf", { name })}</span>`} checked=${left} disabled=${name === recipe.target_column} onChange=${leave(name)} />` },
  ]} />`;
}
