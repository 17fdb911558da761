// Values far from the others: how many of them each column has, and where the bounds are.
import { get } from "../../parts/api.js";
import { Choice, Empty } from "../../parts/elements.js";
import { Loaded } from "../../parts/feedback.js";
import { count, number } from "../../parts/format.js";
import { html, useState } from "../../parts/preact.js";
import { useResource } from "../../parts/resource.js";
import { Table } from "../../parts/table.js";
import { t } from "../../parts/words.js";
import { RowLinks } from "./row_pages.js";

const SHOWN = 4;

export function Outliers({ info }) {
  const [method, setMethod] = useState("iqr");
  const outliers = useResource((signal) => get("/data/outliers", { file_id: info.file_id, method }, { signal }), [info.file_id, method]);
  return html`
    <div class="section-head"><${Choice} label=${t("data.outliers.method")} value=${method} options=${["iqr", "zscore"].map((name) => [name, t(`data.outliers.${name}`)])} onChange=${setMethod} /></div>
    <p class="note after-choice">${t(`data.outliers.${method}Note`)}</p>
    <${Loaded} of=${outliers} skeleton=${{ shape: "table", count: 6 }} isEmpty=${(found) => Object.keys(found.columns).length === 0}
      empty=${html`<${Empty} icon="check" title=${t("data.outliers.none")}>${t("data.outliers.noneNote")}<//>`}>
      ${(found) => html`<${Table} caption=${t("data.tab.outliers")} csv=${`${info.filename}-outliers.csv`} sort=${{ name: "count", down: true }}
        rows=${Object.entries(found.columns).map(([column, each]) => ({ column, ...each }))} columns=${[
          { name: "column", label: t("data.outliers.column"), isHeading: true },
          { name: "count", label: t("data.outliers.count"), number: true, show: count },
          { name: "lower", label: t("data.outliers.lower"), number: true, show: (value) => number(value) },
          { name: "upper", label: t("data.outliers.upper"), number: true, show: (value) => number(value) },
          { name: "values", label: t("data.outliers.examples"), sortable: false, value: ({ values }) => values.slice(0, SHOWN).map((value) => number(value)).join(", ") },
          { name: "rows", label: t("data.outliers.rows"), sortable: false, value: ({ rows }) => rows.slice(0, SHOWN).join(", "), show: (_, { rows }) => html`<${RowLinks} fileId=${info.file_id} rows=${rows.slice(0, SHOWN)} />` },
        ]} />`}
    <//>`;
}
