"""Statistics of one column by its type, for JSON: an undefined or infinite one is None."""

from collections.abc import Sequence
from math import isfinite

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.array_types import Ints
from core.cell_values import EARLIEST, LATEST, format_date
from core.manifests import Column
from core.profiling.distribution import Distribution, Moments
from core.profiling.outliers import IQR_THRESHOLD, iqr_bounds
from core.profiling.sentinels import Sentinel, without
from core.tables.coded_columns import PIECE_LENGTH
from core.types import Json

TOP_VALUES = 10
NO_HISTOGRAM: Json = {"edges": [], "counts": []}
# Histograms of dates have edges at full days, hours or minutes where the dates are as round, or span so many of them.
DATE_UNITS = (86_400.0, 3600.0, 60.0, 1.0)
MANY_UNITS = 60


def number_statistics(distribution: Distribution, moments: Moments | None, sentinels: Sequence[Sentinel] = ()) -> Json:
    """Return the statistics of an integer or number column; `moments` are None where it has no values.

    Only the number of outliers leaves the sentinels out.
    """
    names = ("mean", "std", "min", "q25", "median", "q75", "max", "skew", "kurtosis")
    if moments is None:
        return {**dict.fromkeys(names), "zeros": 0, "negatives": 0, "histogram": NO_HISTOGRAM, "outliers": 0}
    q25, median, q75 = (distribution.quantile(share) for share in (0.25, 0.5, 0.75))
    numbers = (
        moments.restored(moments.mean),
        moments.restored(moments.std),
        float(distribution.values[0]),
        q25,
        median,
        q75,
        float(distribution.values[-1]),
        moments.skew,
        moments.kurtosis,
    )
    edges = distribution.edges(1.0 if distribution.is_whole else None)
    return {
        **{name: finite(number) for name, number in zip(names, numbers, strict=True)},
        "zeros": distribution.at_most(0) - distribution.below(0),
        "negatives": distribution.below(0),
        "histogram": {"edges": edges.tolist(), "counts": distribution.histogram(edges)},
        "outliers": _count_outliers(without(distribution, sentinels)),
    }


def _count_outliers(distribution: Distribution) -> int:
    """Return how many values are outside of Tukey's fences."""
    return distribution.outside(*iqr_bounds(distribution.quantile(0.25), distribution.quantile(0.75), IQR_THRESHOLD))


def boolean_statistics(distribution: Distribution) -> Json:
    """Return how often a boolean column is true (1) and false (0)."""
    falses = distribution.at_most(0)
    return {"true": distribution.count - falses, "false": falses}


def date_statistics(distribution: Distribution) -> Json:
    """Return the statistics of dates, given in seconds since 1970-01-01: ends as ISO 8601 texts, gaps in seconds."""
    names = ("min", "max", "range_days", "median_gap_seconds", "largest_gap_seconds")
    if not distribution.count:
        return {**dict.fromkeys(names), "histogram": NO_HISTOGRAM}
    low, high = float(distribution.values[0]), float(distribution.values[-1])
    gaps = np.diff(distribution.values)
    edges = distribution.edges(_date_unit(distribution))
    numbers = (
        iso(low),
        iso(high),
        (high - low) / DATE_UNITS[0],
        float(np.median(gaps, overwrite_input=True)) if len(gaps) else None,
        float(gaps.max()) if len(gaps) else None,
    )
    histogram = {"edges": [iso(edge) for edge in edges.tolist()], "counts": distribution.histogram(edges)}
    return {**dict(zip(names, numbers, strict=True)), "histogram": histogram}


def category_statistics(levels: pa.Array, counts: Ints) -> Json:
    """Return the statistics of a category column with `levels` (distinct strings) and their counts."""
    if not counts.all():  # a dictionary may hold texts that no row has
        levels, counts = levels.filter(pa.array(counts > 0)), counts[counts > 0]
    total = int(counts.sum())
    order = np.argsort(-counts, kind="stable")[:TOP_VALUES]
    shares = counts / max(total, 1)
    lengths = np.asarray(pc.utf8_length(levels), np.float64)
    return {
        "top": [{"value": levels[code].as_py(), "count": int(counts[code])} for code in order.tolist()],
        "other": total - int(counts[order].sum()),
        # A constant column gives -0.0.
        "entropy": abs(float(shares @ np.log2(shares))) if total else None,
        "mean_length": float(counts @ lengths) / total if total else None,
    }


def common_statistics(column: Column, rows: int, count: int, distinct: int) -> Json:
    """Return the statistics that every type of column has, and its unit if it has one."""
    unit = {} if column.unit is None else {"unit": column.unit}
    return {"type": column.type, **unit, "count": count, "missing": rows - count, "distinct": distinct}


def sentinel_statistics(column: Column, sentinels: Sequence[Sentinel]) -> Json:
    """Return as `sentinels` the values that may stand for missing and how many rows have them; nothing without any."""
    if not sentinels:
        return {}
    is_date = column.type == "date"
    found = [{"value": iso(one.value) if is_date else one.value, "count": one.count} for one in sentinels]
    return {"sentinels": found}


def count_codes(codes: NDArray[np.int32], levels: int) -> Ints:
    """Count each of the codes below `levels` (int64); -1 is missing and not counted."""
    counts = np.zeros(levels + 1, np.int64)
    # bincount converts its input to int64, so it gets a piece at a time.
    for start in range(0, len(codes), PIECE_LENGTH + 4 * levels):
        piece = codes[start : start + PIECE_LENGTH + 4 * levels]
        counts += np.bincount(piece.astype(np.int64) + 1, minlength=levels + 1)
    return counts[1:]


def finite(number: float | None) -> float | None:
    """Return the number, or None where JSON cannot hold it."""
    return float(number) if number is not None and isfinite(number) else None


def iso(seconds: float) -> str:
    """Return a date as ISO 8601 text; a bin's edge beyond the calendar is moved to its end."""
    return format_date(min(max(seconds, EARLIEST), LATEST))


def _date_unit(distribution: Distribution) -> float:
    """Return the largest unit in seconds that all dates are multiples of, or that their range has many of."""
    span = distribution.values[-1] - distribution.values[0]
    for unit in DATE_UNITS[:-1]:
        if span >= MANY_UNITS * unit or not np.any(distribution.values % unit):
            return unit
    return DATE_UNITS[-1]
