// The versions of a model: which one serves, and which did before.
import { post, remove } from "../../parts/api.js";
import { Button, Tag } from "../../parts/elements.js";
import { Confirm, toast, toastError } from "../../parts/feedback.js";
import { ago, bytes, number, score } from "../../parts/format.js";
import { html, useState } from "../../parts/preact.js";
import { regressor } from "../../parts/regressors.js";
import { href, navigate } from "../../parts/router.js";
import { Table } from "../../parts/table.js";
import { t } from "../../parts/words.js";

export function Versions({ info, versions, onChange }) {
  const [leaving, setLeaving] = useState(null);
  const { model_name: name } = info;
  const serve = async (version) => {
    const { before } = await post(`/model/champion/${encodeURIComponent(name)}`, { version });
    const back = before && before !== version ? { label: t("model.undo"), run: () => serve(before).catch(failed) } : undefined;
    toast(t("model.servesNow", { version }), { action: back });
    onChange();
  };
  const failed = toastError;
  return html`<p class="note after-choice">${t("model.versionsNote")}</p>
    <${Table} caption=${t("model.tab.versions")} rows=${versions} sort=${{ name: "version", down: true }} rowKey=${(row) => row.version} selected=${(row) => row.version === info.version} columns=${[
      { name: "version", label: t("model.versionLabel"), number: true, isHeading: true, show: (version) => html`<a href=${href("model", name, { version, tab: "versions" })}>${version}</a>` },
      { name: "serves", label: t("model.state"), value: (row) => (row.serves ? 1 : 0), show: (serves, row) => (serves
        ? html`<${Tag} kind="good">${t("model.serves")}<//>`
        : html`<span class="row-actions"><${Button} kind="quiet" onClick=${() => serve(row.version).catch(failed)}>${t("model.serve")}<//>
            <${Button} kind="quiet" icon="trash" label=${t("model.deleteVersion", { version: row.version })} onClick=${() => setLeaving(row)} /></span>`) },
      { name: "model_type", label: t("model.kind"), show: (type) => regressor(type) },
      { name: "r2", label: "R²", number: true, value: (row) => row.metrics.r2, show: score },
      { name: "mae", label: t("model.error"), number: true, value: (row) => row.metrics.mae, show: (value) => number(value) },
      { name: "size_bytes", label: t("model.size"), number: true, show: bytes },
      { name: "created_at", label: t("model.when"), show: (when) => ago(when) },
    ]} />
    ${leaving && html`<${Confirm} title=${t("model.deleteVersionTitle", { version: leaving.version })} confirm=${t("common.delete")} onClose=${() => setLeaving(null)} onConfirm=${async () => {
      await remove(`/model/trained/${encodeURIComponent(name)}`, { version: leaving.version });
      toast(t("model.versionDeleted", { version: leaving.version }));
      if (leaving.version === info.version) navigate(href("model", name, { tab: "versions" }), { replace: true });
      else onChange();
    }}>${t("model.deleteVersionNote")}<//>`}`;
}
