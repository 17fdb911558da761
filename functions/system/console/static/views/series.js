// Series: files that arrive one after another and train the same model.
import { html } from "../parts/preact.js";
import { AllSeries } from "./series/all.js";
import { DecisionView } from "./series/decision.js";
import { SeriesView } from "./series/series_view.js";

export default function Series({ path: [name, jobId] }) {
  if (jobId) return html`<${DecisionView} name=${name} jobId=${jobId} key=${jobId} />`;
  return name ? html`<${SeriesView} name=${name} key=${name} />` : html`<${AllSeries} />`;
}
