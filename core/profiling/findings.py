"""What a person should know before learning from a table: few things, the worst first, each with a way out."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.array_types import Floats
from core.manifests import Column
from core.profiling.rows import numbered_where
from core.severity import Severity
from core.tables.table import Table
from core.types import Json

# With fewer rows, what is found may well be chance.
FEW_ROWS = 50
MOSTLY = 0.5
NEARLY_ALL = 0.99
REDUNDANT = 0.9999
DUPLICATE_SHARE = 0.05


@dataclass(frozen=True)
class Look:
    """What is known of a column when its findings are made."""

    table: Table
    column: Column
    figures: Json
    # The numbers of a few rows without a value.
    missing_rows: list[int]

    def finding(
        self, severity: Severity, kind: str, sentence: str, suggestion: str, count: int, rows: Iterable[int] = ()
    ) -> Json:
        """A finding about this column."""
        return finding(severity, kind, self.column.name, sentence, suggestion, count, rows)

    def leave_out(self) -> str:
        """How to keep the column from the models."""
        return "leave it out: " + way_out({"leave_out": [self.column.name]})

    def rows_where(self, chosen: Callable[[Floats], NDArray[np.bool_]]) -> list[int]:
        """The numbers of the first few rows that are chosen by their value. Reads the column again."""
        values = self.table.values(self.column.name)
        assert isinstance(values, np.ndarray)
        return numbered_where(chosen(values))


def finding(
    severity: Severity,
    kind: str,
    column: str | None,
    sentence: str,
    suggestion: str,
    count: int,
    rows: Iterable[int] = (),
) -> Json:
    """One thing to know. The column, or the table, is the subject of `sentence`; `rows` are as in a spreadsheet."""
    return {
        "severity": severity,
        "column": column,
        "kind": kind,
        "finding": sentence,
        "count": count,
        "rows": list(rows),
        "suggestion": suggestion,
    }


def gaps_and_constants(look: Look) -> list[Json]:
    """Gaps and constant columns."""
    count, missing, distinct = (look.figures[name] for name in ("count", "missing", "distinct"))
    if not count:
        return [look.finding("warning", "empty-column", "has no values at all", look.leave_out(), missing)]
    found = []
    if missing:
        rows = look.table.rows
        severity: Severity = "warning" if missing > MOSTLY * rows else "info"
        sentence = f"has no value in {some(missing, 'row')} ({percent(missing, rows)})"
        found.append(look.finding(severity, "missing", sentence, _fill(look), missing, look.missing_rows))
    if distinct == 1:
        sentence = "has one and the same value everywhere" if not missing else "has only one value, or none"
        found.append(look.finding("info", "constant", sentence, look.leave_out(), count))
    return found


def _fill(look: Look) -> str:
    if look.figures["missing"] > MOSTLY * look.table.rows:
        return f"what is filled in will be mostly made up: {look.leave_out()}"
    if look.column.type == "category":
        return f"fill it (mode) or drop these rows (drop): {way_out({'columns': {look.column.name: 'mode'}})}"
    recipe = {"columns": {look.column.name: "median"}}
    return f"choose what fills it (median, mean, mode) or drop these rows (drop): {way_out(recipe)}"


def nearly_constant(look: Look, most: int) -> list[Json]:
    """A column whose most frequent value, in `most` rows, is nearly everywhere."""
    count = look.figures["count"]
    if count < FEW_ROWS or most < NEARLY_ALL * count:
        return []
    sentence = f"has the same value in all but {some(count - most, 'row')}"
    suggestion = f"it tells rows apart only rarely; {look.leave_out()}"
    return [look.finding("info", "nearly-constant", sentence, suggestion, count - most)]


def identifier(look: Look) -> Json:
    """A column that only says which row it is."""
    sentence = "looks like an identifier: every value is different, and says no more than which row it is"
    if look.column.type == "category":
        sentence = "looks like an identifier: almost every value is different"
    return look.finding("warning", "identifier", sentence, look.leave_out(), look.figures["distinct"])


def of_table(rows: int, columns: dict[str, Json], duplicates: int, repeated: list[int], related: Json) -> list[Json]:
    """The table as a whole; `columns` are the figures by name, `repeated` examples of rows that repeat another."""
    varying = [name for name, figures in columns.items() if figures["distinct"] > 1]
    found = []
    if len(varying) < 2:
        sentence = "fewer than two columns have different values: nothing can be learned from the table"
        found.append(finding("error", "nothing-to-learn", None, sentence, "upload a table with more columns", rows))
    if rows < FEW_ROWS:
        sentence = f"there are only {some(rows, 'row')}: every score will depend on chance"
        found.append(finding("warning", "few-rows", None, sentence, "upload more rows if there are any", rows))
    if duplicates:
        severity: Severity = "warning" if duplicates > DUPLICATE_SHARE * rows else "info"
        sentence = f"{some(duplicates, 'row')} ({percent(duplicates, rows)}) repeat an earlier one exactly"
        suggestion = (
            "unless they are real repetitions, remove them and upload again: a row that is in both the training part "
            "and the holdout makes a model look better than it is"
        )
        found.append(finding(severity, "duplicates", None, sentence, suggestion, duplicates, repeated))
    return found + _redundant(rows, related)


def _redundant(rows: int, related: Json) -> list[Json]:
    """Columns that another one before them gives exactly."""
    found = []
    names, pearson = related["columns"], related["pearson"]
    for j, name in enumerate(names):
        for i in range(j):
            if rows >= FEW_ROWS and pearson[i][j] is not None and abs(pearson[i][j]) > REDUNDANT:
                sentence = f"follows exactly from {names[i]!r} (correlation {pearson[i][j]:.4f})"
                suggestion = f"one of the two is enough, unless one is the target: {way_out({'leave_out': [name]})}"
                found.append(finding("info", "redundant", name, sentence, suggestion, rows))
                break
    return found


def way_out(recipe: Json) -> str:
    """The request that stores this recipe."""
    return f"POST /data/process with {json.dumps(recipe, ensure_ascii=False)}"


def some(count: int, noun: str) -> str:
    """`1 row`, `2,000 rows`."""
    return f"{count:,} {noun}" + "s" * (count != 1)


def percent(part: int, whole: int) -> str:
    """The share in percent, with one digit; what is there but too little to show is <0.1%."""
    share = 100 * part / whole
    return "<0.1%" if 0 < share < 0.05 else f"{share:.1f}%"
