// One series: champion against challenger over time, and each file with what was decided about it.
import { get, patch, post, Problem } from "../../parts/api.js";
import { Button, ButtonLink, Empty, FileDrop, Progress, Section, ViewHead } from "../../parts/elements.js";
import { Confirm, ErrorPanel, Loaded, Notice } from "../../parts/feedback.js";
import { ago, count, number } from "../../parts/format.js";
import { html, useEffect, useState } from "../../parts/preact.js";
import { useAction, useResource } from "../../parts/resource.js";
import { href, navigate } from "../../parts/router.js";
import { Said, stageWords } from "../../parts/service_words.js";
import { Table } from "../../parts/table.js";
import { sendForm } from "../../parts/uploads.js";
import { t } from "../../parts/words.js";
import { JobState } from "../operate/jobs.js";
import { Course } from "./course.js";
import { DecisionState } from "./states.js";

const REFRESH_MS = 4000;
const PAGE = 100;

export function SeriesView({ name }) {
  const path = `/series/${encodeURIComponent(name)}`;
  const series = useResource(async (signal) => {
    const [status, { history, next }] = await Promise.all([get(path, {}, { signal }), get(`${path}/history`, { limit: PAGE }, { signal })]);
    return { status, history, next };
  }, [name]);
  const isOpen = Boolean(series.data?.status.jobs.some(({ status }) => status === "queued" || status === "running"));
  useEffect(() => {
    const timer = setInterval(() => document.hidden || series.reload(), isOpen ? REFRESH_MS : 4 * REFRESH_MS);
    return () => clearInterval(timer);
  }, [series.reload, isOpen]);
  const head = html`<${ViewHead} eyebrow=${html`<a href=${href("series")}>${t("series.title")}</a>`} title=${name} />`;
  return html`<${Loaded} of=${series} head=${head} skeleton=${{ shape: "table", count: 6 }}>${({ status, history, next }) => html`
    <${ViewHead} eyebrow=${html`<a href=${href("series")}>${t("series.title")}</a>`} title=${name} note=${status.settings.target_column ? t("series.predicts", { target: status.settings.target_column }) : t("series.noTarget")}>
      ${status.champion !== null && html`
        <${ButtonLink} icon="model" href=${href("model", name)}>${t("series.toModel", { version: status.champion })}<//>
        <${ButtonLink} kind="primary" icon="predict" href=${href("predict", name)}>${t("series.toPredict")}<//>`}
    <//>
    ${status.newest?.state === "held" && html`<${Notice} kind="warning" title=${t("series.heldTitle", { name: status.newest.filename })}
      actions=${html`<${ButtonLink} href=${href("series", name, status.newest.job_id)}>${t("series.seeWhy")}<//>`}><p><${Said} whole text=${status.newest.reason} /></p><//>`}
    <${Section}><${SendFile} path=${path} onSent=${series.reload} /><//>
    <${Underway} jobs=${undecided(status.jobs, history)} />
    ${history.length > 0 && html`<${Course} name=${name} history=${history} />`}
    <${Section} title=${t("series.decisions")}>
      ${history.length === 0 ? html`<${Empty} icon="series" title=${t("series.noFiles")}>${t("series.noFilesNote")}<//>` : html`<${Decisions} name=${name} path=${path} first=${history} next=${next} onChange=${series.reload} />`}
    <//>`}<//>`;
}

function SendFile({ path, onSent }) {
  const [share, setShare] = useState(null);
  const send = useAction(async (files) => {
    setShare(0);
    try {
      for (const [index, file] of files.entries()) {
        const ticket = await post(`${path}/uploads`, { filename: file.name, size_bytes: file.size });
        await sendForm(file, ticket, { onProgress: ({ share: sent }) => setShare((index + sent) / files.length) });
        onSent();
      }
    } finally {
      setShare(null);
    }
  });
  return html`
    <${FileDrop} compact multiple busy=${send.busy} onFiles=${send.act} title=${t("series.drop")} note=${t("series.dropNote")} />
    ${share !== null && html`<div class="card sending"><${Progress} share=${share} label=${t("series.sending")} /></div>`}
    ${send.error && html`<${ErrorPanel} error=${send.error} />`}`;
}

// The job of a refused file has failed, and its decision says why.
function undecided(jobs, history) {
  const decided = new Set(history.map(({ job_id: id }) => id));
  return jobs.filter(({ job_id: id }) => !decided.has(id));
}

// Files that have arrived and have no decision yet, and those whose job failed.
function Underway({ jobs }) {
  if (jobs.length === 0) return null;
  return html`<${Section} title=${t("series.underway")}><ul class="underway card">
    ${jobs.map((job) => html`<li>
      <span><bdi>${(job.key ?? job.job_id).split("/").at(-1)}</bdi> <${JobState} status=${job.status} /></span>
      ${job.status === "running" && html`<${Progress} share=${job.progress} label=${stageWords(job.stage)} />`}
      ${job.error && html`<${ErrorPanel} error=${new Problem(job.error.status, job.error)} />`}
    </li>`)}
  </ul><//>`;
}

function Decisions({ name, path, first, next, onChange }) {
  const [further, setFurther] = useState({ rows: [], next });
  const [asked, setAsked] = useState(null);
  const more = useAction(async () => {
    const page = await get(`${path}/history`, { limit: PAGE, after: further.next });
    setFurther((before) => ({ rows: [...before.rows, ...page.history], next: page.next }));
  });
  const overrule = (row, learned) => html`<span class="row-actions"><${Button} kind="quiet" onClick=${() => setAsked({ row, learned })}>${t(learned ? "series.learn" : "series.exclude")}<//></span>`;
  const seen = new Set(first.map(({ job_id: id }) => id));
  return html`
    <${Table} caption=${t("series.decisions")} rows=${[...first, ...further.rows.filter(({ job_id: id }) => !seen.has(id))]} rowKey=${({ job_id: id }) => id} csv=${`${name}-decisions.csv`} onRow=${(row) => navigate(href("series", name, row.job_id))} columns=${[
      { name: "filename", label: t("series.file"), isHeading: true, show: (filename, row) => html`<a href=${href("series", name, row.job_id)}>${filename}</a>` },
      { name: "state", label: t("series.decision"), show: (_, row) => html`<${DecisionState} of=${row} />` },
      { name: "rows", label: t("series.rows"), number: true, show: (rows) => (rows === null ? null : count(rows)) },
      { name: "champion_rmse", label: t("series.championError"), number: true, show: (value) => (value === null ? null : number(value)) },
      { name: "challenger_rmse", label: t("series.challengerError"), number: true, show: (value) => (value === null ? null : number(value)) },
      { name: "decided_at", label: t("series.when"), show: (when) => ago(when) },
      { name: "overrule", label: html`<span class="visually-hidden">${t("series.overrule")}</span>`, sortable: false, value: () => null, show: (_, row) => (row.learned ? overrule(row, false) : row.state === "held" ? overrule(row, true) : html`<span />`) },
    ]} />
    ${more.error && html`<${ErrorPanel} error=${more.error} />`}
    ${further.next && html`<div class="more"><${Button} busy=${more.busy} onClick=${() => more.act()}>${t("series.more")}<//></div>`}
    ${asked && html`<${Overrule} path=${path} of=${asked} onClose=${() => setAsked(null)} onDone=${onChange} />`}`;
}

export function Overrule({ path, of: { row, learned }, onClose, onDone }) {
  const kind = learned ? "learn" : "exclude";
  const act = async () => {
    await patch(`${path}/arrivals/${encodeURIComponent(row.job_id)}`, { learned });
    onDone();
  };
  return html`<${Confirm} title=${t(`series.${kind}Title`, { name: row.filename })} confirm=${t(`series.${kind}`)} onConfirm=${act} onClose=${onClose}>${t(`series.${kind}Note`)}<//>`;
}
