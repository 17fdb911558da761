// A field of the form for each type of column. Empty means missing; a value outside the training data is told, not forbidden.
import { SelectField, TextField } from "../../parts/elements.js";
import { number } from "../../parts/format.js";
import { html, useState } from "../../parts/preact.js";
import { t } from "../../parts/words.js";

const SLIDER_STEPS = 200;
const OTHER = "\u0000other";

export function FeatureField({ feature, statistics, value, error, onChange }) {
  const Part = { number: NumberField, integer: NumberField, boolean: BooleanField, category: CategoryField }[feature.type] ?? AnyField;
  return html`<${Part} feature=${feature} statistics=${statistics} value=${value} error=${error} onChange=${onChange} />`;
}

const labelOf = ({ name, unit }) => (unit ? `${name} (${unit})` : name);

function NumberField({ feature, statistics, value, error, onChange }) {
  const { min, max } = statistics ?? {};
  const isKnown = Number.isFinite(min) && Number.isFinite(max) && min < max;
  const isOutside = isKnown && typeof value === "number" && (value < min || value > max);
  const hint = isOutside ? t("predict.outside", { min: number(min), max: number(max) }) : isKnown ? t("predict.range", { min: number(min), max: number(max) }) : null;
  return html`<div class="number-field ${isOutside ? "outside" : ""}">
    <${TextField} label=${labelOf(feature)} hint=${hint} error=${error} inputmode="decimal" value=${value ?? ""} onInput=${(text) => onChange(parsed(text))} placeholder=${t("predict.missing")} />
    ${isKnown && html`<input type="range" aria-label=${t("predict.slide", { name: feature.name })} min=${min} max=${max} step=${stepOf(statistics)}
      value=${typeof value === "number" ? value : number_(feature.fill, min)} onInput=${(event) => onChange(Number(event.target.value))} />`}
  </div>`;
}

const number_ = (value, otherwise) => (typeof value === "number" ? value : otherwise);

// Return the number of a text, null for none; what is no number goes to the service as it is, which says what is wrong.
function parsed(text) {
  const trimmed = text.trim();
  if (trimmed === "") return null;
  const value = Number(trimmed);
  return Number.isFinite(value) && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed) && String(value) === trimmed ? value : trimmed;
}

// Whole numbers move by one, others by a round part of their range.
function stepOf({ min, max, type }) {
  if (type === "integer" || (Number.isInteger(min) && Number.isInteger(max) && max - min >= SLIDER_STEPS)) return Math.max(1, 10 ** Math.floor(Math.log10((max - min) / SLIDER_STEPS)));
  return 10 ** Math.floor(Math.log10((max - min) / SLIDER_STEPS));
}

function BooleanField({ feature, value, error, onChange }) {
  const options = [["", t("predict.missing")], ["true", t("predict.true")], ["false", t("predict.false")]];
  return html`<${SelectField} label=${labelOf(feature)} error=${error} options=${options} value=${value === null || value === undefined ? "" : String(value)} onChange=${(text) => onChange(text === "" ? null : text === "true")} />`;
}

function CategoryField({ feature, value, error, onChange }) {
  const levels = feature.levels ?? [];
  const [isOther, setOther] = useState(value !== null && value !== undefined && !levels.includes(value));
  const options = [["", t("predict.missing")], ...levels.map((level) => [String(level), String(level)]), [OTHER, t("predict.otherLevel")]];
  const choose = (text) => {
    setOther(text === OTHER);
    onChange(text === "" || text === OTHER ? null : levels.find((level) => String(level) === text));
  };
  return html`<div>
    <${SelectField} label=${labelOf(feature)} error=${error} options=${options} value=${isOther ? OTHER : value === null || value === undefined ? "" : String(value)} onChange=${choose} />
    ${isOther && html`<${TextField} label=${t("predict.otherValue", { name: feature.name })} hint=${t("predict.otherNote")} value=${value ?? ""} onInput=${(text) => onChange(text || null)} />`}
  </div>`;
}

function AnyField({ feature, value, error, onChange }) {
  return html`<${TextField} label=${labelOf(feature)} error=${error} hint=${feature.format ? t("predict.format", { format: feature.format }) : null} value=${value ?? ""} onInput=${(text) => onChange(text === "" ? null : text)} placeholder=${t("predict.missing")} />`;
}
