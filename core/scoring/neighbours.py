"""An order of rows in which neighbours are alike, so that one after the other takes the same way through a tree."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Features that make rows alike, and bits of each.
FEATURES = 4
BITS = 6
BINS = 1 << BITS

Bins = NDArray[np.uint8]


def along_curve(columns: Mapping[str, NDArray[Any]], names: Sequence[str]) -> NDArray[np.intp]:
    """An order of the rows of raw `columns` along a Hilbert curve over the features `names`, of which the first count.

    Each feature is cut into 64 bins of as many rows each.
    """
    return np.argsort(hilbert_index(np.array([_bins(columns[name]) for name in names[:FEATURES]])))


def hilbert_index(points: Bins) -> NDArray[np.int64]:
    """How far along the curve each point is, for points (dimensions, n) of 0 to 63; neighbours on it touch.

    Skilling, "Programming the Hilbert curve", AIP Conference Proceedings 707 (2004).
    """
    points = points.copy()
    first, last = points[0], points[-1]
    bits = [np.uint8(1 << bit) for bit in range(BITS - 1, 0, -1)]
    for bit in bits:
        below = np.uint8(bit - 1)
        for place in range(len(points)):
            is_set = points[place] & bit != 0
            swapped = (first ^ points[place]) & below * ~is_set
            first ^= swapped
            points[place] ^= swapped
            first ^= below * is_set
    for place in range(1, len(points)):
        points[place] ^= points[place - 1]
    turned = np.zeros_like(last)
    for bit in bits:
        turned ^= np.uint8(bit - 1) * (last & bit != 0)
    points ^= turned
    # The bits of all dimensions by turns, the highest first.
    spread = np.array([sum((value >> bit & 1) << len(points) * bit for bit in range(BITS)) for value in range(BINS)])
    index: NDArray[np.int64] = sum(spread[axis] << shift for shift, axis in enumerate(points[::-1]))
    return index


def _bins(values: NDArray[Any]) -> Bins:
    """0 to 63 for each value, equal ones in the same bin; NaN and, of texts, whatever comes late is in the last one."""
    if values.dtype == object:
        texts = values.tolist()
        number = {text: min(position, BINS - 1) for position, text in enumerate(dict.fromkeys(texts))}
        return np.fromiter(map(number.__getitem__, texts), np.uint8, len(texts))
    cuts = np.sort(values)[np.arange(1, BINS) * len(values) // BINS]
    return np.searchsorted(cuts, values, side="right").astype(np.uint8)
