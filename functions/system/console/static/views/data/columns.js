// Every column with a plot of its values. Of wide tables the first are shown, and all can be searched.
import { Bars, Histogram } from "../../charts/charts.js";
import { Button, Details, SelectField, Tag, TextField } from "../../parts/elements.js";
import { count, date, duration, number, share } from "../../parts/format.js";
import { html, useMemo, useState } from "../../parts/preact.js";
import { route } from "../../parts/router.js";
import { known, t } from "../../parts/words.js";

const FIRST = 24;
const ORDERS = ["file", "name", "missing", "findings"];

export function Columns({ info, profile }) {
  const [search, setSearch] = useState(route.get().query.get("find") ?? "");
  const [order, setOrder] = useState("file");
  const [most, setMost] = useState(FIRST);
  const names = useMemo(() => ordered(profile, search, order), [profile, search, order]);
  const shown = names.slice(0, most);
  return html`
    <div class="toolbar">
      <${TextField} label=${t("data.searchColumns")} type="search" value=${search} onInput=${setSearch} />
      <${SelectField} label=${t("data.order")} value=${order} options=${ORDERS.map((name) => [name, t(`data.orders.${name}`)])} onChange=${setOrder} />
    </div>
    <p class="muted" role="status">${t("data.columnsShown", { shown: count(shown.length), n: names.length, all: count(names.length) })}</p>
    <div class="grid-3 columns">
      ${shown.map((name) => html`<${Column} key=${name} name=${name} column=${profile.columns[name]} unit=${info.units?.[name]} findings=${profile.findings.filter((each) => each.column === name)} />`)}
    </div>
    ${names.length > most && html`<div class="more"><${Button} onClick=${() => setMost(most + 4 * FIRST)}>${t("data.showMore", { n: count(Math.min(4 * FIRST, names.length - most)) })}<//></div>`}`;
}

function ordered(profile, search, order) {
  const wanted = search.trim().toLowerCase();
  const names = Object.keys(profile.columns).filter((name) => name.toLowerCase().includes(wanted));
  const findings = (name) => profile.findings.filter(({ column }) => column === name).length;
  if (order === "name") names.sort((one, other) => one.localeCompare(other, undefined, { numeric: true }));
  if (order === "missing") names.sort((one, other) => profile.columns[other].missing - profile.columns[one].missing);
  if (order === "findings") names.sort((one, other) => findings(other) - findings(one));
  return names;
}

function Column({ name, column, unit, findings }) {
  const { type } = column;
  return html`<article class="card column">
    <div class="card-head"><h3 title=${name}><bdi>${name}</bdi></h3><span class="kind">${t(`data.type.${type}`)}${unit ? ` · ${unit}` : ""}</span></div>
    <div class="plot"><${Plot} name=${name} column=${column} /></div>
    <dl class="pairs">${facts(column).map(([label, fact]) => html`<dt>${label}</dt><dd>${fact}</dd>`)}</dl>
    ${findings.length > 0 && html`<div class="row tags">${findings.map(({ severity, kind }) => html`<${Tag} kind=${severity}>${known(`data.findings.kind.${kind}`, kind)}<//>`)}</div>`}
    ${further(column).length > 0 && html`<${Details} summary=${t("data.further")}><dl class="pairs">${further(column).map(([label, fact]) => html`<dt>${label}</dt><dd>${fact}</dd>`)}</dl><//>`}
  </article>`;
}

function Plot({ name, column }) {
  const { type, histogram } = column;
  if (histogram?.counts?.length) {
    const isDate = type === "date";
    const edges = isDate ? histogram.edges.map((edge) => Date.parse(`${edge}${edge.length > 10 ? "Z" : ""}`)) : histogram.edges;
    const show = isDate ? (value) => date(new Date(value).toISOString().slice(0, 10)) : number;
    return html`<${Histogram} plain height=${168} name=${name} title=${name} edges=${edges} counts=${histogram.counts} show=${show}
      ends=${isDate ? [date(column.min), date(column.max)] : [number(column.min), number(column.max)]} />`;
  }
  if (type === "boolean") return html`<${Bars} plain name=${name} items=${["true", "false"].map((value) => ({ label: t(`data.${value}`), value: column[value] }))} show=${count} />`;
  if (column.top?.length) {
    const items = column.top.slice(0, 5).map(({ value, count: found }) => ({ label: String(value), value: found }));
    const rest = column.top.slice(5).reduce((sum, each) => sum + each.count, 0) + (column.other ?? 0);
    if (rest > 0) items.push({ label: t("data.others"), value: rest, kind: "rest" });
    return html`<${Bars} plain name=${name} items=${items} show=${count} />`;
  }
  return html`<p class="muted no-plot">${t("data.noValues")}</p>`;
}

function facts(column) {
  const rows = column.count + column.missing;
  const found = [
    [t("data.stat.missing"), column.missing ? `${share(column.missing, rows)} (${count(column.missing)})` : t("data.stat.noMissing")],
    [t("data.stat.distinct"), count(column.distinct)],
  ];
  if (column.type === "date") found.push([t("data.stat.from"), date(column.min ?? "–")], [t("data.stat.to"), date(column.max ?? "–")]);
  if ("median" in column && column.type !== "date") {
    found.push([t("data.stat.range"), `${number(column.min)} … ${number(column.max)}`], [t("data.stat.median"), number(column.median)], [t("data.stat.mean"), number(column.mean)]);
  }
  return found;
}

function further(column) {
  const found = [];
  if ("std" in column) found.push([t("data.stat.std"), number(column.std)], [t("data.stat.quartiles"), `${number(column.q25)} … ${number(column.q75)}`]);
  if ("zeros" in column) found.push([t("data.stat.zeros"), count(column.zeros)], [t("data.stat.negatives"), count(column.negatives)], [t("data.stat.outliers"), count(column.outliers)]);
  if ("skew" in column) found.push([t("data.stat.skew"), `${number(column.skew, 3)} · ${skewWords(column.skew)}`], [t("data.stat.kurtosis"), `${number(column.kurtosis, 3)} · ${tailWords(column.kurtosis)}`]);
  if ("entropy" in column) found.push([t("data.stat.entropy"), `${number(column.entropy, 3)} bit`], [t("data.stat.length"), number(column.mean_length, 3)]);
  if ("median_gap_seconds" in column) found.push([t("data.stat.gap"), duration(column.median_gap_seconds)], [t("data.stat.largestGap"), duration(column.largest_gap_seconds)]);
  return found;
}

const skewWords = (value) => t(`data.skew.${Math.abs(value ?? 0) < 0.5 ? "even" : value > 0 ? "right" : "left"}`);
const tailWords = (value) => t(`data.tails.${Math.abs(value ?? 0) < 1 ? "usual" : value > 0 ? "heavy" : "light"}`);
