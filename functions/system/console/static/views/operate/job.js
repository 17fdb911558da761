// One job: how far it is, how it ended, and what can be done about it.
import { get, Problem } from "../../parts/api.js";
import { Button, ButtonLink, Code, Details, Progress, Section, ViewHead } from "../../parts/elements.js";
import { Confirm, ErrorPanel, Loaded } from "../../parts/feedback.js";
import { ago, bytes, count, duration, microseconds, moment, NOTHING, score } from "../../parts/format.js";
import { cancel, follow, OVER, retry } from "../../parts/jobs.js";
import { html, useEffect, useState } from "../../parts/preact.js";
import { namesOf } from "../../parts/regressors.js";
import { useAction, useResource } from "../../parts/resource.js";
import { href } from "../../parts/router.js";
import { stageWords } from "../../parts/service_words.js";
import { Table } from "../../parts/table.js";
import { known, t } from "../../parts/words.js";
import { JobState, tookSeconds, tookWords } from "./jobs.js";

export function JobView({ jobId }) {
  const job = useResource((signal) => get(`/jobs/${encodeURIComponent(jobId)}`, {}, { signal }), [jobId]);
  const status = job.data?.status;
  useEffect(() => {
    if (!status || OVER.includes(status)) return undefined;
    const controller = new AbortController();
    follow(jobId, { onChange: job.set, signal: controller.signal }).catch(() => {}); // the resource shows what is wrong
    return () => controller.abort();
  }, [jobId, OVER.includes(status), status === undefined]);
  const head = html`<${ViewHead} eyebrow=${html`<a href=${href("operate")}>${t("operate.title")}</a>`} title=${t("operate.jobs.kind")} />`;
  return html`<${Loaded} of=${job} head=${head} skeleton=${{ shape: "lines", count: 6 }}>${(found) => html`<${Job} job=${found} onChange=${job.reload} />`}<//>`;
}

function Job({ job, onChange }) {
  const [leaving, setLeaving] = useState(false);
  const again = useAction(async () => {
    await retry(job.job_id);
    onChange();
  });
  const isOver = OVER.includes(job.status);
  return html`
    <${ViewHead} eyebrow=${html`<a href=${href("operate")}>${t("operate.title")}</a>`} title=${known(`operate.kind.${job.kind}`, job.kind)} note=${html`<${JobState} status=${job.status} /> ${ago(job.created_at)} · <code>${job.job_id}</code>`}>
      ${!isOver && html`<${Button} icon="close" onClick=${() => setLeaving(true)}>${t("operate.job.cancel")}<//>`}
      ${isOver && job.status !== "succeeded" && !job.result && html`<${Button} kind="primary" busy=${again.busy} onClick=${() => again.act()}>${t("operate.job.retry")}<//>`}
      <${Outcome} job=${job} />
    <//>
    ${again.error && html`<${ErrorPanel} error=${again.error} />`}
    ${job.status === "running" && html`<${Section}><div class="card"><${Progress} share=${job.progress} label=${stageWords(job.stage)} /></div><//>`}
    ${job.error && html`<${Section}><${ErrorPanel} error=${new Problem(job.error.status, job.error)} /><//>`}
    <${Section} title=${t("operate.job.course")}><div class="card"><dl class="facts">${[
      [t("operate.jobs.created"), moment(job.created_at)],
      [t("operate.job.started"), job.started_at ? moment(job.started_at) : NOTHING],
      [t("operate.job.finished"), job.finished_at ? moment(job.finished_at) : NOTHING],
      [t("operate.jobs.took"), tookWords(tookSeconds(job)) ?? NOTHING],
      [t("operate.jobs.attempts"), count(job.attempts)],
    ].map(([name, fact]) => html`<div><dt>${name}</dt><dd>${fact}</dd></div>`)}</dl></div><//>
    ${(job.standings ?? []).length > 0 && html`<${Section} title=${t("operate.job.standings")}><${Standings} rows=${job.standings} /><//>`}
    ${job.result && html`<${Section}><${Details} summary=${t("operate.job.result")}><${Code} label=${t("operate.job.result")} text=${JSON.stringify(job.result, null, 2)} /><//><//>`}
    ${leaving && html`<${Confirm} title=${t("operate.job.cancelTitle")} confirm=${t("operate.job.cancel")} keep=${t("operate.job.keep")} onClose=${() => setLeaving(false)}
      onConfirm=${async () => { await cancel(job.job_id); onChange(); }}>${t("operate.job.cancelNote")}<//>`}`;
}

// The ways to what the job is about, and to what it has made.
function Outcome({ job: { job_id: id, kind, result } }) {
  const model = result?.best?.model_name ?? result?.model_name;
  return html`
    ${result?.file_id && html`<${ButtonLink} href=${href("data", result.file_id)} icon="data">${t("operate.job.toFile")}<//>`}
    ${kind === "compare" && html`<${ButtonLink} href=${href("race", id)} icon="race">${t("operate.job.toRace")}<//>`}
    ${model && html`<${ButtonLink} href=${href("model", model)} icon="model">${t("race.openModel")}<//>`}`;
}

function Standings({ rows }) {
  const nameOf = namesOf(rows);
  const whereKnown = (show) => (value) => (value === null || value === undefined ? null : show(value));
  return html`<${Table} caption=${t("operate.job.standings")} rows=${rows} csv="trials.csv" columns=${[
    { name: "name", label: t("operate.job.model"), isHeading: true, value: nameOf },
    { name: "r2", label: "R²", number: true, show: whereKnown(score) },
    { name: "folds", label: t("operate.job.folds"), number: true, show: count },
    { name: "seconds", label: t("operate.job.seconds"), number: true, show: duration },
    { name: "size_bytes", label: t("race.size"), number: true, show: whereKnown(bytes) },
    { name: "latency_us", label: t("race.axis.latency_us"), number: true, show: whereKnown(microseconds) },
  ]} />`;
}
