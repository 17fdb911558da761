// Why a model predicts as it does: what each column is worth to it, and where it errs.
import { Bars } from "../../charts/charts.js";
import { Card, Empty, Section, SelectField } from "../../parts/elements.js";
import { count, date, number, score } from "../../parts/format.js";
import { html, useState } from "../../parts/preact.js";
import { Table } from "../../parts/table.js";
import { t } from "../../parts/words.js";
import { Effects } from "./effects.js";

const SHOWN = 25;

export function Why({ info, metrics }) {
  const importance = [...(info.importance ?? [])].sort((one, other) => other.mean - one.mean);
  return html`
    <${Section} title=${t("model.importance")} note=${t("model.importanceNote")}>
      ${importance.length === 0 ? html`<${Empty} icon="model" title=${t("model.noImportance")}>${t("model.noImportanceNote")}<//>` : html`<${Card}>
        <${Bars} title=${importance.length > SHOWN ? t("model.strongest", { n: SHOWN }) : t("model.allColumns")} name=${`${info.model_name} importance`} show=${score}
          items=${importance.slice(0, SHOWN).map(({ feature, mean, std }) => ({ label: feature, value: mean, kind: mean < 0 ? "rest" : "", note: `${score(mean)} ± ${score(std)}` }))} />
      <//>`}
    <//>
    <${Effects} info=${info} />
    ${metrics?.segments?.length > 0 && html`<${Segments} info=${info} all=${metrics.segments} />`}`;
}

// The error in parts of the rows: of the target itself, and along the columns that matter most.
function Segments({ info, all }) {
  const [at, setAt] = useState("0");
  const { segments } = all[Number(at)];
  const nameOf = (feature) => feature ?? t("model.thePrediction");
  return html`<${Section} title=${t("model.segments")} note=${t("model.segmentsNote")}>
    <div class="toolbar"><${SelectField} label=${t("model.along")} value=${at} options=${all.map(({ feature }, index) => [String(index), nameOf(feature)])} onChange=${setAt} /></div>
    <div class="grid-2">
      <${Card}><${Bars} title=${t("model.errorAlong", { name: nameOf(all[Number(at)].feature) })} items=${segments.map((each) => ({ label: labelOf(each), value: each.mae }))} /><//>
      <${Table} caption=${t("model.segments")} rows=${segments} csv=${`${info.model_name}-segments.csv`} columns=${[
        { name: "label", label: nameOf(all[Number(at)].feature), isHeading: true, sortable: false, value: labelOf },
        { name: "rows", label: t("model.rows"), number: true, show: count },
        { name: "mae", label: t("model.error"), number: true, show: (value) => number(value) },
        { name: "mean_error", label: t("model.bias"), number: true, show: (value) => number(value) },
      ]} />
    </div>
  <//>`;
}

function labelOf(segment) {
  if (segment.kind === "range") {
    const show = (value) => (typeof value === "number" ? number(value) : date(value));
    return segment.low === segment.high ? show(segment.low) : `${show(segment.low)} … ${show(segment.high)}`;
  }
  if (segment.kind === "missing") return t("table.missing");
  return segment.value === undefined || segment.value === null ? t("model.otherLevels") : String(segment.value);
}
