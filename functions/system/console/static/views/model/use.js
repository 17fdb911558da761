// How exactly this model is used from a program: the example of its schema in four languages, and its files.
import { address, hasKey } from "../../parts/api.js";
import { Button, Code, Section, Tabs } from "../../parts/elements.js";
import { toastError } from "../../parts/feedback.js";
import { download } from "../../parts/files.js";
import { bytes, tidy } from "../../parts/format.js";
import { html, useState } from "../../parts/preact.js";
import { t } from "../../parts/words.js";

const LANGUAGES = { curl: "curl", python: "Python", go: "Go", typescript: "TypeScript" };

export function Use({ info, schema, versions }) {
  const [language, setLanguage] = useState("curl");
  const serves = versions.find(({ version }) => version === info.version)?.serves;
  const data = tidy(schema.example.data);
  const url = new URL(address(""), location.origin).href.replace(/\/$/, "");
  const text = { curl, python, go, typescript }[language]({ url, name: info.model_name, version: serves ? null : info.version, data, interval: schema.output.interval });
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

const json = (value, indent) => JSON.stringify(value, null, indent);

// A text in quotes of a shell, whatever is in it.
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function curl({ url, name, version, data, interval }) {
  const body = json({ model_name: name, ...(version ? { version } : {}), data, ...(interval ? { interval: 0.9 } : {}) }, 2);
  const key = hasKey() ? `  -H "X-Api-Key: $REGATTA_API_KEY" \\\n` : "";
  return `curl ${quoted(`${url}/predict`)} \\\n${key}  -H 'Content-Type: application/json' \\\n  -d ${quoted(body)}`;
}

// JSON as a literal of Python.
function literal(value, indent) {
  return json(value, indent).replace(/("(?:[^"\\]|\\.)*")|\btrue\b|\bfalse\b|\bnull\b/g, (whole, text) => text ?? { true: "True", false: "False", null: "None" }[whole]);
}

function python({ url, name, version, data, interval }) {
  const more = `${version ? `, version=${version}` : ""}${interval ? ", interval=0.9" : ""}`;
  return `from regatta import Regatta

client = Regatta(${json(url)})
row = ${literal(data, 4)}
one = client.predict.row(row, ${json(name)}${more})
print(one.prediction${interval ? ", one.lower, one.upper" : ""}, one.warnings)`;
}

function go({ url, name, version, data, interval }) {
  const fields = Object.entries(data).map(([key, value]) => `\t\t${json(key)}: ${value === null ? "nil" : json(value)},`).join("\n");
  const how = [`Model: ${json(name)}`, version && `Version: ${version}`, interval && "Interval: 0.9"].filter(Boolean).join(", ");
  return `package main

import (
\t"context"
\t"fmt"
\t"log"

\t"regatta"
)

func main() {
\tclient, err := regatta.New(${json(url)})
\tif err != nil {
\t\tlog.Fatal(err)
\t}
\trow := regatta.Row{
${fields}
\t}
\tone, err := client.Predict.Row(context.Background(), row, regatta.Predict{${how}})
\tif err != nil {
\t\tlog.Fatal(err)
\t}
\tfmt.Println(one.Prediction, one.Warnings)
}`;
}

function typescript({ url, name, version, data, interval }) {
  const how = [`model: ${json(name)}`, version && `version: ${version}`, interval && "interval: 0.9"].filter(Boolean).join(", ");
  return `import { Regatta } from "regatta";

const client = new Regatta({ url: ${json(url)} });
const row = ${json(data, 2)};
const one = await client.predict.row(row, { ${how} });
console.log(one.prediction${interval ? ", one.interval?.lower, one.interval?.upper" : ""}, one.warnings);`;
}
