// How columns go together: the strongest pairs, and a map of a few columns.
import { Heatmap } from "../../charts/charts.js";
import { Choice, Empty } from "../../parts/elements.js";
import { count, listed, score } from "../../parts/format.js";
import { html, useMemo, useState } from "../../parts/preact.js";
import { Table } from "../../parts/table.js";
import { t } from "../../parts/words.js";

const IN_MAP = 14;
const PAIRS = 100;

export function Correlations({ info, profile }) {
  const [method, setMethod] = useState("pearson");
  const { columns, [method]: matrix } = profile.correlations;
  const pairs = useMemo(() => strongest(columns, matrix), [columns, matrix]);
  const chosen = useMemo(() => mostTied(columns, matrix, profile.target?.column ?? info.recipe?.target_column), [columns, matrix]);
  if (columns.length < 2) return html`<${Empty} icon="table" title=${t("data.correlations.none")}>${t("data.correlations.noneNote")}<//>`;
  const named = chosen.map((at) => columns[at]);
  const leftOut = columns.filter((_, index) => !chosen.includes(index));
  const shown = chosen.map((row) => chosen.map((column) => matrix[row][column]));
  return html`
    <div class="section-head"><${Choice} label=${t("data.correlations.method")} value=${method} options=${["pearson", "spearman"].map((name) => [name, t(`data.correlations.${name}`)])} onChange=${setMethod} /></div>
    <p class="note after-choice">${t(`data.correlations.${method}Note`)}</p>
    <div class="map-and-pairs">
      <div class="card">
        <${Heatmap} title=${chosen.length < columns.length ? t("data.correlations.someOf", { shown: count(chosen.length), all: count(columns.length) }) : t("data.correlations.map")} name=${`${info.filename} ${method}`} names=${named} values=${shown} />
        ${leftOut.length > 0 && html`<p class="hint">${t("data.correlations.leftOut", { names: listed(leftOut) })}</p>`}
      </div>
      <div>
        <h3>${t("data.correlations.pairs")}</h3>
        <${Table} caption=${t("data.correlations.pairs")} rows=${pairs} pageRows=${12} csv=${`${info.filename}-${method}.csv`} columns=${[
          { name: "one", label: t("data.correlations.one"), isHeading: true, show: breakable },
          { name: "other", label: t("data.correlations.with"), show: breakable },
          { name: "value", label: t("data.correlations.value"), number: true, show: score },
        ]} />
      </div>
    </div>`;
}

// A long name breaks after an underscore or the like, rather than within a word.
const breakable = (name) => name.split(/(?<=[_./:;,)-])/).map((piece, index) => html`${index > 0 && html`<wbr />`}${piece}`);

function strongest(columns, matrix) {
  const found = [];
  columns.forEach((one, row) => columns.slice(row + 1).forEach((other, index) => {
    const value = matrix[row][row + 1 + index];
    if (value !== null) found.push({ one, other, value });
  }));
  return found.sort((a, b) => Math.abs(b.value) - Math.abs(a.value)).slice(0, PAIRS);
}

// Return the places of the columns with the strongest ties, the target among them, in the order of the file.
function mostTied(columns, matrix, target) {
  const ties = columns.map((_, row) => Math.max(0, ...matrix[row].filter((value, column) => column !== row && value !== null).map(Math.abs)));
  const best = columns.map((_, index) => index).sort((a, b) => (columns[b] === target) - (columns[a] === target) || ties[b] - ties[a]);
  return best.slice(0, IN_MAP).sort((a, b) => a - b);
}
