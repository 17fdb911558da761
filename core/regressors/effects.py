"""Partial dependence and individual curves: how predictions change when one column alone changes.

Friedman, "Greedy Function Approximation: A Gradient Boosting Machine", The Annals of Statistics 29 (2001), section 8.2;
Goldstein et al., "Peeking Inside the Black Box", Journal of Computational and Graphical Statistics 24 (2015).
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.array_types import Floats, RawColumns
from core.cell_values import format_date
from core.manifests import Feature
from core.types import Json

# The most columns, values of a column, and individual curves.
MOST_COLUMNS = 20
MOST_VALUES = 20
CURVES = 16
DIGITS = 6
HOW = (
    "each value of the column replaces that of {rows} rows of training, which are spread over the predictions; mean is "
    "their mean prediction, and each of the curves is one of these rows"
)


def effects(
    predict: Callable[[RawColumns], Floats],
    background: RawColumns,
    sample: RawColumns,
    features: Sequence[Feature],
    *,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
) -> Json:
    """Return the effects of up to 20 columns, in the order of `features`, as far as `seconds` allow.

    `predict` takes raw columns of n values each. The values of a column are those of the `sample` rows: quantiles of
    numbers and dates, the most frequent levels of categories. The columns that the time did not allow, that are too
    many, or that have no value are `left_out`.
    """
    until = clock() + seconds
    rows = len(background[features[0].name])
    found: list[Json] = []
    for feature in features[:MOST_COLUMNS]:
        values = _values(sample[feature.name], feature)
        predicted = _predicted(predict, background, feature.name, values, until, clock)
        if predicted is not None:
            found.append(_effect(feature, values, predicted))
    known = {effect["feature"] for effect in found}
    left_out = [feature.name for feature in features if feature.name not in known]
    return {"how": HOW.format(rows=rows), "rows": rows, "effects": found, "left_out": left_out}


def _predicted(
    predict: Callable[[RawColumns], Floats],
    background: RawColumns,
    name: str,
    values: NDArray[Any],
    until: float,
    clock: Callable[[], float],
) -> Floats | None:
    """Return the predictions by value and row; None without a value, or where the time is over before the last.

    The first value is predicted alone, and then at once as many as there is time for by that, which is faster.
    """
    rows, found, seconds_a_value = len(background[name]), list[Floats](), 0.0
    while len(found) < len(values):
        if (begun := clock()) >= until:
            return None
        count = len(values) - len(found) if found else 1
        if count * seconds_a_value > until - begun:
            count = max(1, int((until - begun) / seconds_a_value))
        chosen = values[len(found) : len(found) + count]
        replaced = {column: np.tile(cells, count) for column, cells in background.items()}
        replaced[name] = np.repeat(chosen, rows).astype(background[name].dtype)
        found.extend(predict(replaced).reshape(count, rows))
        seconds_a_value = (clock() - begun) / count
    return np.array(found) if found else None


def _values(column: NDArray[Any], feature: Feature) -> NDArray[Any]:
    """Return the values of a column that are tried, in order; no missing one."""
    if feature.type == "category":
        counted = Counter(value for value in column.tolist() if value)
        return np.array([level for level, _ in counted.most_common(MOST_VALUES)], object)
    known = np.unique(column[~np.isnan(column)])
    if len(known) <= MOST_VALUES:
        return known
    return np.unique(np.quantile(column[~np.isnan(column)], np.linspace(0, 1, MOST_VALUES), method="nearest"))


def _effect(feature: Feature, values: NDArray[Any], predicted: Floats) -> Json:
    """Return the effect of one column; `predicted` is (values, rows)."""
    shown: list[Any] = values.tolist()
    if feature.type == "date":
        shown = [format_date(value) for value in shown]
    elif feature.type == "boolean":
        shown = [value >= 0.5 for value in shown]
    step = max(1, predicted.shape[1] // CURVES)
    return {
        "feature": feature.name,
        "type": feature.type,
        "values": shown,
        "mean": _rounded(predicted.mean(axis=1)),
        "curves": [_rounded(curve) for curve in predicted.T[step // 2 :: step]],
    }


def _rounded(numbers: Floats) -> list[float | None]:
    """Return numbers with the digits that a chart shows; None for what JSON cannot hold."""
    return [float(f"{number:.{DIGITS}g}") if np.isfinite(number) else None for number in numbers.tolist()]
