// All series, and the form that sets one up.
import { list, put } from "../../parts/api.js";
import { Button, Empty, Section, SelectField, TextField, ViewHead } from "../../parts/elements.js";
import { Dialog, ErrorPanel, Loaded } from "../../parts/feedback.js";
import { ago, count } from "../../parts/format.js";
import { html, useState } from "../../parts/preact.js";
import { useAction, useResource } from "../../parts/resource.js";
import { href, navigate } from "../../parts/router.js";
import { Table } from "../../parts/table.js";
import { t } from "../../parts/words.js";
import { DecisionState } from "./states.js";

export function AllSeries() {
  const [isOpen, setOpen] = useState(false);
  const series = useResource((signal) => list("/series", "series", { limit: 100, signal }), []);
  const begin = html`<${Button} kind="primary" icon="series" onClick=${() => setOpen(true)}>${t("series.setUp")}<//>`;
  const isBegun = Boolean(series.data?.series.length);
  return html`
    <${ViewHead} title=${t("series.title")} note=${t("series.note")}>${isBegun && begin}<//>
    <${Loaded} of=${series} skeleton=${{ shape: "table", count: 5 }} isEmpty=${() => !isBegun}
      empty=${html`<${Empty} icon="series" title=${t("series.none")} actions=${begin}>${t("series.noneNote")}<//>`}>
      ${(found) => html`<${Section}><${SeriesTable} rows=${found.series} /><//>`}
    <//>
    ${isOpen && html`<${SetUp} onClose=${() => setOpen(false)} />`}`;
}

function SeriesTable({ rows }) {
  return html`<${Table} caption=${t("series.title")} rows=${rows} rowKey=${({ name }) => name} sort=${{ name: "decided", down: true }} onRow=${({ name }) => navigate(href("series", name))} columns=${[
    { name: "name", label: t("series.name"), isHeading: true, show: (name) => html`<a href=${href("series", name)}>${name}</a>` },
    { name: "target", label: t("series.target"), value: ({ settings }) => settings.target_column },
    { name: "arrivals", label: t("series.files"), number: true, show: count },
    { name: "champion", label: t("series.champion"), show: (version) => (version === null ? null : t("series.version", { version })) },
    { name: "state", label: t("series.newest"), value: ({ newest }) => newest?.state ?? null, show: (_, { newest }) => newest && html`<${DecisionState} of=${newest} />` },
    { name: "decided", label: t("series.when"), value: ({ newest }) => newest?.decided_at ?? null, show: (when) => (when ? ago(when) : null) },
  ]} />`;
}

function SetUp({ onClose }) {
  const [fields, setFields] = useState({ name: "", target: "", mode: "append", window: "12" });
  const set = (name) => (value) => setFields((before) => ({ ...before, [name]: value }));
  const store = useAction(async () => {
    const body = { mode: fields.mode, window: Number(fields.window) || fields.window };
    if (fields.target.trim()) body.target_column = fields.target.trim();
    await put(`/series/${encodeURIComponent(fields.name.trim())}`, body);
    navigate(href("series", fields.name.trim()));
  });
  return html`<${Dialog} title=${t("series.setUp")} onClose=${onClose} actions=${html`
      <${Button} onClick=${onClose}>${t("common.cancel")}<//>
      <${Button} kind="primary" busy=${store.busy} disabled=${!fields.name.trim()} onClick=${() => store.act()}>${t("series.store")}<//>`}>
    ${store.error && html`<${ErrorPanel} error=${store.error} />`}
    <${TextField} label=${t("series.name")} hint=${t("series.nameNote")} value=${fields.name} onInput=${set("name")} />
    <${TextField} label=${t("series.target")} hint=${t("series.targetNote")} value=${fields.target} onInput=${set("target")} />
    <${SelectField} label=${t("series.mode")} hint=${t(`series.modeNote.${fields.mode}`)} value=${fields.mode} options=${["append", "replace"].map((mode) => [mode, t(`series.modes.${mode}`)])} onChange=${set("mode")} />
    ${fields.mode === "append" && html`<${TextField} label=${t("series.window")} hint=${t("series.windowNote")} inputmode="numeric" value=${fields.window} onInput=${set("window")} />`}
  <//>`;
}
