"""Findings about a column of numbers: counters, sentinels, caps, extreme values, long tails."""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from core.profiling.distribution import Distribution
from core.profiling.findings import (
    FEW_ROWS,
    ColumnContext,
    counted,
    figure,
    identifier,
    missing_or_constant,
    nearly_constant,
    read_as_missing,
)
from core.profiling.sentinels import Sentinel, spellings, values_of, without, written
from core.profiling.statistics import number_statistics
from core.shares import share
from core.types import Json

ID_NAME = re.compile(r"(?:^|[\s_.-])(?:id|uuid|guid|index)$|编号|序号|主键", re.IGNORECASE)
# A column of fewer distinct values is a scale or a flag without tails and outliers.
FEW_VALUES = 20
# Few zeros and nothing else near zero mean "not measured".
ZERO_SHARE, ZERO_DISTANCE = 0.05, 0.3
# A few values are extreme where a gap separates them from the next one that is so many times the interquartile range,
# and so many times as far as that one is from the median: in a long tail every gap is a small part of the way.
EXTREME_GAP, EXTREME_WAY = 5.0, 0.5
EXTREME_SHARE, EXTREMES = 0.001, 20
# The maximum is a limit where so many values have it, and so many times more than have one of those below it.
CAP_SHARE, CAP_TIMES, CAP_NEIGHBOURS = 0.01, 3, 10
OUTLIER_SHARE = 0.05
SKEWED = 3.0


def number_findings(
    context: ColumnContext, distribution: Distribution, sentinels: Sequence[Sentinel] = (), *, is_ascending: bool
) -> list[Json]:
    """Return findings of an integer, number, boolean or date column.

    `sentinels` are the values that may stand for missing: the other findings leave them out. `is_ascending` is whether
    each row has more than the one before.
    """
    common = missing_or_constant(context)
    if context.statistics["distinct"] < 2:
        return common
    common += nearly_constant(context, int(distribution.counts().max()))
    common += [_sentinel(context, one) for one in sentinels]
    if context.column.type not in ("integer", "number"):
        return common
    if context.column.type == "integer" and _is_identifier(context, distribution, is_ascending=is_ascending):
        return [*common, identifier(context)]
    others = without(distribution, sentinels)
    if len(others.values) <= FEW_VALUES:
        return common
    context = _leaving_out(context, others, sentinels)
    zeros = _zeros(context, others)
    if zeros:
        sentinels = [*sentinels, Sentinel(0.0, zeros[0]["count"])]
        others = without(distribution, sentinels)
        context = _leaving_out(context, others, sentinels)
    return [*common, *zeros, *_capped(context, others), *(_extremes(context, others) or _tails(context))]


def _sentinel(context: ColumnContext, sentinel: Sentinel) -> Json:
    """Return the finding of a value that may stand for missing."""
    column = context.column
    sentence = (
        f"{written(sentinel.value, column)} stands {counted(sentinel.count, 'time')}, far from all others: "
        "it may stand for missing"
    )
    suggestion = read_as_missing(spellings(sentinel.value, column))
    rows = context.rows_where(lambda values: values == sentinel.value)
    return context.finding("warning", "sentinel", sentence, suggestion, sentinel.count, rows)


def _leaving_out(context: ColumnContext, others: Distribution, sentinels: Sequence[Sentinel]) -> ColumnContext:
    """Return the context with the statistics of the `others`, and examples among them."""
    if not sentinels:
        return context
    statistics = {"count": others.count, **number_statistics(others, others.moments())}
    return replace(context, statistics=context.statistics | statistics, left_out=values_of(sentinels))


def _is_identifier(context: ColumnContext, distribution: Distribution, *, is_ascending: bool) -> bool:
    """Return whether a column of integers, all different, is a counter, or is named like an identifier."""
    rows = context.table.rows
    if rows < FEW_ROWS or len(distribution.values) < rows:
        return False
    consecutive = distribution.values[-1] - distribution.values[0] == rows - 1
    return bool(is_ascending or consecutive or ID_NAME.search(context.column.name))


def _zeros(context: ColumnContext, distribution: Distribution) -> list[Json]:
    """Return a finding of zeros where every other value is far from zero."""
    zeros, count = context.statistics["zeros"], distribution.count
    if not 0 < zeros < ZERO_SHARE * count or context.statistics["negatives"]:
        return []
    positive = 1 - zeros / count
    low, median = (distribution.quantile(1 - positive * (1 - share)) for share in (0.005, 0.5))
    if low < ZERO_DISTANCE * median:
        return []
    rows = context.rows_where(lambda values: values == 0)
    sentence = f"0 stands {counted(zeros, 'time')}, far from all others: it may stand for missing"
    suggestion = "if so, empty these cells, upload again, and let handle_missing fill them"
    return [context.finding("warning", "zeros", sentence, suggestion, zeros, rows)]


def _capped(context: ColumnContext, distribution: Distribution) -> list[Json]:
    """Return a finding where many values equal the maximum."""
    largest_count, *neighbours = distribution.counts(-CAP_NEIGHBOURS - 1, None)[::-1].tolist()
    if (
        distribution.count < FEW_ROWS
        or largest_count < CAP_SHARE * distribution.count
        or largest_count < CAP_TIMES * max(neighbours)
    ):
        return []
    sentence = (
        f"has its largest value, {figure(distribution.values[-1])}, in {counted(largest_count, 'row')}: "
        "larger ones may have been cut off"
    )
    suggestion = "no model can learn what is beyond it; if it is the target, leave these rows out of the file"
    rows = context.rows_where(lambda values: values == distribution.values[-1])
    return [context.finding("info", "capped", sentence, suggestion, largest_count, rows)]


def _extremes(context: ColumnContext, distribution: Distribution) -> list[Json]:
    """Return a finding of values with a wide gap to all others."""
    q25, median, q75 = (context.statistics[name] for name in ("q25", "median", "q75"))
    gap = EXTREME_GAP * (q75 - q25)
    if distribution.count < FEW_ROWS or not 0 < gap < np.inf:
        return []
    low, high = distribution.values[: EXTREMES + 1], distribution.values[-EXTREMES - 1 :]
    with np.errstate(over="ignore"):
        isolated_low = np.flatnonzero(low[1:] - low[:-1] >= np.maximum(gap, EXTREME_WAY * (median - low[1:])))
        isolated_high = np.flatnonzero(high[1:] - high[:-1] >= np.maximum(gap, EXTREME_WAY * (high[:-1] - median)))
    lower = float(low[isolated_low[-1] + 1]) if len(isolated_low) else -np.inf
    upper = float(high[isolated_high[0]]) if len(isolated_high) else np.inf
    count = distribution.outside(lower, upper)
    if not 0 < count <= max(1, EXTREME_SHARE * distribution.count):
        return []
    example = distribution.values[-1] if upper < np.inf else distribution.values[0]
    rows = context.rows_where(lambda values: (values < lower) | (values > upper))
    sentence = f"has {counted(count, 'value')} very far from all the others, such as {figure(example)}"
    suggestion = "look at them: correct them in the file if they are mistakes, and upload it again"
    return [context.finding("warning", "extremes", sentence, suggestion, count, rows)]


def _tails(context: ColumnContext) -> list[Json]:
    """Return a finding of a long tail, or else of many values outside of Tukey's fences, if the quartiles differ."""
    statistics = context.statistics
    count, skew, outliers = statistics["count"], statistics["skew"], statistics["outliers"]
    if count < FEW_ROWS:
        return []
    trees = "trees and boosting take it as it is; linear models, SVR and KNN may do better"
    if skew is not None and abs(skew) > SKEWED:
        sentence = f"has a long tail of {'large' if skew > 0 else 'small'} values (skew {skew:.2f})"
        return [context.finding("info", "skew", sentence, f"{trees} on its logarithm or root", outliers)]
    if statistics["q25"] != statistics["q75"] and outliers > OUTLIER_SHARE * count:
        sentence = f"has {counted(outliers, 'value')} ({share(outliers, count)}) far outside its quartiles"
        return [
            context.finding(
                "info", "outliers", sentence, f"GET /data/outliers lists them; {trees} without them", outliers
            )
        ]
    return []
