// Operate: how the service is, and what it is doing.
import { get, Problem } from "../parts/api.js";
import { ViewHead } from "../parts/elements.js";
import { Loaded } from "../parts/feedback.js";
import { html, useEffect } from "../parts/preact.js";
import { useResource } from "../parts/resource.js";
import { t } from "../parts/words.js";
import { JobView } from "./operate/job.js";
import { Jobs } from "./operate/jobs.js";
import { Parts, Usage } from "./operate/status.js";

const REFRESH_MS = 5000;

export default function Operate({ path }) {
  return path.length ? html`<${JobView} jobId=${path[0]} key=${path[0]} />` : html`<${Service} />`;
}

function Service() {
  const status = useResource(readStatus, []);
  const jobs = useResource((signal) => get("/jobs", { limit: 100 }, { signal }), []);
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.hidden) return;
      status.reload();
      jobs.reload();
    }, REFRESH_MS);
    return () => clearInterval(timer);
  }, [status.reload, jobs.reload]);
  return html`
    <${ViewHead} title=${t("operate.title")} note=${t("operate.note")} />
    <${Loaded} of=${status} skeleton=${{ shape: "cards", count: 3 }}>${(found) => html`<${Parts} of=${found} />`}<//>
    <${Jobs} of=${jobs} />
    ${status.data && html`<${Usage} of=${status.data} jobs=${jobs.data} />`}`;
}

// Without storage the service answers 503 with the same fields: that is what the page is there to show.
async function readStatus(signal) {
  try {
    return await get("/system/status", {}, { signal });
  } catch (error) {
    if (error instanceof Problem && error.document.storage) return { ...error.document, status: "down" };
    throw error;
  }
}
