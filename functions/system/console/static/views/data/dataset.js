// One file: what was understood of it, what a person should know, and its columns.
import { get, post, send } from "../../parts/api.js";
import { Button, ButtonLink, Tabs, Tag, ViewHead } from "../../parts/elements.js";
import { Loaded, toast, toastError } from "../../parts/feedback.js";
import { download, save } from "../../parts/files.js";
import { ago, bytes, count } from "../../parts/format.js";
import { html, useState } from "../../parts/preact.js";
import { useAction, useResource } from "../../parts/resource.js";
import { href, navigate } from "../../parts/router.js";
import { shownLanguage, t } from "../../parts/words.js";
import { Columns } from "./columns.js";
import { Correlations } from "./correlations.js";
import { DeleteFile } from "./delete_file.js";
import { Gapped } from "./gapped.js";
import { Outliers } from "./outliers.js";
import { Overview } from "./overview.js";
import { RenameFile } from "./rename_file.js";

const TABS = { overview: Overview, columns: Columns, correlations: Correlations, missing: Gapped, outliers: Outliers };

export function DatasetView({ fileId, query }) {
  const dataset = useResource(async (signal) => {
    const options = { signal };
    const [info, profile, files] = await Promise.all([
      get("/data/info", { file_id: fileId }, options),
      get("/data/profile", { file_id: fileId }, options),
      get("/data/files", { limit: 1 }, options),
    ]);
    return { info, profile, isCurrent: files.current === fileId };
  }, [fileId]);
  const tab = query.get("tab") in TABS ? query.get("tab") : "overview";
  const head = html`<${ViewHead} eyebrow=${html`<a href=${href("data")}>${t("data.title")}</a>`} title=${t("data.file")} />`;
  return html`<${Loaded} of=${dataset} head=${head} skeleton=${{ shape: "cards", count: 6 }}>
    ${(found) => {
      const Part = TABS[tab];
      const choose = (name) => navigate(href("data", fileId, { tab: name === "overview" ? null : name }), { replace: true });
      return html`
        <${Head} info=${found.info} isCurrent=${found.isCurrent} onChange=${dataset.reload} onSwitch=${() => dataset.set({ ...found, isCurrent: true })} />
        <${Tabs} label=${t("data.parts")} value=${tab} tabs=${Object.keys(TABS).map((name) => [name, t(`data.tab.${name}`)])} onChange=${choose}>
          <${Part} info=${found.info} profile=${found.profile} query=${query} onChange=${dataset.reload} />
        <//>`;
    }}
  <//>`;
}

function Head({ info, isCurrent, onChange, onSwitch }) {
  const [leaving, setLeaving] = useState(false);
  const [renaming, setRenaming] = useState(false);
  const { file_id: fileId, filename } = info;
  const failed = toastError;
  const report = useAction(async () => {
    const page = await fetchReport(fileId);
    save(page, `${filename.replace(/\.[^.]+$/, "")}.html`);
  });
  const makeCurrent = () => post(`/data/switch/${encodeURIComponent(fileId)}`).then(() => {
    toast(t("data.switched", { name: filename }));
    onSwitch();
  }, failed);
  const note = html`${t("data.shape", { rows: count(info.rows), columns: count(info.columns) })} · ${bytes(info.size_bytes)} · ${ago(info.created_at)}`;
  return html`
    <${ViewHead} eyebrow=${html`<a href=${href("data")}>${t("data.title")}</a>`} title=${filename} note=${note}>
      ${isCurrent ? html`<${Tag} kind="good">${t("data.current")}<//>` : html`<${Button} onClick=${makeCurrent}>${t("data.makeCurrent")}<//>`}
      <${ButtonLink} kind="primary" icon="race" href=${href("race", { file: fileId })}>${t("data.race")}<//>
      <${Button} icon="download" busy=${report.busy} onClick=${() => report.act()}>${t("data.report")}<//>
      <${Button} kind="quiet" icon="download" label=${t("data.downloadSource")} onClick=${() => download("GET", "/data/download", { query: { file_id: fileId, source: true } }).catch(failed)} />
      <${Button} kind="quiet" icon="edit" label=${t("data.renameFile", { name: filename })} onClick=${() => setRenaming(true)} />
      <${Button} kind="quiet" icon="trash" label=${t("data.deleteFile", { name: filename })} onClick=${() => setLeaving(true)} />
    <//>
    ${renaming && html`<${RenameFile} file=${info} onClose=${() => setRenaming(false)} onDone=${onChange} />`}
    ${leaving && html`<${DeleteFile} file=${info} onClose=${() => setLeaving(false)} onDone=${() => navigate(href("data"))} />`}`;
}

// The report as a file to send on: it needs nothing else.
async function fetchReport(fileId) {
  return (await send("GET", "/data/report", { query: { file_id: fileId, language: shownLanguage.get() }, headers: { Accept: "text/html" } })).blob();
}
