/** Rows to predict, as the bodies of requests of a bearable size. */

import type { Row } from "./types.js";

/** Characters of a body at most: below what a gateway takes, also where each is three bytes. */
const MOST_CHARACTERS = 1_500_000;

/** Some of the rows: the number of the first, from 0, how many there are, and the fields of a request, as JSON. */
export interface Batch {
  readonly first: number;
  readonly count: number;
  readonly json: string;
}

/** Yield rows in batches of at most `mostRows`. The names of the columns are written once, before the values. */
export function* batchesOf(rows: readonly Row[], mostRows: number): Generator<Batch> {
  const columns = columnsOf(rows);
  const head = `"columns":${JSON.stringify(columns)},"rows":`;
  let [first, length, written] = [0, 0, [] as string[]];
  for (const row of rows) {
    const values = JSON.stringify(columns.map((column) => valueOf(row[column])));
    if (written.length === mostRows || (written.length > 0 && length + values.length > MOST_CHARACTERS)) {
      yield { first, count: written.length, json: `${head}[${written.join(",")}]` };
      first += written.length;
      [length, written] = [0, []];
    }
    written.push(values);
    length += values.length + 1;
  }
  if (written.length > 0 || rows.length === 0) {
    yield { first, count: written.length, json: `${head}[${written.join(",")}]` };
  }
}

/** Return a row without what JSON cannot say. */
export function plainRow(row: Row): Row {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, valueOf(value)]));
}

/** Return the names of all columns, in the order of their first use. */
function columnsOf(rows: readonly Row[]): string[] {
  const names = new Set<string>();
  for (const row of rows) {
    for (const name of Object.keys(row)) {
      names.add(name);
    }
  }
  return [...names];
}

/**
 * Return a value as JSON can say it: `NaN` and an invalid Date as missing, other numbers that JSON does not have as
 * texts, so that the service names their row and field.
 */
function valueOf(value: unknown): unknown {
  if (typeof value === "bigint" || value === Infinity || value === -Infinity) {
    return String(value);
  }
  return value === undefined || Number.isNaN(value) ? null : value;
}
