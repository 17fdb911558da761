// Who won: the best, all the others, and accuracy against speed as a picture to choose from.
import { Scatter } from "../../charts/charts.js";
import { Button, ButtonLink, Choice, Details, Figures, Section, Tag } from "../../parts/elements.js";
import { Notice } from "../../parts/feedback.js";
import { bytes, count, duration, level, microseconds, NOTHING, number, score } from "../../parts/format.js";
import { html, useState } from "../../parts/preact.js";
import { labelled, namesOf, rowOf } from "../../parts/regressors.js";
import { href } from "../../parts/router.js";
import { Said } from "../../parts/service_words.js";
import { Table } from "../../parts/table.js";
import { t } from "../../parts/words.js";

// What is gained beyond the mean shows in three decimals.
const LEAST_GAIN = 0.0005;
const AXES = { latency_us: microseconds, size_bytes: bytes, training_seconds: duration };

export function Outcome({ result }) {
  const { best, results, failed, warnings, cut, file_id: fileId } = result;
  const [chosen, setChosen] = useState(null);
  const nameOf = namesOf(results);
  const baseline = results.find(isBaseline);
  const isWorthless = baseline && best.cross_validation.mean - baseline.cross_validation.mean < LEAST_GAIN;
  return html`
    ${cut && html`<${Notice} kind="info" title=${t("race.cut")}>${t(results.filter(({ model_name: name }) => name).length > 1 ? "race.cutNoteOfNine" : "race.cutNote")}<//>`}
    ${isWorthless && html`<${Notice} kind="warning" title=${t("race.nothingLearned")} actions=${html`<${ButtonLink} icon="data" href=${href("data", fileId, { tab: "columns" })}>${t("race.toColumns")}<//>`}>${t("race.nothingLearnedNote")}<//>`}
    <${Winner} row=${best} nameOf=${nameOf} />
    <${Picture} rows=${results.filter(({ latency_us: speed }) => Number.isFinite(speed))} nameOf=${nameOf} chosen=${chosen} onPick=${setChosen} />
    <${Section} title=${t("race.leaderboard")} note=${boardNote(results, best)}><${Board} rows=${results} best=${best} nameOf=${nameOf} chosen=${chosen} /><//>
    ${failed.length + warnings.length > 0 && html`<${Section}>
      ${warnings.length > 0 && html`<${Details} open summary=${t("race.warnings")}><ul class="bullets">${warnings.map((warning) => html`<li><${Said} whole text=${warning} /></li>`)}</ul><//>`}
      ${failed.length > 0 && html`<${Failed} rows=${failed} results=${results} />`}
    <//>`}`;
}

// What the scores are, and why a row may stand above the best.
function boardNote(results, best) {
  const isSingle = best.cross_validation.scores.length === 1;
  const isAhead = results.some((row) => !isBaseline(row) && row.cross_validation.mean > best.cross_validation.mean);
  return [t(isSingle ? "race.scoreNoteOfOne" : "race.scoreNote"), isAhead && t(isSingle ? "race.aheadNoteOfOne" : "race.aheadNote")].filter(Boolean).join(" ");
}

function Winner({ row, nameOf }) {
  const { mean, std, scores } = row.cross_validation;
  return html`<${Section}><div class="card winner">
    <div class="card-head"><div><p class="eyebrow">${t("race.winner")}</p><h2>${nameOf(row)}</h2></div>
      ${row.model_name && html`<div class="actions">
        <${ButtonLink} href=${href("model", row.model_name)} icon="model">${t("race.openModel")}<//>
        <${ButtonLink} kind="primary" href=${href("predict", row.model_name)} icon="predict">${t("race.predict")}<//>
      </div>`}</div>
    <${Figures} items=${[
      ["R²", score(mean), scores.length > 1 ? t("race.spread", { std: score(std) }) : t("race.folds", { n: 1, count: count(1) })],
      [t("race.error"), row.metrics ? number(row.metrics.mae) : NOTHING, t("race.errorNote")],
      [t("race.speed"), microseconds(row.latency_us), t("race.aRow")],
      [t("race.size"), bytes(row.size_bytes)],
      [t("race.took"), duration(row.training_seconds)],
    ]} />
    ${row.members?.length > 0 && html`<p class="muted members">${t("race.members")} ${madeOf(row.members, nameOf)}</p>`}
  </div><//>`;
}

// The members of a blend, those that count most first.
function madeOf(members, nameOf) {
  const named = [...members].sort((one, other) => other.weight - one.weight).map((member) => t("race.member", { name: nameOf(member), weight: level(member.weight) }));
  return named.join(t("common.comma"));
}

function Picture({ rows, nameOf, chosen, onPick }) {
  const [axis, setAxis] = useState("latency_us");
  if (rows.length < 2) return null;
  const points = rows.map((row) => [Math.log10(Math.max(row[axis], 1e-3)), row.cross_validation.mean]);
  const row = rows.find((each) => each === chosen);
  return html`<${Section} title=${t("race.picture")} note=${t("race.pictureNote")}
      actions=${html`<${Choice} label=${t("race.against")} value=${axis} options=${Object.keys(AXES).map((name) => [name, t(`race.axis.${name}`)])} onChange=${setAxis} />`}>
    <div class="card">
      <${Scatter} logarithmic name="race" points=${points} xLabel=${t(`race.axis.${axis}`)} yLabel="R²" showX=${(value) => AXES[axis](10 ** value)} showY=${(value) => score(value)}
        names=${rows.map(nameOf)} labels=${rows.map((each) => `${nameOf(each)}: ${score(each.cross_validation.mean)}, ${AXES[axis](each[axis])}`)}
        chosen=${rows.indexOf(chosen)} onPick=${(index) => onPick(rows[index])} />
      ${row && html`<p class="picked" role="status"><strong>${nameOf(row)}</strong> · R² ${score(row.cross_validation.mean)} · ${microseconds(row.latency_us)} · ${bytes(row.size_bytes)}
        ${row.model_name ? html` <${ButtonLink} href=${href("model", row.model_name)}>${t("race.openModel")}<//>` : html` <span class="muted">${t("race.notStored")}</span>`}</p>`}
    </div>
  <//>`;
}

function Board({ rows, best, nameOf, chosen }) {
  const name = (text, row) => html`${row.model_name ? html`<a href=${href("model", row.model_name)}>${text}</a>` : text}${isSame(row, best) ? html` <${Tag} kind="good">${t("race.best")}<//>` : ""}`;
  const shown = (show) => (value) => (value === null || value === undefined ? null : show(value));
  return html`<${Table} caption=${t("race.leaderboard")} rows=${rows} csv="leaderboard.csv" selected=${(row) => row === chosen} columns=${[
    { name: "model_type", label: t("race.model"), isHeading: true, value: nameOf, show: name },
    { name: "r2", label: "R²", number: true, value: (row) => row.cross_validation.mean, show: score },
    { name: "std", label: t("race.spreadShort"), number: true, value: (row) => (row.cross_validation.scores.length > 1 ? row.cross_validation.std : null), show: shown((value) => `±${score(value)}`) },
    { name: "folds", label: t("race.foldsShort"), number: true, value: (row) => row.cross_validation.scores.length, show: count },
    { name: "mae", label: t("race.error"), number: true, value: (row) => row.metrics?.mae ?? null, show: shown(number) },
    { name: "latency_us", label: t("race.axis.latency_us"), number: true, show: shown(microseconds) },
    { name: "size_bytes", label: t("race.size"), number: true, show: shown(bytes) },
    { name: "training_seconds", label: t("race.took"), number: true, show: shown(duration) },
  ]} />`;
}

// Those that did not finish, together where it was for the same reason.
function Failed({ rows, results }) {
  const reasons = new Map();
  const trials = rows.map(rowOf);
  const nameOf = namesOf([...results, ...trials.filter(Boolean)]);
  rows.forEach(({ model_type: label, error }, index) => reasons.set(error, [...(reasons.get(error) ?? []), trials[index] ? nameOf(trials[index]) : labelled(label)]));
  return html`<${Details} summary=${t("race.failed", { n: rows.length, count: count(rows.length) })}>
    <ul class="bullets">${[...reasons].map(([error, names]) => html`<li>${names.join(t("common.comma"))}${t("common.colon")}<${Said} whole text=${error} /></li>`)}</ul>
  <//>`;
}

const isBaseline = ({ model_type: type }) => type === "baseline";

const isSame = (row, best) => row.model_type === best.model_type && row.model_name === best.model_name && row.version === best.version;
