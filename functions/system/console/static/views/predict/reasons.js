// Why this prediction: what each column adds to it or takes from it, beside the mean prediction.
import { Bars } from "../../charts/charts.js";
import { post } from "../../parts/api.js";
import { ErrorPanel } from "../../parts/feedback.js";
import { count, number } from "../../parts/format.js";
import { html, useEffect, useState } from "../../parts/preact.js";
import { t } from "../../parts/words.js";

// An explanation costs more than a prediction, so it waits until the row has come to rest.
const REST_MS = 350;
const SHOWN = 8;

export function Reasons({ schema, row, isUsable }) {
  const { explanation, error } = useExplanation(schema, row, isUsable);
  if (error) return error.type === "no-evaluation" ? html`<p class="hint">${t("predict.noReasons")}</p>` : html`<${ErrorPanel} error=${error} />`;
  if (!explanation) return null;
  const { contributions, base_value: base, method, samples, background_rows: rows } = explanation;
  const all = Object.entries(contributions).sort(([, one], [, other]) => Math.abs(other) - Math.abs(one));
  const items = all.slice(0, SHOWN).map(([label, value]) => ({ label, value, kind: value < 0 ? "negative" : "positive", note: signed(value) }));
  const rest = all.slice(SHOWN).reduce((sum, [, value]) => sum + value, 0);
  if (all.length > SHOWN) items.push({ label: t("predict.otherColumns", { n: all.length - SHOWN }), value: rest, kind: "rest", note: signed(rest) });
  return html`<div class="reasons">
    <${Bars} title=${t("predict.reasons")} name=${`${schema.model_name} reasons`} items=${items} words=${items.map(({ label, note }) => `${label}: ${note}`).join(", ")} />
    <p class="hint">${t("predict.base", { base: number(base, 6), rows: count(rows) })} ${method === "exact" ? t("predict.exact") : t("predict.sampled", { samples: count(samples) })}</p>
  </div>`;
}

const signed = (value) => (value > 0 ? `+${number(value)}` : number(value));

function useExplanation(schema, row, isUsable) {
  const [state, setState] = useState({});
  useEffect(() => {
    if (!isUsable) return undefined;
    const controller = new AbortController();
    const { signal } = controller;
    const ask = async () => {
      try {
        const answer = await post("/predict", { model_name: schema.model_name, version: schema.version, data: row, explain: true }, { signal });
        if (!signal.aborted) setState({ explanation: answer.explanation });
      } catch (error) {
        if (!signal.aborted) setState({ error });
      }
    };
    const timer = setTimeout(ask, REST_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [row, isUsable]);
  return state;
}
