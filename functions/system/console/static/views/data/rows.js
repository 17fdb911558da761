// The rows of a file.
import { Spark } from "../../charts/charts.js";
import { count, date, exact } from "../../parts/format.js";
import { html } from "../../parts/preact.js";
import { Table } from "../../parts/table.js";
import { t } from "../../parts/words.js";

const SHOWN_LEVELS = 8;

// Rows as they were read; with `profile` each column shows the shape of its values, and from `first` on each row has its
// number, of which the one that is `sought` is marked. Every name and cell is text.
export function Rows({ preview, types, caption, profile, first, sought, csv }) {
  const columns = preview.columns.map((name, index) => ({
    name: `${index}`, label: name, value: (row) => row[index], number: ["integer", "number"].includes(types[name]), sortable: false,
    head: profile && html`<${Spark} counts=${shapeOf(profile.columns[name])} />`,
    show: (value) => (value === null ? null : types[name] === "date" ? date(value) : typeof value === "boolean" ? t(`data.${value}`) : exact(value)),
  }));
  const place = new Map(preview.rows.map((row, index) => [row, index]));
  const number = { name: "number", label: t("data.rowPages.number"), isHeading: true, sortable: false, number: true, isPinned: true, value: (row) => first + place.get(row), show: count };
  return html`<${Table} columns=${first ? [number, ...columns] : columns} rows=${preview.rows} selected=${sought && ((row) => first + place.get(row) === sought)} caption=${caption} csv=${csv} />`;
}

function shapeOf(column) {
  if (column.histogram?.counts?.length) return column.histogram.counts;
  return column.type === "boolean" ? [column.true, column.false] : (column.top ?? []).slice(0, SHOWN_LEVELS).map((each) => each.count);
}
