// The leaderboard while a race runs: rows move to their new places, unless somebody asked for less motion.
import { Section } from "../../parts/elements.js";
import { bytes, count, duration, level, microseconds, NOTHING, score } from "../../parts/format.js";
import { html, useLayoutEffect, useRef } from "../../parts/preact.js";
import { identity, labelled, namesOf } from "../../parts/regressors.js";
import { Said } from "../../parts/service_words.js";
import { t } from "../../parts/words.js";

const ROW_MS = 350;

export function LiveBoard({ job }) {
  const rows = boardOf(job);
  const list = useMoves(rows.map(({ key }) => key).join("\n"));
  if (rows.length === 0) return html`<p class="muted waiting">${t(job.status === "queued" ? "race.queued" : "race.preparing")}</p>`;
  const best = Math.max(...rows.map(({ r2 }) => r2 ?? -Infinity));
  return html`<${Section} title=${t("race.leaderboard")} note=${t("race.leaderboardNote")}>
    <ol class="board" ref=${list}>
      ${rows.map((row, index) => html`<li key=${row.key} data-key=${row.key} class=${row.running ? "running" : ""}>
        <span class="place">${row.error ? NOTHING : index + 1}</span>
        <span class="who"><bdi>${row.name}</bdi>${row.running && html`<span class="spinner" role="img" aria-label=${t("race.isRunning")} />`}</span>
        <span class="track" aria-hidden="true"><span class="done" style=${{ width: `${shareOf(row, best)}%` }} /></span>
        <span class="figure">${row.error ? t("race.didNotFinish") : row.r2 === null ? NOTHING : score(row.r2)}${Number.isFinite(row.std) && html` <span class="spread">±${score(row.std)}</span>`}${row.note && html`<small>${row.note}</small>`}</span>
      </li>`)}
    </ol>
  <//>`;
}

// Before the first score of a comparison is there, `parts` say how far each regressor is that has begun.
function boardOf({ standings, parts }) {
  if (standings.length > 0) {
    const nameOf = namesOf(standings);
    const seen = new Map();
    return standings.map((trial) => {
      const key = identity(trial);
      seen.set(key, (seen.get(key) ?? 0) + 1);
      return { ...trial, name: nameOf(trial), key: `${key} ${seen.get(key)}`, note: factsOf(trial) };
    });
  }
  return Object.entries(parts ?? {}).filter(([, progress]) => progress > 0).sort(([, one], [, other]) => other - one).map(([label, progress]) => ({
    key: label, name: labelled(label), r2: null, progress, running: progress < 1, note: level(progress),
  }));
}

// How many folds a trial has done and in how many seconds, and once it is known, how large it is and how fast; or why it failed.
function factsOf({ folds, seconds, size_bytes: size, latency_us: latency, error }) {
  if (error) return html`<${Said} whole text=${error} />`;
  if (folds === 0) return null;
  const facts = [t("race.folds", { n: folds, count: count(folds) }), duration(seconds)];
  if (Number.isFinite(latency)) facts.push(bytes(size), t("race.forARow", { time: microseconds(latency) }));
  return facts.join(" · ");
}

function shareOf({ r2, progress }, best) {
  if (progress !== undefined) return 100 * progress;
  return best > 0 ? Math.max(0, (100 * (r2 ?? 0)) / best) : 0;
}

// Let rows glide from their old places to the new ones.
function useMoves(order) {
  const list = useRef(null);
  const places = useRef(new Map());
  useLayoutEffect(() => {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const found = new Map();
    for (const row of list.current?.children ?? []) {
      const { key } = row.dataset;
      found.set(key, row.offsetTop);
      const before = places.current.get(key);
      if (!still && before !== undefined && before !== row.offsetTop) {
        row.animate([{ transform: `translateY(${before - row.offsetTop}px)` }, { transform: "none" }], { duration: ROW_MS, easing: "ease-out" });
      }
    }
    places.current = found;
  }, [order]);
  return list;
}
