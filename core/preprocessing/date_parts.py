"""Convert dates to numeric features: seconds since 1970-01-01, and calendar parts."""

from typing import Any

import numpy as np
import pandas as pd

from core.array_types import Floats
from core.cell_values import EARLIEST, LATEST

# The features of a date. The weekday of Monday is 0.
PARTS = ("year", "month", "day", "weekday", "hour")
# 1970-01-01 was a Thursday.
EPOCH_WEEKDAY = 3


def to_seconds(dates: pd.DataFrame) -> Floats:
    """Return the seconds since 1970-01-01, (n rows, k columns) float64 with NaN for missing.

    The columns are datetime64 of any unit (with a time zone they are converted to UTC), or such seconds already.
    """
    return np.column_stack([_seconds(dates[name]) for name in dates])


def _seconds(dates: "pd.Series[Any]") -> Floats:
    """Return one column of dates as seconds since 1970-01-01, float64 with NaN for missing."""
    if dates.dtype.kind != "M":
        return dates.to_numpy(np.float64)
    moments = dates.to_numpy("datetime64[ms]")
    return np.where(np.isnat(moments), np.nan, moments.astype(np.int64) / 1000)


def date_parts(seconds: Floats) -> Floats:
    """Return the `PARTS` of k dates, (n rows, 5 k columns) float64, given seconds since 1970-01-01, (n, k) float64.

    Seconds are clipped to the years 1 to 9999.
    """
    moments = np.floor(np.clip(seconds, EARLIEST, LATEST)).astype(np.int64).astype("datetime64[s]")
    days = moments.astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    parts = [
        months.astype("datetime64[Y]").astype(np.int64) + 1970,
        months.astype(np.int64) % 12 + 1,
        (days - months).astype(np.int64) + 1,
        (days.astype(np.int64) + EPOCH_WEEKDAY) % 7,
        (moments - days).astype(np.int64) // 3600,
    ]
    return np.stack(parts, axis=2).reshape(len(seconds), -1).astype(np.float64)


def part_names(transformer: Any, names: list[str]) -> list[str]:
    """Return the names of the features of `date_parts`, such as `pickup_hour`, with the signature of scikit-learn."""
    return [f"{name}_{part}" for name in names for part in PARTS]
