"""Order rows so that neighbours are similar and take the same path through a tree."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.array_types import RawColumns

# So many features decide the order; the highest bits of each count before the lower bits of any.
FEATURES = 3
BITS = 5
BINS = 1 << BITS
# By bin its bits, spaced `FEATURES` positions apart.
SPREAD = np.array([sum((bin_ >> bit & 1) << FEATURES * bit for bit in range(BITS)) for bin_ in range(BINS)], np.uint16)


def z_order(columns: RawColumns, names: Sequence[str]) -> NDArray[np.intp]:
    """Return the positions of rows along a Z-order curve over the first three features of `names`.

    Each feature is divided into 32 bins of equally many rows. Morton, "A computer oriented geodetic data base" (1966).
    """
    curve_positions = sum(SPREAD[_bins(columns[name])] << shift for shift, name in enumerate(names[FEATURES - 1 :: -1]))
    # 16-bit integers have a radix sort of their own.
    return np.argsort(np.asarray(curve_positions, np.uint16), kind="stable")


def _bins(values: NDArray[Any]) -> NDArray[np.intp]:
    """Return a bin, 0 to 31, for each value; equal values share it. NaN and texts after the 31st get the last bins."""
    if values.dtype == object:
        texts = values.tolist()
        number = {text: min(position, BINS - 1) for position, text in enumerate(dict.fromkeys(texts))}
        return np.array(list(map(number.__getitem__, texts)))
    order = np.argsort(values)
    ordered = values[order]
    is_new = np.append(True, ordered[1:] != ordered[:-1])
    bins = np.empty(len(values), np.intp)
    bins[order] = np.maximum.accumulate(is_new * np.arange(len(values))) * BINS // len(values)
    return bins
