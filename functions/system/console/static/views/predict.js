// Predict: one row in a form whose prediction moves with it, or a whole file.
import { get, list } from "../parts/api.js";
import { ButtonLink, Choice, Empty, Section, Tabs, ViewHead } from "../parts/elements.js";
import { Loaded } from "../parts/feedback.js";
import { ago, level as percentage, score } from "../parts/format.js";
import { html, useState } from "../parts/preact.js";
import { regressor } from "../parts/regressors.js";
import { useResource } from "../parts/resource.js";
import { href, navigate } from "../parts/router.js";
import { Table } from "../parts/table.js";
import { t } from "../parts/words.js";
import { FilePredictions } from "./predict/file.js";
import { OneRow } from "./predict/one_row.js";

const TABS = { row: OneRow, file: FilePredictions };
const LEVELS = [null, 0.8, 0.9, 0.95];

export default function Predict({ path, query }) {
  const version = Number(query.get("version")) || undefined;
  return path.length ? html`<${WithModel} name=${path[0]} version=${version} query=${query} key=${`${path[0]} ${version}`} />` : html`<${ChooseModel} />`;
}

// The models that serve, the newest first.
function ChooseModel() {
  const models = useResource(async (signal) => (await list("/model/trained", "models", { limit: 1000, signal })).models.filter(({ serves }) => serves), []);
  const empty = html`<${Empty} icon="predict" title=${t("predict.noModel")} actions=${html`<${ButtonLink} kind="primary" icon="race" href=${href("race")}>${t("predict.toRace")}<//>`}>${t("predict.noModelNote")}<//>`;
  return html`
    <${ViewHead} title=${t("predict.title")} note=${t("predict.note")} />
    <${Loaded} of=${models} skeleton=${{ shape: "table", count: 5 }} isEmpty=${(found) => found.length === 0} empty=${empty}>
      ${(found) => html`<${Section} title=${t("predict.choose")}><${Table} caption=${t("predict.choose")} search=${t("model.search")} rows=${found} rowKey=${({ model_name: name }) => name} sort=${{ name: "created_at", down: true }}
        onRow=${(model) => navigate(href("predict", model.model_name))} columns=${[
          { name: "model_name", label: t("predict.model"), isHeading: true, show: (name) => html`<a href=${href("predict", name)}>${name}</a>` },
          { name: "target_column", label: t("predict.predicts") },
          { name: "model_type", label: t("predict.kind"), show: (type) => regressor(type) },
          { name: "r2", label: "R²", number: true, value: (model) => model.cross_validation?.mean ?? model.metrics?.r2 ?? null, show: (value) => (value === null ? null : score(value)) },
          { name: "created_at", label: t("predict.trained"), show: (when) => ago(when) },
        ]} /><//>`}
    <//>`;
}

function WithModel({ name, version, query }) {
  const model = useResource(async (signal) => {
    const schema = await get(`/model/schema/${encodeURIComponent(name)}`, { version }, { signal });
    const info = await get("/model/info", { model_name: name, version }, { signal });
    return { schema, info, ranges: await rangesOf(info, signal) };
  }, [name, version]);
  const [level, setLevel] = useState(0.9);
  const shown = query.get("tab") in TABS ? query.get("tab") : "row";
  const choose = (next) => navigate(href("predict", name, { version, tab: next === "row" ? null : next }), { replace: true, stay: true });
  return html`<${Loaded} of=${model} head=${html`<${ViewHead} eyebrow=${html`<a href=${href("predict")}>${t("predict.title")}</a>`} title=${name} />`} skeleton=${{ shape: "lines", count: 8 }}>
    ${({ schema, info, ranges }) => {
      const Part = TABS[shown];
      const withInterval = schema.output.interval;
      const note = html`${t("predict.of", { target: schema.output.target_column })} · ${regressor(info.model_type, info.target_transform)} · ${t("predict.version", { version: schema.version })}`;
      return html`
        <${ViewHead} eyebrow=${html`<a href=${href("predict")}>${t("predict.title")}</a>`} title=${name} note=${note}>
          ${withInterval && html`<${Choice} label=${t("predict.interval")} value=${level} options=${LEVELS.map((each) => [each, each === null ? t("predict.noInterval") : percentage(each)])} onChange=${setLevel} />`}
        <//>
        <${Tabs} label=${t("predict.parts")} value=${shown} tabs=${Object.keys(TABS).map((each) => [each, t(`predict.tab.${each}`)])} onChange=${choose}>
          <${Part} schema=${schema} info=${info} ranges=${ranges} level=${withInterval ? level : null} query=${query} />
        <//>`;
    }}
  <//>`;
}

// Return { column: statistics } of the table that the model was trained on; nothing where that was deleted since.
async function rangesOf(info, signal) {
  try {
    return (await get("/data/info", { file_id: info.dataset.file_id }, { signal })).statistics ?? {};
  } catch (error) {
    if (error.status === 404 || error.status === 403) return {};
    throw error;
  }
}
