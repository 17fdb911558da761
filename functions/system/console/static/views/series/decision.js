// One decision: why a file was learned from or not, and how far its columns are from those before.
import { Bars } from "../../charts/charts.js";
import { get, send } from "../../parts/api.js";
import { Button, ButtonLink, Figures, Section, Tag, ViewHead } from "../../parts/elements.js";
import { Loaded, toastError } from "../../parts/feedback.js";
import { save } from "../../parts/files.js";
import { ago, count, NOTHING, number, share } from "../../parts/format.js";
import { html, useState } from "../../parts/preact.js";
import { useResource } from "../../parts/resource.js";
import { href } from "../../parts/router.js";
import { Said } from "../../parts/service_words.js";
import { Table } from "../../parts/table.js";
import { known, shownLanguage, t } from "../../parts/words.js";
import { Overrule } from "./series_view.js";
import { DecisionState } from "./states.js";

const LEVELS = { none: "plain", moderate: "warning", large: "error" };
const METRICS = ["rmse", "mae", "r2"];

export function DecisionView({ name, jobId }) {
  const path = `/series/${encodeURIComponent(name)}`;
  const report = useResource(async (signal) => {
    const [found, { history }] = await Promise.all([get(`${path}/reports/${encodeURIComponent(jobId)}`, {}, { signal }), get(`${path}/history`, { limit: 100 }, { signal })]);
    // A report stays as it was made; whether the file is learned from may have been overruled since.
    return { ...found, arrival: history.find(({ job_id: id }) => id === jobId) ?? found.arrival };
  }, [name, jobId]);
  const head = html`<${ViewHead} eyebrow=${html`<a href=${href("series", name)}>${name}</a>`} title=${t("series.decision")} />`;
  return html`<${Loaded} of=${report} head=${head} skeleton=${{ shape: "lines", count: 8 }}>${(found) => html`<${Decision} name=${name} path=${path} report=${found} onChange=${report.reload} />`}<//>`;
}

function Decision({ name, path, report, onChange }) {
  const { arrival, file, scores, drift, schema, plausibility, notes } = report;
  const [asked, setAsked] = useState(null);
  const take = async () => {
    const page = await send("GET", `${path}/reports/${encodeURIComponent(arrival.job_id)}`, { query: { language: shownLanguage.get() }, headers: { Accept: "text/html" } });
    save(await page.blob(), `${name}-${arrival.filename}.html`);
  };
  const learned = arrival.state === "held" && !arrival.learned;
  // What the decision does not say itself.
  const further = [...(plausibility?.reasons ?? []), ...notes].filter((each) => !arrival.reason.includes(each));
  return html`
    <${ViewHead} eyebrow=${html`<a href=${href("series", name)}>${name}</a>`} title=${arrival.filename} note=${html`<${DecisionState} of=${arrival} /> ${ago(arrival.decided_at)}`}>
      ${file && html`<${ButtonLink} icon="data" href=${href("data", file.file_id)}>${t("series.toFile")}<//>`}
      <${Button} icon="download" onClick=${() => take().catch(toastError)}>${t("series.report")}<//>
      ${(learned || arrival.learned) && html`<${Button} onClick=${() => setAsked({ row: arrival, learned })}>${t(learned ? "series.learn" : "series.exclude")}<//>`}
    <//>
    <${Section} title=${t("series.why")}><div class="card"><p><${Said} whole text=${arrival.reason} /></p>
      ${further.length > 0 && html`<ul class="bullets">${further.map((each) => html`<li><${Said} whole text=${each} /></li>`)}</ul>`}</div><//>
    ${scores && html`<${Section} title=${t("series.scores")} note=${t("series.scoresNote", { n: scores.rows, count: count(scores.rows) })}><${ScoreTable} scores=${scores} /><//>`}
    ${plausibility && html`<${Section} title=${t("series.plausibility")}><div class="card"><${Figures} items=${[
      [t("series.outside"), share(plausibility.outside), t("series.outsideNote", { limit: share(plausibility.outside_limit) })],
      [t("series.far"), share(plausibility.far)],
      [t("series.errorHere"), number(Math.sqrt(plausibility.mse)), t("series.promised", { error: number(Math.sqrt(plausibility.promised_mse)) })],
    ]} /></div><//>`}
    ${drift && html`<${Section} title=${t("series.drift")} note=${t("series.driftNote")}><${Drift} name=${name} drift=${drift} /><//>`}
    ${schema && html`<${Schema} of=${schema} />`}
    ${asked && html`<${Overrule} path=${path} of=${asked} onClose=${() => setAsked(null)} onDone=${onChange} />`}`;
}

function ScoreTable({ scores }) {
  const rows = ["challenger", "champion", "mean"].filter((who) => scores[who]).map((who) => ({ who, ...scores[who] }));
  return html`<${Table} caption=${t("series.scores")} rows=${rows} csv="scores.csv" columns=${[
    { name: "who", label: t("series.model"), isHeading: true, show: (who) => t(`series.${who}`) },
    ...METRICS.map((metric) => ({ name: metric, label: t(`series.metric.${metric}`), number: true, show: (value) => (value === null || value === undefined ? NOTHING : number(value)) })),
  ]} />`;
}

function Drift({ name, drift }) {
  const columns = [...drift.columns].sort((one, other) => other.psi - one.psi);
  return html`<div class="grid-2">
    <div class="card"><${Bars} title=${t("series.psi")} name=${`${name} drift`} items=${columns.slice(0, 12).map((column) => ({ label: column.name, value: column.psi, note: number(column.psi, 3), kind: column.level === "none" ? "rest" : "" }))} /></div>
    <${Table} caption=${t("series.drift")} rows=${columns} pageRows=${12} csv=${`${name}-drift.csv`} columns=${[
      { name: "name", label: t("series.column"), isHeading: true },
      { name: "psi", label: "PSI", number: true, show: (value) => number(value, 3) },
      { name: "level", label: t("series.change"), show: (level) => html`<${Tag} kind=${LEVELS[level]}>${known(`series.level.${level}`, level)}<//>` },
    ]} />
  </div>`;
}

function Schema({ of: { missing, new: added, retyped, contradictions, unseen } }) {
  const rows = [
    ...missing.map((name) => [name, t("series.schema.missing")]),
    ...added.map((name) => [name, t("series.schema.new")]),
    ...[...retyped, ...contradictions, ...unseen].map((each) => [each.column ?? each.name, Object.entries(each).filter(([key]) => key !== "column" && key !== "name").map(([key, value]) => `${key}: ${[value].flat().join(", ")}`).join("; ")]),
  ];
  if (rows.length === 0) return null;
  return html`<${Section} title=${t("series.schema.title")}><${Table} caption=${t("series.schema.title")} rows=${rows.map(([column, what]) => ({ column, what }))} columns=${[
    { name: "column", label: t("series.column"), isHeading: true },
    { name: "what", label: t("series.change"), wide: true },
  ]} /><//>`;
}
