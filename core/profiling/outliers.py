"""Outliers: values far from the rest of their column, by quartiles or by standard deviations."""

from math import inf, isfinite
from typing import Literal

import numpy as np

from core.errors import InvalidInputError
from core.manifests import Column
from core.profiling.column_threads import map_columns
from core.profiling.distribution import Distribution
from core.profiling.rows import row_numbers
from core.profiling.sentinels import find_sentinels, values_of
from core.tables.table import Table
from core.types import Json

Method = Literal["iqr", "zscore"]

IQR_THRESHOLD = 1.5
THRESHOLDS: dict[Method, float] = {"iqr": IQR_THRESHOLD, "zscore": 3.0}
ROWS_SHOWN = 100


def outliers(table: Table, method: Method = "iqr", threshold: float | None = None) -> Json:
    """Return the values outside of the bounds of each integer or number column; a value on a bound is inside.

    Sentinels (`core.profiling.sentinels`) are no outliers: they are left out of quartiles, mean and rows.
    `iqr`: below q25 - threshold * (q75 - q25) or above q75 + threshold * (q75 - q25), quartiles interpolated linearly,
    threshold 1.5 by default (Tukey's fences). `zscore`: more than threshold standard deviations (ddof 1) from the
    mean, 3 by default. Returns `method`, `threshold`, and in `columns` by name: `lower` and `upper` (None for a column
    without values and beyond float64), `count`, `rows` and `values` of the first 100, and `sentinels` if there are
    any. Raises `InvalidInputError`.
    """
    chosen = THRESHOLDS[method] if threshold is None else threshold
    if not (isfinite(chosen) and chosen > 0):
        raise InvalidInputError(
            f"threshold is {chosen:g}; it must be a number above 0. Usual are 1.5 for iqr and 3 for zscore.",
            [{"field": "threshold", "message": "must be a number above 0"}],
        )

    def column_outliers(column: Column) -> Json:
        return _outliers(table, column, method, chosen)

    columns = [column for column in table.columns if column.type in ("integer", "number")]
    found = map_columns(column_outliers, columns, table.rows)
    by_name = {column.name: entry for column, entry in zip(columns, found, strict=True)}
    return {"method": method, "threshold": chosen, "columns": by_name}


def iqr_bounds(q25: float, q75: float, threshold: float) -> tuple[float, float]:
    """Return Tukey's fences around the quartiles."""
    reach = threshold * (q75 - q25)
    return q25 - reach, q75 + reach


def _outliers(table: Table, column: Column, method: Method, threshold: float) -> Json:
    """Return the outliers of one column."""
    values = table.values(column.name)
    assert isinstance(values, np.ndarray)
    distribution = Distribution.of(values.copy())
    suspected = values_of(find_sentinels(distribution, column))
    if suspected:
        values[np.isin(values, suspected)] = np.nan
        distribution = Distribution.of(values.copy())
    if not distribution.count:
        return {"lower": None, "upper": None, "count": 0, "rows": [], "values": []}
    if method == "iqr":
        lower, upper = iqr_bounds(distribution.quantile(0.25), distribution.quantile(0.75), threshold)
    else:
        lower, upper = _zscore_bounds(distribution, threshold)
    outside = np.flatnonzero((values < lower) | (values > upper))
    return {
        "lower": lower if isfinite(lower) else None,
        "upper": upper if isfinite(upper) else None,
        "count": len(outside),
        "rows": row_numbers(outside, ROWS_SHOWN),
        "values": values[outside[:ROWS_SHOWN]].tolist(),
        **({"sentinels": list(suspected)} if suspected else {}),
    }


def _zscore_bounds(distribution: Distribution, threshold: float) -> tuple[float, float]:
    """Return the bounds `threshold` standard deviations below and above the mean."""
    moments = distribution.moments()
    reach = threshold * (moments.std or 0.0)
    lower, upper = moments.restored(moments.mean - reach), moments.restored(moments.mean + reach)
    return -inf if lower is None else lower, inf if upper is None else upper
