"""Dates as numbers that a regressor can learn from: seconds since 1970-01-01, and the parts of a calendar."""

from typing import Any

import numpy as np
import pandas as pd

from core.array_types import Floats
from core.cell_values import EARLIEST, LATEST

# What a date becomes. The weekday counts from Monday, 0.
PARTS = ("year", "month", "day", "weekday", "hour")
# 1970-01-01 was a Thursday.
EPOCH_WEEKDAY = 3


def to_seconds(dates: pd.DataFrame) -> Floats:
    """float64 (n rows, k columns) seconds since 1970-01-01 with NaN for missing.

    Takes datetime64 columns of any unit (those with a time zone go to UTC), and columns that are such seconds already.
    """
    return np.column_stack([_seconds(dates[name]) for name in dates])


def _seconds(dates: "pd.Series[Any]") -> Floats:
    if dates.dtype.kind != "M":
        return dates.to_numpy(np.float64)
    moments = dates.to_numpy("datetime64[ms]")
    return np.where(np.isnat(moments), np.nan, moments.astype(np.int64) / 1000)


def date_parts(seconds: Floats) -> Floats:
    """float64 (n rows, 5 k columns): the `PARTS` of each of k dates, in float64 seconds since 1970-01-01.

    A second beyond the years 1 to 9999 counts as the first or last one of them.
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
    """What `date_parts` makes of these columns, such as `pickup_hour`; in the form that scikit-learn asks for names."""
    return [f"{name}_{part}" for name in names for part in PARTS]
