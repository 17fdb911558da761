// The races that were run before, the newest first.
import { get } from "../../parts/api.js";
import { Section } from "../../parts/elements.js";
import { Loaded } from "../../parts/feedback.js";
import { ago, score } from "../../parts/format.js";
import { html } from "../../parts/preact.js";
import { regressor } from "../../parts/regressors.js";
import { useResource } from "../../parts/resource.js";
import { href, navigate } from "../../parts/router.js";
import { Table } from "../../parts/table.js";
import { t } from "../../parts/words.js";
import { JobState } from "../operate/jobs.js";

// `files` are those that there are; of another one a race does not say its name.
export function EarlierRaces({ files = [] }) {
  const names = new Map(files.map(({ file_id: id, filename }) => [id, filename]));
  const races = useResource(async (signal) => (await get("/jobs", { limit: 100 }, { signal })).jobs.filter(({ kind }) => kind === "compare"), []);
  return html`<${Loaded} of=${races} skeleton=${{ shape: "table", count: 3 }} isEmpty=${(found) => found.length === 0} empty=${null}>
    ${(found) => html`<${Section} title=${t("race.earlier")}>
      <${Table} caption=${t("race.earlier")} rows=${found} rowKey=${(job) => job.job_id} pageRows=${10} onRow=${(job) => navigate(href("race", job.job_id))} columns=${[
        { name: "created_at", label: t("race.when"), isHeading: true, show: (when, job) => html`<a href=${href("race", job.job_id)}>${ago(when)}</a>` },
        { name: "file", label: t("race.file"), value: (job) => names.get(job.result?.file_id) ?? null },
        { name: "status", label: t("race.state"), show: (status) => html`<${JobState} status=${status} />` },
        { name: "best", label: t("race.best"), value: (job) => (job.result ? regressor(job.result.best.model_type) : null) },
        { name: "r2", label: "R²", number: true, value: (job) => job.result?.best.cross_validation.mean ?? null, show: (value) => (value === null ? null : score(value)) },
      ]} />
    <//>`}
  <//>`;
}
