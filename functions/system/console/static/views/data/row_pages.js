// All rows of a file, in pages. The address has the number of the first row that is shown.
import { get } from "../../parts/api.js";
import { Button, Section } from "../../parts/elements.js";
import { Loaded } from "../../parts/feedback.js";
import { count } from "../../parts/format.js";
import { html, useEffect, useRef, useState } from "../../parts/preact.js";
import { useResource } from "../../parts/resource.js";
import { href, navigate } from "../../parts/router.js";
import { t } from "../../parts/words.js";
import { Rows } from "./rows.js";

const PAGE_ROWS = 20;
// Rows have the numbers of a spreadsheet, where the header is row 1, as in findings and outliers.
const FIRST_ROW = 2;
const LINKED = 3;
const KEYS = { PageUp: "previous", PageDown: "next", "ctrl+Home": "first", "ctrl+End": "last" };

// The first few of the rows that something is said about, as ways to them.
export function RowLinks({ fileId, rows }) {
  return rows.slice(0, LINKED).map((row, index) => html`${index > 0 && ", "}<a href=${href("data", fileId, { row })} aria-label=${t("data.rowPages.toRow", { row: count(row) })}>${count(row)}</a>`);
}

export function RowPages({ info, profile, row }) {
  const last = info.rows + FIRST_ROW - 1;
  const first = Math.min(Math.max(Math.trunc(Number(row)) || FIRST_ROW, FIRST_ROW), last);
  const page = useResource((signal) => load(info.file_id, first, signal), [info.file_id, first]);
  // Until the next page is there, the one before stays.
  const before = useRef();
  if (page.data) before.current = page.data;
  const shown = before.current;
  const following = first + (page.data?.rows.length || PAGE_ROWS);
  const targets = { first: FIRST_ROW, previous: Math.max(FIRST_ROW, first - PAGE_ROWS), next: following > last ? first : following, last: last - ((last - FIRST_ROW) % PAGE_ROWS) };
  // A row that a link names is gone to, and marked until somebody goes on from there.
  const paged = useRef(null);
  const isSought = row !== null && paged.current !== first;
  useEffect(() => {
    if (!isSought || !shown) return;
    document.getElementById("rows").scrollIntoView();
    document.querySelector("#rows .scroll").focus({ preventScroll: true });
  }, [row, Boolean(shown)]);
  const go = (number) => {
    if (number === first && !isSought) return;
    paged.current = number;
    navigate(href("data", info.file_id, { row: number === FIRST_ROW ? null : number }), { replace: true });
  };
  const press = (event) => {
    const target = KEYS[`${event.ctrlKey || event.metaKey ? "ctrl+" : ""}${event.key}`];
    if (!target || event.altKey || event.shiftKey) return;
    event.preventDefault();
    go(targets[target]);
  };
  return html`<${Section} id="rows" title=${t("data.rowPages.title")} note=${t("data.rowPages.note")}>
    ${info.rows > PAGE_ROWS && html`<${Pager} first=${first} last=${last} shown=${shown} total=${info.rows} targets=${targets} go=${go} />`}
    <${Loaded} of=${{ ...page, data: shown }} skeleton=${{ shape: "table", count: 6 }}>
      ${() => html`<div class="row-page" aria-busy=${page.loading ? "true" : "false"} onKeyDown=${press}>
        <${AsHighAsFull} rows=${shown.rows.length}>
          <${Rows} preview=${shown} first=${shown.first} sought=${isSought ? first : null} types=${info.column_types} profile=${profile} caption=${t("data.rowPages.title")} csv=${`${info.filename}-rows-${shown.first}-${shown.first + shown.rows.length - 1}.csv`} />
        <//>
      </div>`}
    <//>
  <//>`;
}

// The first rows are stored with the profile, so whoever opens a file does not wait for a function that reads its table.
async function load(fileId, first, signal) {
  const query = { file_id: fileId, rows: PAGE_ROWS };
  return first === FIRST_ROW ? { ...(await get("/data/preview", query, { signal })), first } : get("/data/rows", { ...query, first }, { signal });
}

function Pager({ first, last, shown, total, targets, go }) {
  const [wanted, setWanted] = useState("");
  useEffect(() => setWanted(""), [first]);
  const choose = (event) => {
    event.preventDefault();
    const number = Math.trunc(Number(wanted));
    if (number) go(Math.min(Math.max(number, FIRST_ROW), last));
  };
  const from = shown?.first ?? first;
  // A button that was disabled at the end of the file would lose the focus.
  const button = (name, icon) => html`<${Button} kind="quiet" icon=${icon} label=${t(`data.rowPages.${name}`)} aria-disabled=${targets[name] === first ? "true" : undefined} onClick=${() => go(targets[name])} />`;
  return html`<div class="row-pager">
    <p role="status">${shown && t("data.rowPages.range", { from: count(from), to: count(from + shown.rows.length - 1), total: count(total) })}</p>
    <form onSubmit=${choose}>
      <label>${t("data.rowPages.goTo")} <input type="number" inputmode="numeric" min=${FIRST_ROW} max=${last} step="1" value=${wanted} onInput=${(event) => setWanted(event.target.value)} /></label>
      <${Button} type="submit">${t("data.rowPages.go")}<//>
    </form>
    <div class="actions" role="group" aria-label=${t("data.rowPages.pages")}>
      ${button("first", "first")}${button("previous", "previous")}${button("next", "next")}${button("last", "last")}
    </div>
  </div>`;
}

// The last page may have few rows. It is as high as a full one, so that what stands around it does not move.
function AsHighAsFull({ rows, children }) {
  const element = useRef(null);
  const [height, setHeight] = useState(0);
  useEffect(() => {
    if (rows === PAGE_ROWS) setHeight(element.current.firstElementChild.offsetHeight);
  }, [rows]);
  return html`<div ref=${element} style=${{ minHeight: `${height}px` }}>${children}</div>`;
}
