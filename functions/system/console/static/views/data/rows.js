// The rows of a file.
import { Spark } from "../../charts/charts.js";
import { date, exact } from "../../parts/format.js";
import { html } from "../../parts/preact.js";
import { Table } from "../../parts/table.js";
import { t } from "../../parts/words.js";

const SHOWN_LEVELS = 8;

// Rows as they were read; with `profile` each column shows the shape of its values. Every name and cell is text.
export function Rows({ preview, types, caption, profile, pageRows }) {
  const columns = preview.columns.map((name, index) => ({
    name: `${index}`, label: name, value: (row) => row[index], number: ["integer", "number"].includes(types[name]), sortable: false,
    head: profile && html`<${Spark} counts=${shapeOf(profile.columns[name])} />`,
    show: (value) => (value === null ? null : types[name] === "date" ? date(value) : typeof value === "boolean" ? t(`data.${value}`) : exact(value)),
  }));
  return html`<${Table} columns=${columns} rows=${preview.rows} caption=${caption} pageRows=${pageRows} />`;
}

function shapeOf(column) {
  if (column.histogram?.counts?.length) return column.histogram.counts;
  return column.type === "boolean" ? [column.true, column.false] : (column.top ?? []).slice(0, SHOWN_LEVELS).map((each) => each.count);
}
