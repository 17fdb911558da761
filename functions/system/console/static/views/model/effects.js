// How predictions change when one column alone changes: the mean over rows, and single rows beside it.
import { Bars, Line } from "../../charts/charts.js";
import { get } from "../../parts/api.js";
import { Card, CheckField, Section, SelectField } from "../../parts/elements.js";
import { ErrorPanel, Notice } from "../../parts/feedback.js";
import { count, date, listed, number } from "../../parts/format.js";
import { html, useState } from "../../parts/preact.js";
import { useResource } from "../../parts/resource.js";
import { t } from "../../parts/words.js";

const SHOWN_CURVES = 20;

export function Effects({ info }) {
  const found = useResource((signal) => get(`/model/effects/${encodeURIComponent(info.model_name)}`, { version: info.version }, { signal }), [info.model_name, info.version]);
  const [at, setAt] = useState("0");
  const [isSingle, setSingle] = useState(false);
  const { data, error } = found;
  if (error) return error.type === "no-evaluation" ? html`<${Section} title=${t("model.effects")}><${Notice}>${t("model.noEffects")}<//><//>` : html`<${ErrorPanel} error=${error} onRetry=${found.reload} />`;
  if (!data || data.effects.length === 0) return null;
  const effect = data.effects[Number(at)] ?? data.effects[0];
  return html`<${Section} title=${t("model.effects")} note=${t("model.effectsNote", { n: data.rows, count: count(data.rows) })}>
    <div class="toolbar effects-bar">
      <${SelectField} label=${t("model.effectOf")} value=${at} options=${data.effects.map(({ feature }, index) => [String(index), feature])} onChange=${setAt} />
      ${isLine(effect) && effect.curves.length > 0 && html`<${CheckField} label=${t("model.singleRows")} checked=${isSingle} onChange=${setSingle} />`}
    </div>
    <${Card}><${isLine(effect) ? Curve : Levels} effect=${effect} target=${info.target_column} isSingle=${isSingle} /><//>
    ${data.left_out.length > 0 && html`<p class="hint">${t("model.effectsLeftOut", { names: listed(data.left_out) })}</p>`}
  <//>`;
}

const isLine = ({ type }) => type === "number" || type === "date";
const placeOf = (type, value) => (type === "date" && typeof value === "string" ? Date.parse(value) : value);

function Curve({ effect: { feature, type, values, mean, curves }, target, isSingle }) {
  const line = (heights) => heights.map((height, index) => [placeOf(type, values[index]), height]).filter(([, height]) => height !== null);
  const series = [...(isSingle ? curves.slice(0, SHOWN_CURVES).map((each) => ({ points: line(each), thin: true })) : []), { points: line(mean) }];
  const showX = type === "date" ? (place) => date(new Date(place).toISOString().slice(0, 10)) : number;
  return html`<${Line} title=${t("model.effectTitle", { name: feature })} series=${series} xLabel=${feature} yLabel=${target} showX=${showX} height=${300} />`;
}

function Levels({ effect: { feature, values, mean } }) {
  const items = values.map((value, index) => ({ label: String(value), value: mean[index] })).filter(({ value }) => value !== null);
  return html`<${Bars} title=${t("model.effectTitle", { name: feature })} items=${items} />`;
}
