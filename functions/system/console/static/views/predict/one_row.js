// One row: a form made from the schema of the model, and the prediction, which is drawn anew while the form changes.
import { Interval } from "../../charts/interval.js";
import { post } from "../../parts/api.js";
import { Button, Details, Icon } from "../../parts/elements.js";
import { ErrorPanel } from "../../parts/feedback.js";
import { level as percentage, number, tidy } from "../../parts/format.js";
import { pause } from "../../parts/jobs.js";
import { html, useEffect, useRef, useState } from "../../parts/preact.js";
import { Said } from "../../parts/service_words.js";
import { t } from "../../parts/words.js";
import { FeatureField } from "./fields.js";
import { Reasons } from "./reasons.js";

// Between two requests.
const PAUSE_MS = 40;
// Of many columns those that matter most come first; the others are folded.
const FIRST = 12;

export function OneRow({ schema, info, ranges, level }) {
  const [row, setRow] = useState(() => tidy(schema.example.data));
  const { answer, error, busy } = usePrediction(schema, row, level);
  const set = (name) => (value) => setRow((before) => ({ ...before, [name]: value }));
  const problems = Object.fromEntries((error?.errors ?? []).map(({ field, message }) => [field, html`<${Said} text=${message} />`]));
  const isInForm = Object.keys(problems).some((name) => name in row);
  const features = byImportance(schema.features, info.importance ?? []);
  const field = (feature) => html`<${FeatureField} key=${feature.name} feature=${feature} statistics=${ranges[feature.name]} value=${row[feature.name]} error=${problems[feature.name]} onChange=${set(feature.name)} />`;
  const folded = features.slice(FIRST);
  return html`<div class="predict">
    <form class="card predict-form" onSubmit=${(event) => event.preventDefault()}>
      <div class="card-head"><h2>${t("predict.row")}</h2><${Button} kind="quiet" onClick=${() => setRow(tidy(schema.example.data))}>${t("predict.reset")}<//></div>
      <p class="hint">${t("predict.order")}</p>
      <div class="predict-fields">${features.slice(0, FIRST).map(field)}</div>
      ${folded.length > 0 && html`<${Details} summary=${t("predict.more", { n: folded.length })} open=${folded.some(({ name }) => name in problems)}><div class="predict-fields">${folded.map(field)}</div><//>`}
    </form>
    <div class="predicted">
      <div class="card" aria-busy=${busy ? "true" : undefined}>
        <p class="eyebrow">${schema.output.target_column}</p>
        ${answer ? html`<${Answer} answer=${answer} schema=${schema} range=${ranges[schema.output.target_column]} old=${Boolean(error)} />` : !error && html`<p class="prediction muted">…</p>`}
        ${error && !isInForm && html`<${ErrorPanel} error=${error} />`}
        ${error && isInForm && html`<p class="field-error"><${Icon} name="error" size="16" />${t("predict.correct")}</p>`}
        <${Reasons} schema=${schema} row=${row} isUsable=${!error} />
        ${answer && !error && answer.warnings.length > 0 && html`<ul class="warnings">${answer.warnings.map((warning) => html`<li><${Icon} name="warning" size="16" /><${Said} text=${warning} /></li>`)}</ul>`}
      </div>
    </div>
  </div>`;
}

function byImportance(features, importance) {
  const means = new Map(importance.map(({ feature, mean }) => [feature, mean]));
  return [...features].sort((one, other) => (means.get(other.name) ?? 0) - (means.get(one.name) ?? 0));
}

function Answer({ answer, schema, range, old }) {
  const { prediction, interval } = answer;
  const { unit } = schema.output;
  const words = interval && t("predict.between", { level: percentage(interval.level), lower: number(interval.lower, 6), upper: number(interval.upper, 6) });
  return html`<p class="prediction ${old ? "muted" : ""}" role="status"><bdi>${number(prediction, 6)}</bdi>${unit && html` <small>${unit}</small>`}</p>
    ${interval && html`<div class="interval"><${Interval} title=${t("predict.interval")} name=${`${schema.model_name} interval`} words=${words} prediction=${prediction} lower=${interval.lower} upper=${interval.upper} range=${range} /></div>`}`;
}

// Return the newest answer for the row; while a new one is asked for, the old one stays. One request is under way at a time:
// what has changed meanwhile is asked for as it is by then, so that the prediction moves while a slider does.
function usePrediction(schema, row, level) {
  const [state, setState] = useState({ busy: true });
  const { current: line } = useRef({ wanted: null, isAsking: false, controller: new AbortController() });
  useEffect(() => {
    line.wanted = { row, level };
    if (!line.isAsking) askInTurn(schema, line, setState);
  }, [row, level]);
  useEffect(() => () => line.controller.abort(), []);
  return state;
}

async function askInTurn(schema, line, setState) {
  const { signal } = line.controller;
  line.isAsking = true;
  try {
    while (line.wanted) {
      const { row, level } = line.wanted;
      line.wanted = null;
      setState((before) => ({ ...before, busy: true }));
      const body = { model_name: schema.model_name, version: schema.version, data: row, ...(level === null ? {} : { interval: level }) };
      const found = await post("/predict", body, { signal }).then((answer) => ({ answer }), (error) => ({ error }));
      if (signal.aborted) return;
      setState((before) => ({ answer: before.answer, ...found, busy: false }));
      await pause(PAUSE_MS, signal);
    }
  } catch {
    // The view is left.
  } finally {
    line.isAsking = false;
  }
}
