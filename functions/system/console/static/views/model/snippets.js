// The request for exactly one model in four languages, each to be run as it stands.

// Return the program that predicts the row `data`. `version` is null for the one that serves; `withKey` says that the service
// asks for one.
export function snippet(language, model) {
  return { curl, python, go, typescript }[language](model);
}

const json = (value, indent) => JSON.stringify(value, null, indent);

// A text in quotes of a shell, whatever is in it.
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function curl({ url, name, version, data, interval, withKey }) {
  const body = json({ model_name: name, ...(version ? { version } : {}), data, ...(interval ? { interval: 0.9 } : {}) }, 2);
  const key = withKey ? `  -H "X-Api-Key: $REGATTA_API_KEY" \\\n` : "";
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
\tfmt.Println(one.Prediction${interval ? ", one.Interval.Lower, one.Interval.Upper" : ""}, one.Warnings)
}`;
}

function typescript({ url, name, version, data, interval }) {
  const how = [`model: ${json(name)}`, version && `version: ${version}`, interval && "interval: 0.9"].filter(Boolean).join(", ");
  return `import { Regatta } from "@regatta/client";

const client = new Regatta({ url: ${json(url)} });
const row = ${json(data, 2)};
const one = await client.predict.row(row, { ${how} });
console.log(one.prediction${interval ? ", one.interval?.lower, one.interval?.upper" : ""}, one.warnings);`;
}
