"""Parse columns of dates: from texts to timestamps, a whole block at once."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.array_types import Ints
from core.cell_values import DATE_FORMATS, month_number

DATE = pa.timestamp("ms")
MILLISECONDS = {"hour": 3_600_000, "minute": 60_000, "second": 1000}


def parse_dates(texts: pa.Array, date_format: str) -> pa.Array | None:
    """Return timestamp[ms] of texts in one format, a key of `DATE_FORMATS`; None where one does not fit.

    Times are wall-clock times as written; those with an offset are converted to UTC, as by
    `core.cell_values.parse_date`.
    """
    encoded = texts.dictionary_encode()
    parts = pc.extract_regex(encoded.dictionary, f"^(?:{DATE_FORMATS[date_format]})$")
    if parts.null_count:
        return None
    fields = dict(zip((field.name for field in parts.type), parts.flatten(), strict=True))
    days = _days(fields)
    clock = _clock(fields)
    if days is None or clock is None:
        return None
    moments = pa.array(days * 24 * MILLISECONDS["hour"] + clock, pa.int64()).cast(DATE)
    return moments.take(encoded.indices)


def _days(fields: dict[str, pa.Array]) -> Ints | None:
    """Return days since 1970-01-01 (int64); None where a date does not exist."""
    year, day = _numbers(fields["year"]), _numbers(fields["day"])
    month = _months(fields["name"]) if "name" in fields else _numbers(fields["month"])
    if not np.all((year >= 1) & (month >= 1) & (month <= 12) & (day >= 1)):
        return None
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (day - 1)
    return days.astype(np.int64) if np.array_equal(days.astype("datetime64[M]"), months) else None


def _clock(fields: dict[str, pa.Array]) -> Ints | None:
    """Return milliseconds since midnight in UTC (int64); None where a time does not exist."""
    hour, minute, second = (_numbers(fields[name]) for name in MILLISECONDS)
    half = np.asarray(pc.utf8_lower(fields["half"]))
    is_twelve_hour = half != ""
    utc_offsets = _offsets(fields["zone"])
    is_valid = (hour < 24) & (minute < 60) & (second < 60) & (~is_twelve_hour | ((hour >= 1) & (hour <= 12)))
    if utc_offsets is None or not np.all(is_valid):
        return None
    hour = np.where(is_twelve_hour, hour % 12 + 12 * (half == "pm"), hour)
    fraction = pc.replace_substring(fields["fraction"], ",", ".")
    seconds = pc.binary_join_element_wise("0", pc.if_else(pc.equal(fraction, ""), ".0", fraction), "")
    thousandths = np.rint(1000 * np.asarray(seconds.cast(pa.float64()))).astype(np.int64)
    clock: Ints = (
        hour * MILLISECONDS["hour"]
        + minute * MILLISECONDS["minute"]
        + second * MILLISECONDS["second"]
        + thousandths
        - utc_offsets
    )
    return clock


def _offsets(zones: pa.Array) -> Ints | None:
    """Return the offsets from UTC in milliseconds (int64); None where one is a day or more."""
    encoded = zones.dictionary_encode()
    offsets = [_offset(zone) for zone in encoded.dictionary.to_pylist()]
    known = [offset for offset in offsets if offset is not None]
    return _by_row(known, encoded) if len(known) == len(offsets) else None


def _offset(zone: str) -> int | None:
    """Return the milliseconds that a zone such as "+02:00" is ahead of UTC; None for a day or more."""
    if zone in ("", "Z"):
        return 0
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    if hours > 23 or minutes > 59:
        return None
    return (-1 if zone[0] == "-" else 1) * (hours * MILLISECONDS["hour"] + minutes * MILLISECONDS["minute"])


def _months(names: pa.Array) -> Ints:
    """Return the numbers of months by name, 0 for another word."""
    encoded = names.dictionary_encode()
    return _by_row([month_number(name) or 0 for name in encoded.dictionary.to_pylist()], encoded)


def _by_row(values: list[int], encoded: pa.DictionaryArray) -> Ints:
    """Return the value of each row's level in `encoded`, given one value for each level."""
    by_row: Ints = np.array(values, np.int64)[np.asarray(encoded.indices)]
    return by_row


def _numbers(texts: pa.Array) -> Ints:
    """Convert texts of digits to int64; an empty one is 0."""
    return np.asarray(pc.if_else(pc.equal(texts, ""), "0", texts).cast(pa.int64()), np.int64)
