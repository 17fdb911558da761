// The parts the service is made of: which of them answer, what waits, and how often the cache helps.
import { Bars } from "../../charts/charts.js";
import { Figures, Icon, Section, Tag } from "../../parts/elements.js";
import { count, duration, NOTHING, number, share } from "../../parts/format.js";
import { html } from "../../parts/preact.js";
import { t } from "../../parts/words.js";

const PARTS = ["storage", "redis", "queue"];
const LEVELS = ["memory", "redis", "storage"];
const KINDS = { up: "good", down: "error", off: "plain" };
const OVERALL = { ok: "check", degraded: "warning", down: "error" };

// Whether each part answers, and what waits for a worker.
export function Parts({ of: status }) {
  return html`
    <p class="overall ${status.status}" role="status"><${Icon} name=${OVERALL[status.status] ?? "info"} />${t(`operate.overall.${status.status}`)}</p>
    <${Section} title=${t("operate.parts")}>
      <div class="grid-3">${PARTS.map((name) => html`<${Part} name=${name} of=${status[name]} />`)}</div>
    <//>
    <${Section} title=${t("operate.queue.title")} note=${t("operate.queue.note")}><div class="card"><${Queue} of=${status.queue} /></div><//>`;
}

// How often copies were found, and how much is stored.
export function Usage({ of: status, jobs }) {
  // The index may be some seconds behind; jobs that are all in the list are counted there.
  const stored = { ...status.index, ...(jobs && !jobs.next && status.index ? { jobs: jobs.jobs.length } : {}) };
  return html`
    <${Section} title=${t("operate.cache.title")} note=${t("operate.cache.note")}><div class="card"><${Cache} of=${status.cache ?? {}} /></div><//>
    <${Section} title=${t("operate.stored.title")} note=${t("operate.stored.note")}>
      <div class="card"><${Figures} items=${Object.entries(stored).map(([kind, many]) => [t(`operate.stored.${kind}`), many === null ? NOTHING : count(many)])} /></div>
    <//>`;
}

function Part({ name, of: part }) {
  return html`<article class="card part">
    <div class="card-head"><h3>${t(`operate.part.${name}.title`)}</h3><${Tag} kind=${KINDS[part.status]}>${t(`operate.state.${part.status}`)}<//></div>
    <p class="muted">${t(part.status === "up" ? `operate.part.${name}.note` : `operate.part.${name}.${part.status}`)}</p>
    ${Number.isFinite(part.latency_ms) && html`<p class="latency">${t("operate.answered", { ms: number(part.latency_ms, 3) })}</p>`}
  </article>`;
}

function Queue({ of: queue }) {
  const stuck = (queue.dead_letters ?? 0) + (queue.silent ?? 0);
  return html`
    <${Figures} items=${[
      [t("operate.queue.waiting"), figure(queue.depth), Number.isFinite(queue.oldest_seconds) && queue.depth > 0 ? t("operate.queue.oldest", { time: duration(queue.oldest_seconds) }) : null],
      [t("operate.queue.underway"), figure(queue.in_flight)],
      [t("operate.queue.dead"), figure(queue.dead_letters)],
      [t("operate.queue.silent"), figure(queue.silent)],
    ]} />
    ${stuck > 0 && html`<p class="stuck"><${Icon} name="warning" size="18" /><span>${t("operate.queue.stuck", { n: stuck })} <code>regatta redrive</code></span></p>`}`;
}

const figure = (value) => (Number.isFinite(value) ? count(value) : NOTHING);

function Cache({ of: cache }) {
  const levels = LEVELS.filter((level) => cache[level] && cache[level].hits + cache[level].misses > 0);
  if (levels.length === 0) return html`<p class="muted">${t("operate.cache.none")}</p>`;
  const items = levels.map((level) => {
    const { hits, misses } = cache[level];
    const lookups = t("operate.cache.lookups", { n: hits + misses, count: count(hits + misses) });
    return { label: t(`operate.cache.${level}`), value: hits / (hits + misses), note: `${share(hits, hits + misses)} · ${lookups}` };
  });
  return html`<${Bars} title=${t("operate.cache.found")} name="cache" items=${items} words=${items.map(({ label, note }) => `${label}: ${note}`).join(", ")} most=${1} />`;
}
