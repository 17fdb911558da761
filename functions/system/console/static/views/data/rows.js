// The rows of a file.
import { date, exact } from "../../parts/format.js";
import { html } from "../../parts/preact.js";
import { Table } from "../../parts/table.js";
import { t } from "../../parts/words.js";

// Rows as they were read. Every name and cell is text.
export function Rows({ preview, types, caption }) {
  const columns = preview.columns.map((name, index) => ({
    name: `${index}`, label: name, value: (row) => row[index], number: ["integer", "number"].includes(types[name]), sortable: false,
    show: (value) => (value === null ? null : types[name] === "date" ? date(value) : typeof value === "boolean" ? t(`data.${value}`) : exact(value)),
  }));
  return html`<${Table} columns=${columns} rows=${preview.rows} caption=${caption} />`;
}
