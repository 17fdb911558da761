"""The profile of a table: statistics of each column, correlations, missingness and findings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.manifests import Column
from core.packed_columns import Category
from core.profiling import findings, numeric_findings, text_findings, time_order
from core.profiling.column_threads import map_columns
from core.profiling.correlations import correlations
from core.profiling.distribution import Distribution, Moments
from core.profiling.findings import ColumnContext
from core.profiling.rows import RowHashes, RowKinds, missing_shares, row_numbers_where
from core.profiling.sentinels import Sentinel, find_sentinels
from core.profiling.statistics import (
    boolean_statistics,
    category_statistics,
    common_statistics,
    count_codes,
    date_statistics,
    number_statistics,
    sentinel_statistics,
)
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
    profiles = map_columns(partial(_profile_column, table, rows), range(len(table.columns)), table.rows)
    profile_by_name = {
        column.name: column_profile for column, column_profile in zip(table.columns, profiles, strict=True)
    }
    moments = {
        column.name: profile_by_name[column.name].moments for column in table.columns if column.type in CORRELATED
    }
    rest: tuple[Callable[[], Any], ...] = (partial(correlations, table, moments), rows.repeated)
    related, (duplicates, repeated) = map_columns(lambda work: work(), rest, table.rows)
    columns = {name: column_profile.statistics for name, column_profile in profile_by_name.items()}
    missing = {
        name: column_profile.missing for name, column_profile in profile_by_name.items() if column_profile.missing
    }
    found = findings.table_findings(table.rows, columns, duplicates, repeated, related)
    in_order = {name: column_profile.in_order for name, column_profile in profile_by_name.items()}
    found += time_order.time_order_findings(table.columns, columns, in_order, table.rows)
    found += [entry for column_profile in profile_by_name.values() for entry in column_profile.findings]
    return {
        "rows": table.rows,
        "duplicate_rows": duplicates,
        "columns": columns,
        "correlations": related,
        "missingness": {"blocks": len(next(iter(missing.values()), [])), "columns": missing},
        "findings": worst_first(findings.without_contradictions(found)),
        "preview": {"columns": list(profile_by_name), "rows": table.head(PREVIEW_ROWS)},
    }


@dataclass(frozen=True)
class _ColumnProfile:
    """The results of one column, kept when its values are released."""

    statistics: Json
    findings: list[Json]
    # The missing share of each block of rows; empty where nothing is missing.
    missing: list[float]
    moments: Moments | None = None
    # For `time_order_findings`: whether dates are nearly in order, and whether integers ascend.
    in_order: bool = False


def _profile_column(table: Table, rows: RowKinds | RowHashes, position: int) -> _ColumnProfile:
    """Profile the column at `position`, and add its values to the search for duplicate `rows`."""
    column = table.columns[position]
    if column.type == "category":
        return _profile_category(table, rows, position)
    if coded := table.coded.get(column.name):
        rows.add(position, coded)
        counts = coded.counts()
        missing_rows, shares = _missing_rows(coded.codes == 0) if counts[0] else ([], [])
        distribution = Distribution.from_counts(coded.floats()[1:], counts[1:])
        # Repeated values are not ascending.
        unique = column.type == "integer" and len(distribution.values) == table.rows
        in_order = (unique and time_order.ascending(table.numbers(column.name))) or (
            column.type == "date" and time_order.nearly_in_order(time_order.coded_pieces(coded), table.rows)
        )
    else:
        values = table.numbers(column.name)
        rows.add(position, values)
        missing_rows, shares = _missing_rows(np.isnan(values))
        in_order = (column.type == "integer" and time_order.ascending(values)) or (
            column.type == "date" and time_order.nearly_in_order(time_order.pieces(values), table.rows)
        )
        distribution = Distribution.of(values)
    moments = distribution.moments() if distribution.count else None
    sentinels = find_sentinels(distribution, column)
    statistics = {
        **common_statistics(column, table.rows, distribution.count, len(distribution.values)),
        **_statistics_by_type(column, distribution, moments, sentinels),
        **sentinel_statistics(column, sentinels),
    }
    context = ColumnContext(table, column, statistics, missing_rows)
    return _ColumnProfile(
        statistics,
        numeric_findings.number_findings(context, distribution, sentinels, is_ascending=in_order),
        shares,
        moments,
        in_order=in_order,
    )


def _profile_category(table: Table, rows: RowKinds | RowHashes, position: int) -> _ColumnProfile:
    """Profile the category at `position`, and add its values to the search for duplicate `rows`."""
    column = table.columns[position]
    codes, levels = table.encoded(column.name)
    rows.add(position, Category(codes, []))
    missing_rows, shares = _missing_rows(codes < 0)
    counts = count_codes(codes, len(levels))
    statistics = common_statistics(column, table.rows, int(counts.sum()), int(np.count_nonzero(counts)))
    statistics |= category_statistics(levels, counts)
    context = ColumnContext(table, column, statistics, missing_rows)
    return _ColumnProfile(statistics, text_findings.category_findings(context, codes, levels, counts), shares)


def _missing_rows(missing: NDArray[np.bool_]) -> tuple[list[int], list[float]]:
    """Return the numbers of a few rows without a value and the missing share by block, both empty if none is."""
    return row_numbers_where(missing), missing_shares(missing) if missing.any() else []


def _statistics_by_type(
    column: Column, distribution: Distribution, moments: Moments | None, sentinels: Sequence[Sentinel]
) -> Json:
    """Return the statistics that only columns of this type have."""
    if column.type == "boolean":
        return boolean_statistics(distribution)
    return (
        date_statistics(distribution) if column.type == "date" else number_statistics(distribution, moments, sentinels)
    )
