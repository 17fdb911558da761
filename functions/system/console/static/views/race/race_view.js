// One race: it is watched while it runs, can be stopped, and shows who won.
import { get, Problem } from "../../parts/api.js";
import { Button, ButtonLink, Progress, Section, ViewHead } from "../../parts/elements.js";
import { Confirm, ErrorPanel, Loaded, Notice } from "../../parts/feedback.js";
import { ago } from "../../parts/format.js";
import { cancel, follow, OVER } from "../../parts/jobs.js";
import { html, useEffect, useState } from "../../parts/preact.js";
import { useResource } from "../../parts/resource.js";
import { href } from "../../parts/router.js";
import { stageWords } from "../../parts/service_words.js";
import { t } from "../../parts/words.js";
import { JobState, tookWords } from "../operate/jobs.js";
import { LiveBoard } from "./live_board.js";
import { Outcome } from "./outcome.js";

export function RaceView({ jobId, query }) {
  const race = useResource((signal) => get(`/jobs/${encodeURIComponent(jobId)}`, {}, { signal }), [jobId]);
  const runs = race.data !== undefined && !OVER.includes(race.data.status);
  useEffect(() => {
    if (!runs) return undefined;
    const controller = new AbortController();
    follow(jobId, { onChange: race.set, signal: controller.signal }).catch(() => {}); // what is wrong shows when it is loaded again
    return () => controller.abort();
  }, [jobId, runs]);
  return html`<${Loaded} of=${race} head=${html`<${ViewHead} title=${t("race.title")} />`} skeleton=${{ shape: "table", count: 6 }}>${(found) => html`<${Race} job=${found} query=${query} onChange=${race.reload} />`}<//>`;
}

function Race({ job, query, onChange }) {
  const [stopping, setStopping] = useState(false);
  const runs = !OVER.includes(job.status);
  const seconds = useElapsed(job);
  const note = html`<${JobState} status=${job.status} /> ${seconds === null ? ago(job.created_at) : tookWords(seconds)}`;
  return html`
    <${ViewHead} eyebrow=${html`<a href=${href("race")}>${t("race.title")}</a>`} title=${t(runs ? "race.running" : job.error ? "race.broken" : "race.over")} note=${note}>
      ${runs && html`<${Button} icon="close" onClick=${() => setStopping(true)}>${t("race.stop")}<//>`}
      ${!runs && html`<${ButtonLink} href=${href("race", { file: job.result?.file_id ?? query.get("file"), target: query.get("target") })} icon="race">${t("race.another")}<//>`}
    <//>
    ${runs && html`<${Section}><div class="card"><${Progress} share=${job.status === "queued" ? null : job.progress} label=${stageWords(job.stage)} /></div><//>`}
    ${job.error && html`<${Section}><${ErrorPanel} error=${new Problem(job.error.status, job.error)} actions=${query.has("file") && html`<${ButtonLink} icon="data" href=${href("data", query.get("file"))}>${t("errors.toData")}<//>`} /><//>`}
    ${job.status === "cancelled" && !job.result && html`<${Notice} kind="info" title=${t("race.nothingKept")}>${t("race.nothingKeptNote")}<//>`}
    ${job.result ? html`<${Outcome} result=${job.result} />` : (runs || job.standings.length > 0) && html`<${LiveBoard} job=${job} />`}
    ${stopping && runs && html`<${Confirm} title=${t("race.stopTitle")} confirm=${t("race.stop")} onClose=${() => setStopping(false)}
      onConfirm=${async () => { await cancel(job.job_id); onChange(); }}>${t("race.stopNote")}<//>`}`;
}

// Return the seconds since the race began, or it took; null before it has begun.
function useElapsed({ started_at: started, finished_at: finished, status }) {
  const [now, setNow] = useState(Date.now());
  const runs = status === "running";
  useEffect(() => {
    if (!runs) return undefined;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [runs]);
  if (!started) return null;
  return Math.max(0, Math.round(((finished ? Date.parse(finished) : now) - Date.parse(started)) / 1000));
}
