// Prepare: what is to be predicted, what becomes of missing values, and which columns no model gets to see.
import { get, list } from "../parts/api.js";
import { ButtonLink, Empty, SelectField, ViewHead } from "../parts/elements.js";
import { Loaded } from "../parts/feedback.js";
import { count } from "../parts/format.js";
import { html } from "../parts/preact.js";
import { useResource } from "../parts/resource.js";
import { href, navigate } from "../parts/router.js";
import { t } from "../parts/words.js";
import { Recipe } from "./prepare/recipe.js";

export default function Prepare({ path, query }) {
  const files = useResource((signal) => list("/data/files", "files", { limit: 1000, signal }), []);
  const empty = html`<${Empty} icon="prepare" title=${t("prepare.noFile")} actions=${html`<${ButtonLink} kind="primary" icon="upload" href=${href("data")}>${t("prepare.toData")}<//>`}>${t("prepare.noFileNote")}<//>`;
  return html`
    <${ViewHead} title=${t("prepare.title")} note=${t("prepare.note")} />
    <${Loaded} of=${files} skeleton=${{ shape: "lines", count: 6 }} isEmpty=${(found) => found.files.length === 0} empty=${empty}>
      ${(found) => {
        const fileId = path[0] ?? found.current ?? found.files.at(-1).file_id;
        const names = [...found.files].reverse().map((file) => [file.file_id, t("prepare.fileName", { name: file.filename, rows: count(file.rows) })]);
        return html`
          <div class="file-choice"><${SelectField} label=${t("prepare.file")} search=${t("data.search")} value=${fileId} options=${names} onChange=${(chosen) => navigate(href("prepare", chosen), { stay: true })} /></div>
          <${OfFile} fileId=${fileId} query=${query} key=${fileId} />`;
      }}
    <//>`;
}

function OfFile({ fileId, query }) {
  const info = useResource((signal) => get("/data/info", { file_id: fileId }, { signal }), [fileId]);
  return html`<${Loaded} of=${info} skeleton=${{ shape: "table", count: 8 }}>${(found) => html`<${Recipe} info=${found} leave=${query.get("leave")} column=${query.get("column")} />`}<//>`;
}
