// Who won: the best, all the others, and accuracy against speed as a picture to choose from.
import { Scatter } from "../../charts/charts.js";
import { Button, ButtonLink, Choice, Details, Figures, Section, Tag } from "../../parts/elements.js";
import { Notice } from "../../parts/feedback.js";
import { bytes, count, duration, level, microseconds, NOTHING, number, score } from "../../parts/format.js";
import { html, useState } from "../../parts/preact.js";
import { regressor } from "../../parts/regressors.js";
import { href } from "../../parts/router.js";
import { Said } from "../../parts/service_words.js";
import { Table } from "../../parts/table.js";
import { t } from "../../parts/words.js";

const AXES = { latency_us: microseconds, size_bytes: bytes, training_seconds: duration };

export function Outcome({ result }) {
  const { best, results, failed, warnings, cut } = result;
  const [chosen, setChosen] = useState(null);
  const isAhead = results.some((row) => row.cross_validation.mean > best.cross_validation.mean);
  return html`
    ${cut && html`<${Notice} kind="info" title=${t("race.cut")}>${t("race.cutNote")}<//>`}
    <${Winner} row=${best} />
    <${Picture} rows=${results.filter(({ latency_us: speed, model_type: type }) => speed !== null && speed !== undefined && type !== "baseline")} chosen=${chosen} onPick=${setChosen} />
    <${Section} title=${t("race.leaderboard")} note=${`${t("race.scoreNote")}${isAhead ? ` ${t("race.aheadNote")}` : ""}`}><${Board} rows=${results} best=${best} chosen=${chosen} /><//>
    ${failed.length + warnings.length > 0 && html`<${Section}>
      ${warnings.length > 0 && html`<${Details} open summary=${t("race.warnings")}><ul class="bullets">${warnings.map((warning) => html`<li><${Said} whole text=${warning} /></li>`)}</ul><//>`}
      ${failed.length > 0 && html`<${Failed} rows=${failed} />`}
    <//>`}`;
}

function Winner({ row }) {
  const { mean, std, scores } = row.cross_validation;
  return html`<${Section}><div class="card winner">
    <div class="card-head"><div><p class="eyebrow">${t("race.winner")}</p><h2>${regressor(row.model_type, row.target_transform)}</h2></div>
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
    ${row.members?.length > 0 && html`<p class="muted members">${t("race.members")} ${row.members.map(({ model_type: type, target_transform: transform, weight }) => `${regressor(type, transform)} ${level(weight)}`).join(", ")}</p>`}
  </div><//>`;
}

function Picture({ rows, chosen, onPick }) {
  const [axis, setAxis] = useState("latency_us");
  if (rows.length < 2) return null;
  const points = rows.map((row) => [Math.log10(Math.max(row[axis], 1e-3)), row.cross_validation.mean]);
  const row = rows.find((each) => each === chosen);
  return html`<${Section} title=${t("race.picture")} note=${t("race.pictureNote")}
      actions=${html`<${Choice} label=${t("race.against")} value=${axis} options=${Object.keys(AXES).map((name) => [name, t(`race.axis.${name}`)])} onChange=${setAxis} />`}>
    <div class="card">
      <${Scatter} logarithmic name="race" points=${points} xLabel=${t(`race.axis.${axis}`)} yLabel="R²" showX=${(value) => AXES[axis](10 ** value)} showY=${(value) => score(value)}
        names=${rows.map((each) => regressor(each.model_type, each.target_transform))} labels=${rows.map((each) => `${regressor(each.model_type, each.target_transform)}: ${score(each.cross_validation.mean)}, ${AXES[axis](each[axis])}`)}
        chosen=${rows.indexOf(chosen)} onPick=${(index) => onPick(rows[index])} />
      ${row && html`<p class="picked" role="status"><strong>${regressor(row.model_type, row.target_transform)}</strong> · R² ${score(row.cross_validation.mean)} · ${microseconds(row.latency_us)} · ${bytes(row.size_bytes)}
        ${row.model_name ? html` <${ButtonLink} href=${href("model", row.model_name)}>${t("race.openModel")}<//>` : html` <span class="muted">${t("race.notStored")}</span>`}</p>`}
    </div>
  <//>`;
}

function Board({ rows, best, chosen }) {
  const name = (type, row) => html`${row.model_name ? html`<a href=${href("model", row.model_name)}>${regressor(type, row.target_transform)}</a>` : regressor(type, row.target_transform)}
    ${row.tuned ? html` <${Tag}>${t("race.tuned")}<//>` : ""}${isSame(row, best) ? html` <${Tag} kind="good">${t("race.best")}<//>` : ""}`;
  const shown = (show) => (value) => (value === null || value === undefined ? null : show(value));
  return html`<${Table} caption=${t("race.leaderboard")} rows=${rows} csv="leaderboard.csv" selected=${(row) => row === chosen} columns=${[
    { name: "model_type", label: t("race.model"), isHeading: true, show: name },
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
function Failed({ rows }) {
  const reasons = new Map();
  for (const { model_type: type, error } of rows) reasons.set(error, [...(reasons.get(error) ?? []), regressor(type)]);
  return html`<${Details} summary=${t("race.failed", { n: rows.length, count: count(rows.length) })}>
    <ul class="bullets">${[...reasons].map(([error, names]) => html`<li><${Said} text=${error} />: ${names.join(", ")}</li>`)}</ul>
  <//>`;
}

const isSame = (row, best) => row.model_type === best.model_type && row.model_name === best.model_name && row.version === best.version;
