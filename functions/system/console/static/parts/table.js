// Tables: pages of rows, columns that are drawn as they come into sight, sorting, and the whole of it as a CSV.
import { Button } from "./elements.js";
import { save } from "./files.js";
import { count, shorten } from "./format.js";
import { html, useMemo, useRef, useState, useEffect } from "./preact.js";
import { Sideways } from "./sideways.js";
import { t } from "./words.js";

const PAGE_ROWS = 100;
// With more rows than this, a table that can be searched is.
const MANY_ROWS = 12;
// With more columns than this, only those in sight are drawn, each of one width.
const MANY_COLUMNS = 40;
const COLUMN_PIXELS = 150;
const BESIDE = 4;
const NARROW_LETTERS = 26;
// A spreadsheet would run a text that begins so; docs/http.md#files says the same of the files of the service.
const FORMULA = /^[\s'"]*[=+\-@＝＋－＠]|^[\t\r\n]/;

// columns: [{ name, label, value(row), show(value, row), number, sortable = true, wide, head, isPinned }], where `value` defaults to
// row[name], and `show` may return an element. A first column that is pinned stays in sight. rows: an array. `caption` says what the table holds and names its CSV, unless `csv` does; a
// form in the shape of a table has `csv` null. `search` says what is searched for in the headings of rows and other
// texts.
export function Table({ columns, rows, caption, sort: first, rowKey, csv = `${caption}.csv`, onRow, rowLabel, pageRows = PAGE_ROWS, selected, search }) {
  const [sort, setSort] = useState(first ?? null);
  const [page, setPage] = useState(0);
  const [wanted, setWanted] = useState("");
  const found = useMemo(() => matching(rows, columns, wanted), [rows, wanted]);
  const sorted = useMemo(() => sortRows(found, columns, sort), [found, sort]);
  const pages = Math.max(1, Math.ceil(sorted.length / pageRows));
  const at = Math.min(page, pages - 1);
  const shown = sorted.slice(at * pageRows, (at + 1) * pageRows);
  const scroller = useRef(null);
  const window_ = useColumnWindow(scroller, columns.length);
  const { from, to } = window_;
  const pinned = columns.slice(0, columns[0].isPinned ? 1 : 0);
  const start = Math.max(from, pinned.length);
  const visible = window_.all ? columns.slice(pinned.length) : columns.slice(start, to);
  const spacers = (cell) => (side) => {
    const many = side === "before" ? start - pinned.length : columns.length - to;
    return !window_.all && many > 0 && html`<${cell} class="spacer" colspan=${many} aria-hidden="true" />`;
  };
  const headSpacer = spacers("td");
  const heading = (column) => html`<${Heading} key=${column.name} column=${column} isNarrow=${!window_.all} sort=${sort} onSort=${(next) => { setSort(next); setPage(0); }} />`;
  // A button that was disabled at an end would lose the focus.
  const pager = (name, next) => html`<${Button} kind="quiet" icon=${name} label=${t(`table.${name}`)} aria-disabled=${next === at ? "true" : undefined} onClick=${() => setPage(next)} />`;
  return html`<figure class="table-figure">
    ${search && rows.length > MANY_ROWS && html`<label class="table-search"><span class="visually-hidden">${search}</span>
      <input type="search" placeholder=${search} value=${wanted} onInput=${(event) => { setWanted(event.target.value); setPage(0); }} />
      <span class="muted" role="status">${wanted.trim() ? t("table.found", { n: found.length, count: count(found.length) }) : ""}</span></label>`}
    <${Sideways} class="scroll ${pinned.length ? "with-pinned" : ""}" of=${scroller} tabindex="0" role="group" aria-label=${caption}>
      <table class=${window_.all ? "" : "fixed"} aria-rowcount=${sorted.length + 1} aria-colcount=${columns.length}
        style=${window_.all ? {} : { width: `${columns.length * COLUMN_PIXELS}px` }}>
        <caption class="visually-hidden">${caption}</caption>
        ${!window_.all && html`<colgroup>${columns.map(({ isPinned }) => html`<col class=${isPinned ? "pinned" : ""} />`)}</colgroup>`}
        <thead><tr>
          ${pinned.map(heading)}
          ${headSpacer("before")}
          ${visible.map(heading)}
          ${headSpacer("after")}
        </tr></thead>
        <tbody>
          ${shown.map((row, index) => html`<tr key=${rowKey ? rowKey(row) : at * pageRows + index}
            class="${onRow ? "clickable" : ""} ${selected?.(row) ? "selected" : ""}" onClick=${onRow ? (event) => event.target.closest("a,button,input,select") || onRow(row) : undefined}>
            ${pinned.map((column) => html`<${Cell} key=${column.name} column=${column} row=${row} label=${rowLabel} />`)}
            ${headSpacer("before")}
            ${visible.map((column) => html`<${Cell} key=${column.name} column=${column} row=${row} label=${rowLabel} />`)}
            ${headSpacer("after")}
          </tr>`)}
        </tbody>
      </table>
    <//>
    ${(pages > 1 || csv) && html`<figcaption class="table-foot">
      <span>${pages > 1 ? t("table.range", { from: count(at * pageRows + 1), to: count(Math.min((at + 1) * pageRows, sorted.length)), all: count(sorted.length) }) : ""}</span>
      <span class="actions">
        ${csv && html`<${Button} kind="quiet" icon="download" onClick=${() => save(csvOf(columns, sorted), csv)}>${t("table.csv")}<//>`}
        ${pages > 1 && html`${pager("previous", Math.max(0, at - 1))}${pager("next", Math.min(pages - 1, at + 1))}`}
      </span>
    </figcaption>`}
  </figure>`;
}

// In a narrow column a long name has two lines, and its middle goes: names of many columns often begin alike.
function Heading({ column, isNarrow, sort, onSort }) {
  const mine = sort?.name === column.name;
  const whole = column.label ?? column.name;
  const label = isNarrow && typeof whole === "string" ? shorten(whole, NARROW_LETTERS) : whole;
  const next = { name: column.name, down: mine ? !sort.down : Boolean(column.number) };
  return html`<th scope="col" class="${column.number ? "number" : ""} ${column.isPinned ? "pinned" : ""}" aria-sort=${mine ? (sort.down ? "descending" : "ascending") : undefined}>
    ${column.sortable === false ? html`<span class="cell" title=${typeof whole === "string" ? whole : undefined}><bdi>${label}</bdi></span>` : html`<button type="button" class="sort" title=${whole} onClick=${() => onSort(next)}>
      <bdi>${label}</bdi><span class="arrow" aria-hidden="true">${mine ? (sort.down ? "↓" : "↑") : ""}</span>
    </button>`}
    ${column.head}
  </th>`;
}

function Cell({ column, row }) {
  const value = valueOf(column, row);
  const content = column.show ? column.show(value, row) : value;
  const nothing = content === null || content === undefined || content === "";
  const text = [content, value].find((each) => typeof each === "string");
  const kind = `${column.number ? "number" : ""} ${nothing ? "none" : ""} ${column.wide ? "wide" : ""} ${column.isPinned ? "pinned" : ""}`;
  const inner = nothing ? html`<span class="visually-hidden">${t("table.missing")}</span><span aria-hidden="true">–</span>` : content;
  return column.isHeading
    ? html`<th scope="row" class=${kind} title=${text}><bdi class="cell">${inner}</bdi></th>`
    : html`<td class=${kind} title=${text}><bdi class="cell">${inner}</bdi></td>`;
}

const valueOf = (column, row) => (column.value ? column.value(row) : row[column.name]);

// Return the rows with a text in one of their cells, however it is written.
function matching(rows, columns, text) {
  const wanted = text.trim().toLowerCase();
  const searched = columns.filter(({ number, sortable }) => !number && sortable !== false);
  return wanted ? rows.filter((row) => searched.some((column) => String(valueOf(column, row) ?? "").toLowerCase().includes(wanted))) : rows;
}

function sortRows(rows, columns, sort) {
  const column = sort && columns.find(({ name }) => name === sort.name);
  if (!column) return rows;
  const direction = sort.down ? -1 : 1;
  const missing = (value) => value === null || value === undefined || value === "" || Number.isNaN(value);
  return [...rows].sort((one, other) => {
    const [a, b] = [valueOf(column, one), valueOf(column, other)];
    if (missing(a) || missing(b)) return missing(a) - missing(b); // at the end either way
    if (typeof a === "number" && typeof b === "number") return direction * (a - b);
    return direction * String(a).localeCompare(String(b), undefined, { numeric: true });
  });
}

// Return which columns are in sight, a few more on both sides.
function useColumnWindow(scroller, many) {
  const all = many <= MANY_COLUMNS;
  const [{ from, to }, setWindow] = useState({ from: 0, to: Math.min(many, 16) });
  useEffect(() => {
    const element = scroller.current;
    if (all || !element) return undefined;
    const look = () => {
      const first = Math.max(0, Math.floor(element.scrollLeft / COLUMN_PIXELS) - BESIDE);
      const last = Math.min(many, Math.ceil((element.scrollLeft + element.clientWidth) / COLUMN_PIXELS) + BESIDE);
      setWindow((before) => (before.from === first && before.to === last ? before : { from: first, to: last }));
    };
    const watcher = new ResizeObserver(look);
    watcher.observe(element);
    element.addEventListener("scroll", look, { passive: true });
    look();
    return () => {
      watcher.disconnect();
      element.removeEventListener("scroll", look);
    };
  }, [all, many]);
  return { all, from, to };
}

// Return a table as a CSV for spreadsheets, without its columns of buttons. No text of it is run there as a formula.
export function csvOf(all, rows) {
  const columns = all.filter(({ label }) => label === undefined || typeof label === "string");
  const lines = [columns.map((column) => column.label ?? column.name), ...rows.map((row) => columns.map((column) => valueOf(column, row)))];
  const text = lines.map((line) => line.map(csvCell).join(",")).join("\r\n");
  return new Blob(["\ufeff", text, "\r\n"], { type: "text/csv;charset=utf-8" });
}

export function csvCell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value !== "string") return String(value);
  const safe = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
