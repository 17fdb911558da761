// One model: its head with what can be done, and its parts.
import { get, list, post, remove, send } from "../../parts/api.js";
import { Button, ButtonLink, Tabs, Tag, TextField, ViewHead } from "../../parts/elements.js";
import { Confirm, Dialog, ErrorPanel, Loaded, toast } from "../../parts/feedback.js";
import { save } from "../../parts/files.js";
import { ago } from "../../parts/format.js";
import { html, useState } from "../../parts/preact.js";
import { regressor } from "../../parts/regressors.js";
import { useAction, useResource } from "../../parts/resource.js";
import { href, navigate } from "../../parts/router.js";
import { shownLanguage, t } from "../../parts/words.js";
import { Inside } from "./inside.js";
import { Quality } from "./quality.js";
import { Use } from "./use.js";
import { Versions } from "./versions.js";
import { Why } from "./why.js";

const TABS = { quality: Quality, why: Why, versions: Versions, inside: Inside, use: Use };

export function ModelView({ name, query }) {
  const version = query.get("version");
  const model = useResource(async (signal) => {
    const asked = version ? { version } : {};
    const of = (path) => get(`${path}/${encodeURIComponent(name)}`, asked, { signal });
    const [info, metrics, schema, { models }] = await Promise.all([
      get("/model/info", { model_name: name, ...asked }, { signal }),
      of("/model/metrics").catch((error) => (error.type === "no-evaluation" ? null : Promise.reject(error))),
      of("/model/schema"),
      list("/model/trained", "models", { query: { model_name: name }, limit: 1000, signal }),
    ]);
    return { info, metrics, schema, versions: models };
  }, [name, version]);
  const tab = query.get("tab") in TABS ? query.get("tab") : "quality";
  const choose = (next) => navigate(href("model", name, { version, tab: next === "quality" ? null : next }), { replace: true });
  return html`<${Loaded} of=${model} head=${html`<${ViewHead} eyebrow=${html`<a href=${href("model")}>${t("nav.model")}</a>`} title=${name} />`} skeleton=${{ shape: "cards", count: 6 }}>
    ${(loaded) => {
      const Part = TABS[tab];
      const found = { ...loaded, title: regressor(loaded.info.model_type) };
      return html`
        <${Head} ...${found} onChange=${model.reload} />
        <${Tabs} label=${t("model.parts")} value=${tab} tabs=${Object.keys(TABS).map((each) => [each, t(`model.tab.${each}`)])} onChange=${choose}>
          <${Part} ...${found} onChange=${model.reload} />
        <//>`;
    }}
  <//>`;
}

function Head({ info, versions, title, onChange }) {
  const [asked, setAsked] = useState(null);
  const { model_name: name, version } = info;
  const serves = versions.find((each) => each.version === version)?.serves;
  const report = useAction(async () => {
    const page = await send("GET", `/model/report/${encodeURIComponent(name)}`, { query: { version, language: shownLanguage.get() }, headers: { Accept: "text/html" } });
    save(await page.blob(), `${name}-v${version}.html`);
  });
  const close = () => setAsked(null);
  return html`
    <${ViewHead} eyebrow=${html`<a href=${href("model")}>${t("nav.model")}</a>`} title=${name}
      note=${html`${t("model.head", { kind: title, target: info.target_column })} · ${t("model.version", { version })} · ${ago(info.created_at)}`}>
      ${serves ? html`<${Tag} kind="good">${t("model.serves")}<//>` : html`<${Tag}>${t("model.rests")}<//>`}
      <${ButtonLink} kind="primary" icon="predict" href=${href("predict", name, { version: serves ? null : version })}>${t("model.predict")}<//>
      <${Button} icon="download" busy=${report.busy} onClick=${() => report.act()}>${t("model.report")}<//>
      <${Button} kind="quiet" icon="edit" label=${t("model.rename")} onClick=${() => setAsked("rename")} />
      <${Button} kind="quiet" icon="trash" label=${t("model.delete")} onClick=${() => setAsked("delete")} />
    <//>
    ${report.error && html`<${ErrorPanel} error=${report.error} />`}
    ${asked === "rename" && html`<${Rename} name=${name} onClose=${close} />`}
    ${asked === "delete" && html`<${Confirm} title=${t("model.deleteTitle", { name })} confirm=${t("common.delete")} onClose=${close} onConfirm=${async () => {
      await remove(`/model/trained/${encodeURIComponent(name)}`);
      toast(t("model.deleted", { name }));
      navigate(href("model"));
    }}>${t("model.deleteNote", { n: versions.length })}<//>`}`;
}

function Rename({ name, onClose }) {
  const [text, setText] = useState(name);
  const rename = useAction(async () => {
    const answer = await post(`/model/rename/${encodeURIComponent(name)}`, { new_name: text.trim() });
    onClose();
    navigate(href("model", answer.model_name), { replace: true });
  });
  const submit = (event) => {
    event.preventDefault();
    rename.act();
  };
  return html`<${Dialog} title=${t("model.rename")} onClose=${onClose} actions=${html`
      <${Button} onClick=${onClose}>${t("common.cancel")}<//>
      <${Button} kind="primary" type="submit" form="rename" busy=${rename.busy} disabled=${!text.trim() || text.trim() === name}>${t("model.rename")}<//>`}>
    <form id="rename" onSubmit=${submit}>
      <${TextField} label=${t("model.newName")} hint=${t("model.renameHint")} value=${text} onInput=${setText} autofocus />
      ${rename.error && html`<${ErrorPanel} error=${rename.error} />`}
    </form>
  <//>`;
}
