// What a model is made of: the columns it takes, its parameters, its data, and what was noted in training.
import { Card, Section, Tag } from "../../parts/elements.js";
import { Notice } from "../../parts/feedback.js";
import { count, duration, exact, moment, number, score } from "../../parts/format.js";
import { html } from "../../parts/preact.js";
import { namesOf } from "../../parts/regressors.js";
import { href } from "../../parts/router.js";
import { Said } from "../../parts/service_words.js";
import { Table } from "../../parts/table.js";
import { known, t } from "../../parts/words.js";

const SHOWN_LEVELS = 6;

export function Inside({ info, schema, title }) {
  const { dataset } = info;
  // A blend has none; its members do.
  const parameters = Object.entries(info.parameters ?? {}).map(([name, value]) => ({ name, value }));
  const validation = info.validation && `${known(`model.validation.${info.validation.kind}`, info.validation.kind)}${info.validation.column ? `: ${info.validation.column}` : ""}`;
  const facts = [
    [t("model.kind"), title], [t("model.target"), info.target_column], [t("model.transform"), known(`model.transforms.${info.target_transform}`, info.target_transform)],
    [t("model.validation.title"), validation], [t("model.trainingTime"), duration(info.training_seconds)], [t("model.when"), moment(info.created_at)],
    [t("model.file"), html`<a href=${href("data", dataset.file_id)}>${dataset.filename}</a>`], [t("model.rows"), count(dataset.rows_train + dataset.rows_test)],
  ];
  return html`
    <${Card}><dl class="facts">${facts.map(([name, fact]) => html`<div><dt>${name}</dt><dd><bdi>${fact}</bdi></dd></div>`)}</dl><//>
    ${info.notes?.length > 0 && html`<div class="after-card"><${Notice} kind="info"><ul>${info.notes.map((note) => html`<li><${Said} whole text=${note} /></li>`)}</ul><//></div>`}
    ${info.members?.length > 0 && html`<${Section} title=${t("model.members")} note=${t("model.membersNote")}>
      <${Table} caption=${t("model.members")} rows=${info.members} sort=${{ name: "weight", down: true }} csv=${`${info.model_name}-members.csv`} columns=${[
        { name: "name", label: t("model.kind"), isHeading: true, value: namesOf(info.members) },
        { name: "weight", label: t("model.weight"), number: true, show: (value) => number(value, 3) },
        { name: "r2", label: "R²", number: true, value: (member) => member.cross_validation.mean, show: score },
        { name: "std", label: t("model.spread"), number: true, value: (member) => member.cross_validation.std, show: (value) => `±${score(value)}` },
      ]} />
    <//>`}
    <${Section} title=${t("model.columns")}>
      <${Table} caption=${t("model.columns")} rows=${schema.features} csv=${`${info.model_name}-columns.csv`} columns=${[
        { name: "name", label: t("model.column"), isHeading: true },
        { name: "type", label: t("model.type"), show: (type) => html`<${Tag}>${known(`data.type.${type}`, type)}<//>` },
        { name: "fill", label: t("model.fill"), show: (value) => (typeof value === "number" ? number(value) : value) },
        { name: "values", label: t("model.values"), sortable: false, value: valuesOf },
      ]} />
    <//>
    ${parameters.length > 0 && html`<${Section} title=${t("model.parameters")}>
      <${Table} caption=${t("model.parameters")} rows=${parameters} columns=${[
        { name: "name", label: t("model.parameter"), isHeading: true },
        { name: "value", label: t("model.value"), show: (value) => (typeof value === "number" ? exact(value) : value === null ? null : String(value)) },
      ]} />
    <//>`}`;
}

function valuesOf({ levels, format, unit }) {
  if (levels?.length) return `${levels.slice(0, SHOWN_LEVELS).join(", ")}${levels.length > SHOWN_LEVELS ? ` … (${count(levels.length)})` : ""}`;
  return format ?? unit ?? null;
}
