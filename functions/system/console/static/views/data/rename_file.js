// The question how a file is to be called.
import { patch } from "../../parts/api.js";
import { Button, TextField } from "../../parts/elements.js";
import { Dialog, ErrorPanel, toast } from "../../parts/feedback.js";
import { html, useState } from "../../parts/preact.js";
import { useAction } from "../../parts/resource.js";
import { t } from "../../parts/words.js";

export function RenameFile({ file, onClose, onDone }) {
  const [text, setText] = useState(file.filename);
  const rename = useAction(async () => {
    const { filename } = await patch(`/data/files/${encodeURIComponent(file.file_id)}`, { filename: text.trim() });
    toast(t("data.renamed", { name: filename }));
    onClose();
    onDone();
  });
  const submit = (event) => {
    event.preventDefault();
    rename.act();
  };
  return html`<${Dialog} title=${t("data.rename")} onClose=${onClose} actions=${html`
      <${Button} onClick=${onClose}>${t("common.cancel")}<//>
      <${Button} kind="primary" type="submit" form="rename-file" busy=${rename.busy} disabled=${!text.trim() || text.trim() === file.filename}>${t("data.rename")}<//>`}>
    <form id="rename-file" onSubmit=${submit}>
      <${TextField} label=${t("data.newName")} hint=${t("data.renameHint")} value=${text} onInput=${setText} autofocus />
      ${rename.error && html`<${ErrorPanel} error=${rename.error} />`}
    </form>
  <//>`;
}
