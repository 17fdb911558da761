"""An order of rows in which neighbours are alike, so that one after the other takes the same way through a tree."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Features that make rows alike; the first bits of each go before the last bits of any.
FEATURES = 3
BITS = 6
BINS = 1 << BITS
# By bin: its bits, `FEATURES` places apart.
SPREAD = np.array([sum((bin_ >> bit & 1) << FEATURES * bit for bit in range(BITS)) for bin_ in range(BINS)])


def along_curve(columns: Mapping[str, NDArray[Any]], names: Sequence[str]) -> NDArray[np.intp]:
    """An order of the rows of raw `columns` along a Z-order curve over the features `names`, of which the first count.

    Each feature is cut into 64 bins of as many rows each. Morton, "A computer oriented geodetic data base" (1966).
    """
    places = sum(SPREAD[_bins(columns[name])] << shift for shift, name in enumerate(names[FEATURES - 1 :: -1]))
    return np.argsort(places)


def _bins(values: NDArray[Any]) -> NDArray[np.intp]:
    """0 to 63 for each value, equal ones in one bin; NaN and, of texts, whatever comes last are in the last ones."""
    if values.dtype == object:
        texts = values.tolist()
        number = {text: min(position, BINS - 1) for position, text in enumerate(dict.fromkeys(texts))}
        return np.array(list(map(number.__getitem__, texts)))
    order = np.argsort(values)
    ordered = values[order]
    begins = np.append(True, ordered[1:] != ordered[:-1])
    bins = np.empty(len(values), np.intp)
    bins[order] = np.maximum.accumulate(begins * np.arange(len(values))) * BINS // len(values)
    return bins
