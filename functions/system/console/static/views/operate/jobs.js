// The jobs, the newest first: what runs, what is over, and what can be done about it.
import { get } from "../../parts/api.js";
import { Button, Choice, Empty, Progress, Section, Tag } from "../../parts/elements.js";
import { ErrorPanel, Loaded, Notice } from "../../parts/feedback.js";
import { ago, duration } from "../../parts/format.js";
import { html, useState } from "../../parts/preact.js";
import { useAction } from "../../parts/resource.js";
import { href, navigate } from "../../parts/router.js";
import { stageWords } from "../../parts/service_words.js";
import { Table } from "../../parts/table.js";
import { known, t } from "../../parts/words.js";

const KINDS = { queued: "plain", running: "info", succeeded: "good", failed: "error", cancelled: "warning" };
const SHOWN = { all: () => true, open: ({ status }) => status === "queued" || status === "running", failed: ({ status }) => status === "failed" };

export function Jobs({ of: first }) {
  const [further, setFurther] = useState({ jobs: [], next: undefined });
  const [shown, setShown] = useState("all");
  const next = further.next === undefined ? first.data?.next : further.next;
  const more = useAction(async () => {
    const page = await get("/jobs", { limit: 100, cursor: next });
    setFurther((before) => ({ jobs: [...before.jobs, ...page.jobs], next: page.next }));
  });
  const filter = html`<${Choice} label=${t("operate.jobs.which")} value=${shown} options=${Object.keys(SHOWN).map((name) => [name, t(`operate.jobs.shown.${name}`)])} onChange=${setShown} />`;
  return html`<${Section} title=${t("operate.jobs.title")} actions=${first.data?.jobs.length ? filter : null}>
    <${Loaded} of=${first} skeleton=${{ shape: "table", count: 5 }} isEmpty=${(found) => found.jobs.length === 0}
      empty=${html`<${Empty} icon="operate" title=${t("operate.jobs.none")}>${t("operate.jobs.noneNote")}<//>`}>
      ${(found) => html`
        ${(found.warnings ?? []).length > 0 && html`<${Notice} kind="warning" title=${t("operate.jobs.unreadable")}><ul lang="en">${found.warnings.map((warning) => html`<li>${warning}</li>`)}</ul><//>`}
        <${JobTable} jobs=${together(found.jobs, further.jobs).filter(SHOWN[shown])} />
        ${more.error && html`<${ErrorPanel} error=${more.error} />`}
        ${next && html`<div class="more"><${Button} busy=${more.busy} onClick=${() => more.act()}>${t("operate.jobs.more")}<//></div>`}`}
    <//>
  <//>`;
}

// Return the jobs of the first page and of those behind it, each once: new jobs push others onto the next page.
function together(first, further) {
  const seen = new Set(first.map((job) => job.job_id));
  return [...first, ...further.filter((job) => !seen.has(job.job_id))];
}

function JobTable({ jobs }) {
  return html`<${Table} caption=${t("operate.jobs.title")} rows=${jobs} rowKey=${(job) => job.job_id} csv="jobs.csv" onRow=${(job) => navigate(href("operate", job.job_id))} columns=${[
    { name: "kind", label: t("operate.jobs.kind"), isHeading: true, show: (kind, job) => html`<a href=${href("operate", job.job_id)}>${known(`operate.kind.${kind}`, kind)}</a>` },
    { name: "status", label: t("operate.jobs.status"), show: (status) => html`<${JobState} status=${status} />` },
    { name: "progress", label: t("operate.jobs.progress"), show: (share, job) => (job.status === "running" ? html`<${Progress} share=${share} label=${stageWords(job.stage)} />` : null) },
    { name: "created_at", label: t("operate.jobs.created"), show: (when) => ago(when) },
    { name: "seconds", label: t("operate.jobs.took"), number: true, value: tookSeconds, show: tookWords },
    { name: "attempts", label: t("operate.jobs.attempts"), number: true },
    { name: "reason", label: t("operate.jobs.reason"), wide: true, value: (job) => job.error?.title ?? null, show: (title, job) => title && known(`errors.type.${typeOf(job.error)}`, title) },
  ]} />`;
}

export const JobState = ({ status }) => html`<${Tag} kind=${KINDS[status] ?? "plain"}>${known(`operate.status.${status}`, status)}<//>`;

export const typeOf = (problem) => (problem.type ?? "").split(":").at(-1);

// The moments of a job are whole seconds.
export const tookWords = (seconds) => (seconds === 0 ? `<${duration(1)}` : seconds && duration(seconds));

export function tookSeconds({ started_at: started, finished_at: finished }) {
  return started && finished ? (Date.parse(finished) - Date.parse(started)) / 1000 : null;
}
