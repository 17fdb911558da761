// Champion against challenger from file to file, as a picture.
import { Line } from "../../charts/charts.js";
import { Section } from "../../parts/elements.js";
import { number, shorten } from "../../parts/format.js";
import { html } from "../../parts/preact.js";
import { t } from "../../parts/words.js";

export function Course({ name, history }) {
  const judged = history.filter(({ challenger_rmse: error }) => error !== null).reverse();
  const line = (field) => judged.map((row, index) => [index, row[field]]).filter(([, error]) => error !== null);
  const fileAt = (index) => (judged[index] ? shorten(judged[index].filename, 14) : "");
  const series = [{ name: t("series.challenger"), points: line("challenger_rmse"), dashed: true }, { name: t("series.champion"), points: line("champion_rmse") }].filter(({ points }) => points.length > 0);
  if (judged.length < 2 || series.length < 2) return null;
  return html`<${Section} title=${t("series.course")} note=${t("series.courseNote")}>
    <div class="card"><${Line} marks name=${name} series=${series} xLabel=${t("series.file")} yLabel=${t("series.error")} xTicks=${judged.map((_, index) => index)} showX=${fileAt} showY=${number} /></div>
  <//>`;
}
