// The overview of a file: findings first, then how it was read, then its rows.
import { Button, Details, Icon, Section } from "../../parts/elements.js";
import { count, listed } from "../../parts/format.js";
import { html, useState } from "../../parts/preact.js";
import { href } from "../../parts/router.js";
import { Said } from "../../parts/service_words.js";
import { known, t } from "../../parts/words.js";
import { ReadOtherwise } from "./reading.js";
import { RowLinks, RowPages } from "./row_pages.js";

const SHOWN_FINDINGS = 6;
// More findings of one kind are one to a reader; of one kind so many columns are named besides the first.
const MOST_ALONE = 3;
const NAMED = 5;
// The findings of columns that had better be left out.
const LEAVE_OUT = ["identifier", "constant", "nearly-constant", "empty-column", "redundant", "leakage", "free-text", "high-cardinality"];
const DELIMITERS = { ",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", " ": "space" };

export function Overview({ info, profile, query }) {
  return html`
    <${Findings} info=${info} findings=${profile.findings} />
    <${HowRead} info=${info} />
    <${RowPages} info=${info} profile=${profile} row=${query.get("row")} />`;
}

function Findings({ info, findings }) {
  const groups = grouped(findings);
  const first = groups.slice(0, SHOWN_FINDINGS);
  const more = groups.slice(SHOWN_FINDINGS);
  const each = ([finding, ...likewise]) => html`<${Finding} of=${finding} likewise=${likewise} fileId=${info.file_id} />`;
  return html`<${Section} title=${t("data.findings.title")} note=${findings.length ? t("data.findings.note") : null}>
    ${findings.length === 0 && html`<p class="all-well"><${Icon} name="check" />${t("data.findings.none")}</p>`}
    ${first.length > 0 && html`<ul class="findings">${first.map(each)}</ul>`}
    ${more.length > 0 && html`<${Details} summary=${t("data.findings.more", { n: more.length })}><ul class="findings">${more.map(each)}</ul><//>`}
  <//>`;
}

// Findings as people read them, as `core/severity.py` groups them for the reports: many columns of one kind together, where the first stands.
function grouped(findings) {
  const kindOf = ({ severity, kind }) => `${severity} ${kind}`;
  const counts = new Map();
  for (const finding of findings) if (finding.column !== null) counts.set(kindOf(finding), (counts.get(kindOf(finding)) ?? 0) + 1);
  const groups = new Map();
  findings.forEach((finding, position) => {
    const isAlone = finding.column === null || counts.get(kindOf(finding)) <= MOST_ALONE;
    const name = isAlone ? position : kindOf(finding);
    if (groups.has(name)) groups.get(name).push(finding);
    else groups.set(name, [finding]);
  });
  return [...groups.values()];
}

function Finding({ of: { severity, column, kind, finding, count: many, rows, suggestion }, likewise = [], isFirst = true, fileId }) {
  const fix = column && fixOf(kind, column, fileId);
  return html`<li class=${severity}>
    <span class="severity"><${Icon} name=${severity} /><span class="visually-hidden">${t(`data.severity.${severity}`)}</span></span>
    <div>
      <p class="finding-title">${column ? html`<a href=${href("data", fileId, { tab: "columns", find: column })}><bdi>${column}</bdi></a> · ` : ""}${known(`data.findings.kind.${kind}`, kind)}</p>
      <p><${Said} whole text=${finding} /></p>
      <p class="muted">${isFirst && html`<${Said} whole text=${suggestion} />`}${fix && html` <a class="finding-fix" href=${fix.href}>${t(`data.findings.fix.${fix.name}`)}</a>`}</p>
      ${likewise.length > 0 && html`<${Likewise} findings=${likewise} fileId=${fileId} />`}
    </div>
    ${many > 0 && html`<div class="finding-count"><p>${t("data.findings.rows", { n: many, count: count(many) })}</p>${rows.length > 0 && html`<p><${RowLinks} fileId=${fileId} rows=${rows} /></p>`}</div>`}
  </li>`;
}

// The other columns of a kind, by their names until a reader unfolds them.
function Likewise({ findings, fileId }) {
  const [open, setOpen] = useState(false);
  const names = t("data.findings.likewise", { names: listed(findings.map(({ column }) => column), NAMED) });
  return html`<${Details} summary=${names} onToggle=${setOpen}>
    ${open && html`<ul class="findings">${findings.map((finding) => html`<${Finding} of=${finding} isFirst=${false} fileId=${fileId} />`)}</ul>`}
  <//>`;
}

// Where a finding about a column is mended; undefined where nothing here does.
function fixOf(kind, column, fileId) {
  if (LEAVE_OUT.includes(kind)) return { name: "leaveOut", href: href("prepare", fileId, { leave: column }) };
  if (kind === "missing") return { name: "fill", href: href("prepare", fileId, { column }) };
  if (kind === "ordered-in-time") return { name: "byTime", href: href("race", { file: fileId, time: column }) };
  return undefined;
}

// How many columns have which type.
function kindsOf(types) {
  const many = new Map();
  for (const type of Object.values(types)) many.set(type, (many.get(type) ?? 0) + 1);
  return [...many].map(([type, n]) => `${t(`data.type.${type}`)}: ${count(n)}`.replaceAll(" ", "\u00a0")).join(" · ");
}

function HowRead({ info }) {
  const [open, setOpen] = useState(false);
  const facts = [
    info.container && [t("data.reading.container"), [info.container.format, info.container.sheet, info.container.member].filter(Boolean).join(" · ")],
    !info.container?.sheet && [t("data.reading.encoding"), info.encoding],
    !info.container?.sheet && [t("data.reading.delimiter"), DELIMITERS[info.delimiter] ? t(`data.reading.delimiters.${DELIMITERS[info.delimiter]}`) : info.delimiter],
    [t("data.reading.kinds"), kindsOf(info.column_types)],
    [t("data.reading.header"), info.has_header ? t("data.reading.hasHeader") : t("data.reading.noHeader")],
    ...Object.entries(info.formats ?? {}).slice(0, 4).map(([column, format]) => [t("data.reading.dateOf", { column }), format]),
    Object.keys(info.decimals ?? {}).length > 0 && [t("data.reading.decimal"), t("data.reading.comma")],
    ...Object.entries(info.units ?? {}).slice(0, 4).map(([column, unit]) => [t("data.reading.unitOf", { column }), unit]),
    info.duplicate_rows > 0 && [t("data.reading.duplicates"), count(info.duplicate_rows)],
  ].filter(Boolean);
  return html`<${Section} title=${t("data.reading.title")} actions=${html`<${Button} icon="edit" onClick=${() => setOpen(true)}>${t("data.reading.change")}<//>`}>
    <div class="card">
      <dl class="facts">${facts.map(([name, fact]) => html`<div><dt>${name}</dt><dd><bdi>${fact}</bdi></dd></div>`)}</dl>
      ${info.warnings.length > 0 && html`<${Details} summary=${t("data.reading.warnings", { n: info.warnings.length })} open=${info.warnings.length <= 3}>
        <ul class="bullets">${info.warnings.map((warning) => html`<li><${Said} text=${warning} /></li>`)}</ul>
      <//>`}
      ${info.parent && html`<p class="hint">${t("data.reading.again")} <a href=${href("data", info.parent)}>${t("data.reading.before")}</a></p>`}
    </div>
    ${open && html`<${ReadOtherwise} info=${info} onClose=${() => setOpen(false)} />`}
  <//>`;
}
