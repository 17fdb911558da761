"""The profile of a table: statistics of each column, correlations, missingness and findings."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.manifests import Column
from core.packed_columns import Category
from core.profiling import findings, numeric_findings, statistics, text_findings
from core.profiling import time_order as ordering
from core.profiling.column_threads import map_columns
from core.profiling.correlations import correlations
from core.profiling.distribution import Distribution, Moments
from core.profiling.findings import ColumnContext
from core.profiling.rows import RowHashes, RowKinds, missing_shares, numbered_where
from core.severity import worst_first
from core.tables.table import Table
from core.types import Json

PREVIEW_ROWS = 100
CORRELATED = ("integer", "number", "boolean")


def profile(table: Table) -> Json:
    """Return the profile of a table for JSON; a statistic that is undefined or not finite is None.

    `rows`, `duplicate_rows`, `columns` (statistics by name: see `core.profiling.statistics`), `correlations` (of
    integers, numbers, and booleans as 1 and 0), `missingness` (share of missing values per block of rows, for columns
    that have some), `findings` (worst first) and `preview` (the first 100 rows). Holds a few columns in memory at a
    time.
    """
    rows = RowKinds.of(table) or RowHashes(table.rows)
    done = map_columns(partial(_profiled, table, rows), range(len(table.columns)), table.rows)
    by_name = {column.name: one for column, one in zip(table.columns, done, strict=True)}
    moments = {column.name: by_name[column.name].moments for column in table.columns if column.type in CORRELATED}
    rest: tuple[Callable[[], Any], ...] = (partial(correlations, table, moments), rows.repeated)
    related, (duplicates, repeated) = map_columns(lambda work: work(), rest, table.rows)
    columns = {name: one.figures for name, one in by_name.items()}
    missing = {name: one.missing for name, one in by_name.items() if one.missing}
    found = findings.of_table(table.rows, columns, duplicates, repeated, related)
    in_order = {name: one.in_order for name, one in by_name.items()}
    found += ordering.of_time(table.columns, columns, in_order, table.rows)
    return {
        "rows": table.rows,
        "duplicate_rows": duplicates,
        "columns": columns,
        "correlations": related,
        "missingness": {"blocks": len(next(iter(missing.values()), [])), "columns": missing},
        "findings": worst_first([*found, *(entry for one in by_name.values() for entry in one.findings)]),
        "preview": {"columns": list(by_name), "rows": table.head(PREVIEW_ROWS)},
    }


@dataclass(frozen=True)
class _Profiled:
    """The results of one column, kept when its values are released."""

    figures: Json
    findings: list[Json]
    # The missing share of each block of rows; empty where nothing is missing.
    missing: list[float]
    moments: Moments | None = None
    # What `ordering.of_time` asks of dates and integers.
    in_order: bool = False


def _profiled(table: Table, rows: RowKinds | RowHashes, position: int) -> _Profiled:
    column = table.columns[position]
    if column.type == "category":
        return _text_profiled(table, rows, position)
    if coded := table.coded.get(column.name):
        rows.add(position, coded)
        counts = coded.counts()
        missing_rows, shares = _gaps(coded.codes == 0) if counts[0] else ([], [])
        found = Distribution.counted(coded.floats()[1:], counts[1:])
        # Repeated values are not ascending.
        unique = column.type == "integer" and len(found.values) == table.rows
        in_order = (unique and ordering.ascending(table.numbers(column.name))) or (
            column.type == "date" and ordering.nearly_in_order(ordering.coded_pieces(coded), table.rows)
        )
    else:
        values = table.numbers(column.name)
        rows.add(position, values)
        missing_rows, shares = _gaps(np.isnan(values))
        in_order = (column.type == "integer" and ordering.ascending(values)) or (
            column.type == "date" and ordering.nearly_in_order(ordering.pieces(values), table.rows)
        )
        found = Distribution.of(values)
    moments = found.moments() if found.count else None
    figures = statistics.summary(column, table.rows, found.count, len(found.values)) | _figures(column, found, moments)
    context = ColumnContext(table, column, figures, missing_rows)
    return _Profiled(
        figures, numeric_findings.of_numbers(context, found, ascending=in_order), shares, moments, in_order=in_order
    )


def _text_profiled(table: Table, rows: RowKinds | RowHashes, position: int) -> _Profiled:
    column = table.columns[position]
    codes, levels = table.encoded(column.name)
    rows.add(position, Category(codes, []))
    missing_rows, shares = _gaps(codes < 0)
    counts = statistics.counted(codes, len(levels))
    figures = statistics.summary(column, table.rows, int(counts.sum()), int(np.count_nonzero(counts)))
    figures |= statistics.of_texts(levels, counts)
    context = ColumnContext(table, column, figures, missing_rows)
    return _Profiled(figures, text_findings.of_texts(context, codes, levels, counts), shares)


def _gaps(missing: NDArray[np.bool_]) -> tuple[list[int], list[float]]:
    """Return the numbers of a few rows without a value, and the missing share of each block.

    Empty if none is missing.
    """
    return numbered_where(missing), missing_shares(missing) if missing.any() else []


def _figures(column: Column, found: Distribution, moments: Moments | None) -> Json:
    if column.type == "boolean":
        return statistics.of_booleans(found)
    return statistics.of_dates(found) if column.type == "date" else statistics.of_numbers(found, moments)
