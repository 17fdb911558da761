"""Findings: the few things that a person should know before training on a table, each with a way out."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.array_types import Floats
from core.manifests import Column
from core.profiling.rows import row_numbers_where
from core.severity import Severity
from core.shares import share
from core.tables.table import Table
from core.types import Json

# With fewer rows a finding may well be chance.
FEW_ROWS = 50
MOSTLY = 0.5
NEARLY_ALL = 0.99
REDUNDANT = 0.9999
DUPLICATE_SHARE = 0.05
# The advice of these is to leave the column out.
LEFT_OUT = frozenset({"identifier", "free-text", "constant", "nearly-constant", "redundant"})


@dataclass(frozen=True)
class ColumnContext:
    """The column that findings are about: its table, its statistics, and example rows."""

    table: Table
    column: Column
    statistics: Json
    # The numbers of a few rows without a value.
    missing_rows: list[int]
    # Values that no example is of, because a finding of their own has them.
    left_out: tuple[float, ...] = ()

    def finding(
        self, severity: Severity, kind: str, sentence: str, suggestion: str, count: int, rows: Iterable[int] = ()
    ) -> Json:
        """Return a finding about this column."""
        return finding(severity, kind, self.column.name, sentence, suggestion, count, rows)

    def leave_out(self) -> str:
        """Return the suggestion to leave the column out."""
        return "leave it out: " + way_out({"leave_out": [self.column.name]})

    def rows_where(self, chosen: Callable[[Floats], NDArray[np.bool_]]) -> list[int]:
        """Return the numbers of the first few rows that are chosen by their value. Reads the column again."""
        values = self.table.values(self.column.name)
        assert isinstance(values, np.ndarray)
        found = chosen(values)
        return row_numbers_where(found & ~np.isin(values, self.left_out) if self.left_out else found)


def finding(
    severity: Severity,
    kind: str,
    column: str | None,
    sentence: str,
    suggestion: str,
    count: int,
    rows: Iterable[int] = (),
) -> Json:
    """Return one finding. The column, or the table, is the subject of `sentence`; `rows` are as in a spreadsheet."""
    return {
        "severity": severity,
        "column": column,
        "kind": kind,
        "finding": sentence,
        "count": count,
        "rows": list(rows),
        "suggestion": suggestion,
    }


def missing_or_constant(context: ColumnContext) -> list[Json]:
    """Return findings about missing values and constant columns."""
    count, missing, distinct = (context.statistics[name] for name in ("count", "missing", "distinct"))
    if not count:
        return [context.finding("warning", "empty-column", "has no values at all", context.leave_out(), missing)]
    found = []
    if missing:
        rows = context.table.rows
        severity: Severity = "warning" if missing > MOSTLY * rows else "info"
        sentence = f"has no value in {counted(missing, 'row')} ({share(missing, rows)})"
        found.append(
            context.finding(severity, "missing", sentence, _suggest_fill(context), missing, context.missing_rows)
        )
    if distinct == 1:
        sentence = "has one and the same value everywhere" if not missing else "has only one value, or none"
        found.append(context.finding("info", "constant", sentence, context.leave_out(), count))
    return found


def _suggest_fill(context: ColumnContext) -> str:
    """Return the suggestion for a column with missing values."""
    if context.statistics["missing"] > MOSTLY * context.table.rows:
        return f"what is filled in will be mostly made up: {context.leave_out()}"
    if context.column.type == "category":
        return f"fill it (mode) or drop these rows (drop): {way_out({'columns': {context.column.name: 'mode'}})}"
    recipe = {"columns": {context.column.name: "median"}}
    return f"choose what fills it (median, mean, mode) or drop these rows (drop): {way_out(recipe)}"


def nearly_constant(context: ColumnContext, most: int) -> list[Json]:
    """Return a finding where the most frequent value, in `most` rows, is nearly everywhere."""
    count = context.statistics["count"]
    if count < FEW_ROWS or most < NEARLY_ALL * count:
        return []
    sentence = f"has the same value in all but {counted(count - most, 'row')}"
    suggestion = f"it tells rows apart only rarely; {context.leave_out()}"
    return [context.finding("info", "nearly-constant", sentence, suggestion, count - most)]


def identifier(context: ColumnContext) -> Json:
    """Return the finding that a column identifies rows and nothing more."""
    sentence = "looks like an identifier: every value is different, and says no more than which row it is"
    if context.column.type == "category":
        sentence = "looks like an identifier: almost every value is different"
    suggestion = f"{context.leave_out()}; rows may still be divided by it, where it says their order or their group"
    return context.finding("warning", "identifier", sentence, suggestion, context.statistics["distinct"])


def without_contradictions(found: list[Json]) -> list[Json]:
    """Return findings without the advice to fill the gaps of columns that others say to leave out."""
    left_out = {entry["column"] for entry in found if entry["kind"] in LEFT_OUT}
    return [entry for entry in found if entry["kind"] != "missing" or entry["column"] not in left_out]


def table_findings(
    rows: int, columns: dict[str, Json], duplicates: int, repeated: list[int], related: Json
) -> list[Json]:
    """Return findings about the whole table.

    `columns` are the statistics by column, `duplicates` the number of repeated rows, `repeated` the numbers of a few of
    them, and `related` the correlations of the profile.
    """
    varying = [name for name, statistics in columns.items() if statistics["distinct"] > 1]
    found = []
    if len(varying) < 2:
        sentence = "fewer than two columns have different values: nothing can be learned from the table"
        found.append(finding("error", "nothing-to-learn", None, sentence, "upload a table with more columns", rows))
    if rows < FEW_ROWS:
        sentence = f"there are only {counted(rows, 'row')}: every score will depend on chance"
        found.append(finding("warning", "few-rows", None, sentence, "upload more rows if there are any", rows))
    if duplicates:
        severity: Severity = "warning" if duplicates > DUPLICATE_SHARE * rows else "info"
        sentence = f"{counted(duplicates, 'row')} ({share(duplicates, rows)}) repeat an earlier one exactly"
        suggestion = (
            "unless they are real repetitions, remove them and upload again: a row that is in both the training part "
            "and the holdout makes a model look better than it is"
        )
        found.append(finding(severity, "duplicates", None, sentence, suggestion, duplicates, repeated))
    return found + _redundant(rows, columns, related)


def _redundant(rows: int, columns: dict[str, Json], related: Json) -> list[Json]:
    """Return a finding about each column that is perfectly correlated with an earlier one.

    Two columns that both have sentinels are correlated by those alone.
    """
    found = []
    suspected = {name for name, statistics in columns.items() if "sentinels" in statistics}
    names, pearson = related["columns"], related["pearson"]
    for j, name in enumerate(names):
        for i in range(j):
            if {name, names[i]} <= suspected:
                continue
            if rows >= FEW_ROWS and pearson[i][j] is not None and abs(pearson[i][j]) > REDUNDANT:
                sentence = f"follows exactly from {names[i]!r} (correlation {pearson[i][j]:.4f})"
                suggestion = f"one of the two is enough, unless one is the target: {way_out({'leave_out': [name]})}"
                found.append(finding("info", "redundant", name, sentence, suggestion, rows))
                break
    return found


def way_out(recipe: Json) -> str:
    """Return the request that stores this recipe, as the way out."""
    return f"POST /data/process with {json.dumps(recipe, ensure_ascii=False)}"


def read_as_missing(texts: list[str]) -> str:
    """Return the suggestion to read the file again without these texts, if they mean missing."""
    request = json.dumps({"missing": texts}, ensure_ascii=False)
    return (
        f"if so, PATCH /data/files/{{file_id}}/reading with {request}, spelled as in the file, beside the other texts "
        "that mean missing there"
    )


def counted(count: int, noun: str) -> str:
    """Format a count: `1 row`, `2,000 rows`."""
    return f"{count:,} {noun}" + "s" * (count != 1)


def figure(value: float) -> str:
    """Format a value as the reports do: 1,250,000, but 2012 for a year."""
    return f"{value:,.0f}" if 10_000 <= abs(value) < 1e15 else f"{value:.6g}"
