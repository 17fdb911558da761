// How good a model is: its scores beside those of the mean, predicted against actual, residuals, folds.
import { Bars, Histogram, Scatter } from "../../charts/charts.js";
import { Card, Figures } from "../../parts/elements.js";
import { Notice } from "../../parts/feedback.js";
import { bytes, count, microseconds, number, score, share } from "../../parts/format.js";
import { html } from "../../parts/preact.js";
import { t } from "../../parts/words.js";

export function Quality({ info, metrics }) {
  const { cross_validation: folds, baseline, metrics: held } = info;
  const spread = folds?.scores.length > 1 ? t("model.plusMinus", { value: number(folds.std, 2) }) : "";
  const figures = [
    ["R²", score(held.r2), folds && `${t("model.folds")}: ${score(folds.mean)} ${spread}`],
    [t("model.error"), number(held.mae), baseline && t("model.ofMean", { value: number(baseline.metrics.mae) })],
    [t("model.rmse"), number(held.rmse), baseline && t("model.ofMean", { value: number(baseline.metrics.rmse) })],
    Number.isFinite(held.mape) ? [t("model.mape"), share(held.mape)] : [],
    [t("model.size"), bytes(info.graph.size_bytes)],
    [t("model.speed"), microseconds(info.latency_us)],
  ].filter((each) => each.length > 1);
  return html`
    <${Card}><${Figures} items=${figures} /><//>
    <p class="hint after-card">${t("model.heldOut", { train: count(info.dataset.rows_train), test: count(info.dataset.rows_test) })}</p>
    ${!metrics?.plots && html`<${Notice}>${t("model.noPlots")}<//>`}
    <div class="grid-2 pictures">
      ${metrics?.plots && html`<${Pictures} info=${info} plots=${metrics.plots} />`}
      ${folds && html`<${Card}><${Bars} title=${t("model.folds")} name=${`${info.model_name} folds`} items=${folds.scores.map((value, index) => ({ label: t("model.fold", { n: index + 1 }), value }))} show=${score} most=${1} />
        <p class="hint">${t(folds.scores.length > 1 ? "model.foldsNote" : "model.foldNote")}</p><//>`}
    </div>`;
}

function Pictures({ info, plots }) {
  const { actual, predicted } = plots.predicted_vs_actual;
  const { residuals } = plots;
  return html`
    <${Card}><${Scatter} title=${t("model.predictedActual")} name=${`${info.model_name} predicted`} points=${actual.map((value, index) => [value, predicted[index]])}
      xLabel=${t("model.actual", { target: info.target_column })} yLabel=${t("model.predicted")} diagonal /><//>
    <${Card}><${Scatter} title=${t("model.residuals")} name=${`${info.model_name} residuals`} points=${predicted.map((value, index) => [value, actual[index] - value])}
      xLabel=${t("model.predicted")} yLabel=${t("model.residual")} zero /><//>
    <${Card}><${Histogram} title=${t("model.residualsHow")} name=${`${info.model_name} residuals`} edges=${residuals.edges} counts=${residuals.counts} height=${220} /><//>`;
}
