// Models: all of them, and one with what it is worth, why it predicts so, its versions, and how it is used elsewhere.
import { list } from "../parts/api.js";
import { ButtonLink, Empty, Tag, ViewHead } from "../parts/elements.js";
import { Loaded, Notice } from "../parts/feedback.js";
import { ago, bytes, count, number, score } from "../parts/format.js";
import { html } from "../parts/preact.js";
import { regressor } from "../parts/regressors.js";
import { useResource } from "../parts/resource.js";
import { href, navigate } from "../parts/router.js";
import { Table } from "../parts/table.js";
import { t } from "../parts/words.js";
import { ModelView } from "./model/model.js";

export default function Model({ path, query }) {
  return path.length ? html`<${ModelView} name=${path[0]} query=${query} key=${path[0]} />` : html`<${Models} />`;
}

function Models() {
  const models = useResource((signal) => list("/model/trained", "models", { limit: 1000, signal }), []);
  return html`
    <${ViewHead} title=${t("nav.model")} note=${t("model.note")} />
    <${Loaded} of=${models} skeleton=${{ shape: "table", count: 6 }} isEmpty=${(found) => found.models.length === 0}
      empty=${html`<${Empty} icon="model" title=${t("model.none")} actions=${html`<${ButtonLink} kind="primary" href=${href("data")}>${t("model.toData")}<//>`}>${t("model.noneNote")}<//>`}>
      ${(found) => html`
        ${found.damaged?.length > 0 && html`<${Notice} kind="warning" title=${t("model.damaged")}>${found.damaged.join(", ")}<//>`}
        <${ModelTable} versions=${found.models} />`}
    <//>`;
}

// One line for each model: the version that serves, else the newest.
function ModelTable({ versions }) {
  const rows = [...grouped(versions).values()].map((each) => ({ ...(each.find(({ serves }) => serves) ?? each.at(-1)), versions: each.length }));
  return html`<${Table} caption=${t("nav.model")} rows=${rows} sort=${{ name: "created_at", down: true }} rowKey=${(row) => row.model_name}
    csv="models.csv" search=${t("model.search")} onRow=${(row) => navigate(href("model", row.model_name))} columns=${[
      { name: "model_name", label: t("model.name"), isHeading: true, show: (name) => html`<a href=${href("model", name)}>${name}</a>` },
      { name: "target_column", label: t("model.target") },
      { name: "model_type", label: t("model.kind"), show: (type) => regressor(type) },
      { name: "r2", label: "R²", number: true, value: (row) => row.metrics.r2, show: score },
      { name: "mae", label: t("model.error"), number: true, value: (row) => row.metrics.mae, show: (value) => number(value) },
      { name: "size_bytes", label: t("model.size"), number: true, show: bytes },
      { name: "versions", label: t("model.versions"), number: true, show: count },
      { name: "created_at", label: t("model.when"), show: (when) => ago(when) },
      { name: "serves", label: t("model.state"), value: (row) => (row.serves ? 1 : 0), show: (serves) => (serves ? html`<${Tag} kind="good">${t("model.serves")}<//>` : html`<${Tag}>${t("model.rests")}<//>`) },
    ]} />`;
}

function grouped(versions) {
  const found = new Map();
  for (const each of versions) found.set(each.model_name, [...(found.get(each.model_name) ?? []), each]);
  return found;
}
