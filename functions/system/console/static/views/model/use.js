// How exactly this model is used from a program: the example of its schema in four languages, and its files.
import { address, hasKey } from "../../parts/api.js";
import { Button, Code, Section, Tabs } from "../../parts/elements.js";
import { toastError } from "../../parts/feedback.js";
import { download } from "../../parts/files.js";
import { bytes, tidy } from "../../parts/format.js";
import { html, useState } from "../../parts/preact.js";
import { t } from "../../parts/words.js";
import { snippet } from "./snippets.js";

const LANGUAGES = { curl: "curl", python: "Python", go: "Go", typescript: "TypeScript" };

export function Use({ info, schema, versions }) {
  const [language, setLanguage] = useState("curl");
  const serves = versions.find(({ version }) => version === info.version)?.serves;
  const data = tidy(schema.example.data);
  const url = new URL(address(""), location.origin).href.replace(/\/$/, "");
  const text = snippet(language, { url, name: info.model_name, version: serves ? null : info.version, data, interval: schema.output.interval, withKey: hasKey() });
  return html`<p class="note after-choice">${serves ? t("model.useNote") : t("model.useVersion", { version: info.version })}</p>
    <${Tabs} label=${t("model.tab.use")} value=${language} tabs=${Object.entries(LANGUAGES)} onChange=${setLanguage}>
      <${Code} text=${text} label=${LANGUAGES[language]} />
      ${hasKey() && html`<p class="hint">${t("model.useKey")}</p>`}
    <//>
    <${Section} title=${t("model.files")} note=${t("model.filesNote")}>
      <div class="row"><${File} info=${info} format="onnx" size=${info.graph.size_bytes} />${info.pickle && html`<${File} info=${info} format="pickle" size=${info.pickle.size_bytes} />`}</div>
    <//>`;
}

function File({ info, format, size }) {
  const take = () => download("GET", `/model/artifact/${encodeURIComponent(info.model_name)}`, { query: { format, version: info.version } }).catch(toastError);
  return html`<${Button} icon="download" onClick=${take}>${t(`model.as.${format}`)} · ${bytes(size)}<//>`;
}
