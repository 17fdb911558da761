// The question before a file is deleted.
import { remove } from "../../parts/api.js";
import { Confirm, toast } from "../../parts/feedback.js";
import { html } from "../../parts/preact.js";
import { t } from "../../parts/words.js";

export function DeleteFile({ file, onClose, onDone }) {
  const act = async () => {
    await remove(`/data/files/${encodeURIComponent(file.file_id)}`);
    toast(t("data.deleted", { name: file.filename }));
    onDone();
  };
  return html`<${Confirm} title=${t("data.deleteTitle", { name: file.filename })} confirm=${t("common.delete")} onConfirm=${act} onClose=${onClose}>${t("data.deleteNote")}<//>`;
}
