"""Error by segment: on which rows of the holdout a model errs more than on others."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.array_types import Floats
from core.cell_values import format_date
from core.manifests import Column
from core.regressors.splits import Split, evenly_spaced
from core.types import Json

# Enough rows to see a difference, and few enough that thousands of columns take no time.
ROWS = 4000
# Fewer rows say nothing about the error of a segment.
FEWEST_ROWS = 10
QUANTILES = 4
LEVELS = 6
# The columns whose segments differ most are kept.
KEPT = 8

Members = NDArray[np.bool_]


def error_segments(data: Split, predicted: Floats) -> list[Json]:
    """Return the error in segments of the holdout: by the prediction, then by the columns where it differs most.

    `predicted` are the predictions of the holdout, (n,) float64; up to 4,000 of its rows are used. Each entry has
    `feature` (None for the prediction itself) and `segments`: `kind` (`range`, `level`, `others`, `missing`), `low`
    and `high` or `value`, the number of `rows`, `mae`, and `mean_error`, the mean of actual minus predicted.
    """
    chosen = evenly_spaced(len(predicted), ROWS)
    residuals = data.test_y[chosen] - predicted[chosen]
    frame = data.test_x.iloc[chosen]
    overall = float(np.abs(residuals).mean())
    by_prediction = _entry(None, _ranges(predicted[chosen]), residuals)
    entries = [_entry(column.name, _segments(column, frame[column.name]), residuals) for column in data.columns]
    differing = [entry for entry in entries if _difference(entry) > 0 and overall > 0]
    differing.sort(key=_difference, reverse=True)
    return [*([by_prediction] if by_prediction["segments"] else []), *differing[:KEPT]]


def _entry(feature: str | None, segments: Iterator[tuple[Json, Members]], residuals: Floats) -> Json:
    """Return the errors in the segments of a column that have enough rows."""
    found = []
    for segment, members in segments:
        rows = int(np.count_nonzero(members))
        if rows >= FEWEST_ROWS:
            inside = residuals[members]
            found.append(
                {**segment, "rows": rows, "mae": float(np.abs(inside).mean()), "mean_error": float(inside.mean())}
            )
    return {"feature": feature, "segments": found if len(found) > 1 else []}


def _difference(entry: Json) -> float:
    """Return how much the error of the worst segment of an entry exceeds that of the best."""
    errors = [segment["mae"] for segment in entry["segments"]]
    return max(errors) - min(errors) if errors else 0.0


def _segments(column: Column, values: "pd.Series[Any]") -> Iterator[tuple[Json, Members]]:
    """Yield the segments of a column, each with its rows."""
    if column.type == "category":
        yield from _levels(values)
        return
    numbers = values.to_numpy(np.float64)
    if column.type == "boolean":
        for number, word in ((0.0, "false"), (1.0, "true")):
            yield {"kind": "level", "value": word}, numbers == number
    else:
        yield from _ranges(numbers, dates=column.type == "date")
    yield {"kind": "missing"}, np.isnan(numbers)


def _ranges(numbers: Floats, *, dates: bool = False) -> Iterator[tuple[Json, Members]]:
    """Yield ranges of about equally many rows; each ends below the next, but the last one includes its end."""
    known = numbers[~np.isnan(numbers)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, QUANTILES + 1), method="lower")) if len(known) else known
    if len(edges) < 2:
        return
    written = format_date if dates else float
    for position, (low, high) in enumerate(pairwise(edges)):
        is_last = position == len(edges) - 2
        segment = {"kind": "range", "low": written(low), "high": written(high)}
        yield segment, (numbers >= low) & ((numbers <= high) if is_last else (numbers < high))


def _levels(values: "pd.Series[Any]") -> Iterator[tuple[Json, Members]]:
    """Yield the most frequent levels, the others together, and the rows without one."""
    missing = values.isna().to_numpy()
    frequent = values.value_counts().index[:LEVELS]
    for level in frequent:
        yield {"kind": "level", "value": str(level)}, (values == level).to_numpy()
    yield {"kind": "others"}, ~values.isin(frequent).to_numpy() & ~missing
    yield {"kind": "missing"}, missing
