"""What a table looks like: per column statistics, findings with a suggestion each, and the first rows."""

from math import isfinite
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from core.manifests import Column
from core.tables.reading import Table

PREVIEW_ROWS = 100
TOP_VALUES = 10
# Findings start here.
MISSING_SHARE = 0.05
IDENTIFIER_SHARE = 0.95
IDENTIFIER_ROWS = 50

Json = dict[str, Any]


def profile(table: Table) -> Json:
    """`columns` (statistics by name), `duplicate_rows`, `findings`, `preview` (`columns`, `rows`), ready for JSON."""
    duplicates = duplicate_rows(table)
    return {
        "columns": {column.name: _statistics(table.data.column(column.name), column) for column in table.columns},
        "duplicate_rows": duplicates,
        "findings": _findings(table, duplicates),
        "preview": _preview(table),
    }


def duplicate_rows(table: Table) -> int:
    """How many rows repeat an earlier one exactly."""
    names = table.data.column_names
    distinct = table.data.group_by(names, use_threads=False).aggregate([]).num_rows
    return int(table.data.num_rows - distinct)


def _statistics(values: pa.ChunkedArray, column: Column) -> Json:
    count = len(values) - column.missing
    head: Json = {"type": column.type, "count": count, "missing": column.missing, "distinct": column.distinct}
    if column.type == "category":
        counts = pc.value_counts(pc.drop_null(values.combine_chunks().dictionary_decode()))
        top = counts.take(pc.sort_indices(counts.field("counts"), sort_keys=[("", "descending")]))[:TOP_VALUES]
        return {**head, "top": [{"value": v["values"], "count": v["counts"]} for v in top.to_pylist()]}
    if count == 0:
        return head
    quartiles = pc.quantile(values, q=[0.25, 0.5, 0.75]).to_pylist()
    limits = pc.min_max(values).as_py()
    figures = {
        "mean": pc.mean(values).as_py(),
        "std": pc.stddev(values, ddof=1).as_py() if count > 1 else None,
        "min": limits["min"],
        "q25": quartiles[0],
        "median": quartiles[1],
        "q75": quartiles[2],
        "max": limits["max"],
    }
    # The mean of numbers near the end of float64 is beyond it, and JSON has no word for that.
    return {
        **head,
        **{name: figure if figure is None or isfinite(figure) else None for name, figure in figures.items()},
    }


def _findings(table: Table, duplicates: int) -> list[Json]:
    """One entry a thing worth knowing before learning: `severity`, `column`, `finding`, `suggestion`."""
    rows = table.data.num_rows
    found: list[Json] = []

    def add(severity: str, column: str | None, finding: str, suggestion: str) -> None:
        found.append({"severity": severity, "column": column, "finding": finding, "suggestion": suggestion})

    for column in table.columns:
        if column.missing == rows:
            add("warning", column.name, "has no values at all", "remove it from the file")
        elif column.distinct == 1:
            add("info", column.name, "has one and the same value everywhere", "it cannot help a model")
        elif column.missing > MISSING_SHARE * rows:
            share = f"{100 * column.missing / rows:.1f}% of its values are missing"
            add("info", column.name, share, "choose handle_missing in POST /data/process")
        if column.type == "category" and rows >= IDENTIFIER_ROWS and column.distinct > IDENTIFIER_SHARE * rows:
            add(
                "warning",
                column.name,
                "looks like an identifier: almost every value is different",
                "remove it",
            )
    if duplicates:
        add(
            "info",
            None,
            f"{duplicates} rows repeat an earlier one",
            "remove them if they are no real repetitions",
        )
    return found


def _preview(table: Table) -> Json:
    head = table.data.slice(0, PREVIEW_ROWS)
    columns = [head.column(name).to_pylist() for name in head.column_names]
    return {"columns": head.column_names, "rows": [list(row) for row in zip(*columns, strict=True)]}
