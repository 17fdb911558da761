"""Parse columns of dates and of times of day: from texts to values, a whole block at once.

`core.cell_values` reads single texts by the same patterns, to the same values.
"""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.array_types import Ints
from core.cell_values import DAY
from core.date_formats import (
    CLOCK,
    EXCEL_EPOCH,
    PATTERNS,
    PLAIN,
    full_year,
    is_second_half,
    offset_minutes,
    parts_of,
    quarter_number,
    semester_number,
)
from core.month_names import month_number

DATE = pa.timestamp("ms")
MILLISECONDS = {"hour": 3_600_000, "minute": 60_000, "second": 1000}
# The first and the last week of a year are the ones with 4 January and 28 December.
WEEK_ANCHOR = 3
EARLY_DAY, LATE_DAY, LAST_DAY = 9, 27, 31


def parse_dates(texts: pa.Array, date_format: str) -> pa.Array | None:
    """Return timestamp[ms] of texts in one format, a key of `PATTERNS`; None where one does not fit.

    Times are wall-clock times as written; those with an offset are converted to UTC, as by
    `core.cell_values.parse_date`.
    """
    first = texts[0].as_py() if len(texts) else None
    # Arrow compiles a pattern in each call, and Python once: the first text rules out most formats.
    if first is not None and parts_of(first, PATTERNS[date_format]) is None:
        return None
    encoded = texts.dictionary_encode()
    parts = _parts(encoded.dictionary, PLAIN[date_format]) if date_format in PLAIN else None
    parts = parts or _parts(encoded.dictionary, PATTERNS[date_format])
    if parts is None or (date_format == "Mon y" and _are_days(parts["short"])):
        return None
    if date_format == "Y-M" and _are_seasons(parts):
        return None
    moments = _moments(parts)
    return None if moments is None else pa.array(moments, pa.int64()).cast(DATE).take(encoded.indices)


def _are_days(numbers: pa.Array) -> bool:
    """Return whether the numbers beside months, "Mar 13", are days rather than years: from 1 to 31, most of that range.

    Years from before 2010 to after 2026 would be of the past and of the future.
    """
    low, high = pc.min_max(numbers.cast(pa.int64())).as_py().values() if len(numbers) else (0, 0)
    return bool(1 <= low <= EARLY_DAY and LATE_DAY <= high <= LAST_DAY)


def _are_seasons(parts: dict[str, pa.Array]) -> bool:
    """Return whether several texts such as 2010-11 and 2011-12 all have the next year behind the year."""
    year, following = _numbers(parts["year"]), _numbers(parts["month"])
    return len(year) > 1 and bool(np.all((year + 1) % 100 == following))


def parse_clocks(texts: pa.Array) -> pa.Array | None:
    """Return the seconds since midnight (float64) of times of day; None where a text is none.

    `core.cell_values.parse_clock` reads a single text the same way.
    """
    first = texts[0].as_py() if len(texts) else None
    if first is not None and parts_of(first, CLOCK) is None:
        return None
    encoded = texts.dictionary_encode()
    parts = _parts(encoded.dictionary, CLOCK)
    clock = None if parts is None else _clock(parts)
    return None if clock is None else pa.array(clock / 1000, pa.float64()).take(encoded.indices)


def _parts(texts: pa.Array, pattern: str) -> dict[str, pa.Array] | None:
    """Return the parts of texts by name, "" for an absent one; None where a text does not match the pattern."""
    found = pc.extract_regex(texts, f"^(?:{pattern})$")
    if found.null_count:
        return None
    parts: dict[str, pa.Array] = {}
    for field, values in zip(found.type, found.flatten(), strict=True):
        name = field.name.split("_")[0]
        parts[name] = pc.binary_join_element_wise(parts[name], values, "") if name in parts else values
    return parts


def _moments(parts: dict[str, pa.Array]) -> Ints | None:
    """Return milliseconds since 1970-01-01 in UTC (int64); None where a date or a time does not exist."""
    if "serial" in parts:
        days_since_epoch = np.asarray(parts["serial"].cast(pa.float64())) - EXCEL_EPOCH
        in_excel: Ints = np.rint(days_since_epoch * DAY).astype(np.int64)
        return in_excel
    days = _days(parts)
    clock = _clock(parts) if "hour" in parts else np.int64(0)
    ahead = _mapped(parts["zone"], offset_minutes) if "zone" in parts else np.int64(0)
    if days is None or clock is None or ahead is None:
        return None
    moments: Ints = days * DAY + clock - ahead * MILLISECONDS["minute"]
    return moments


def _days(parts: dict[str, pa.Array]) -> Ints | None:
    """Return days since 1970-01-01 (int64); None where a date does not exist."""
    year = _mapped(parts["short"], lambda text: full_year(int(text))) if "short" in parts else _numbers(parts["year"])
    if year is None or not np.all(year >= 1):
        return None
    if "week" in parts:
        return _mondays(year, _numbers(parts["week"]))
    month, day = _months(parts), _numbers(parts["day"]) if "day" in parts else np.int64(1)
    if month is None or not np.all((month >= 1) & (month <= 12) & (day >= 1)):
        return None
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (day - 1)
    return days.astype(np.int64) if np.array_equal(days.astype("datetime64[M]"), months) else None


def _months(parts: dict[str, pa.Array]) -> Ints | None:
    """Return the numbers of months; None where a name is no month's."""
    if "quarter" in parts:
        quarters = _mapped(parts["quarter"], quarter_number)
        return None if quarters is None else 3 * quarters - 2
    if "semester" in parts:
        semesters = _mapped(parts["semester"], semester_number)
        return None if semesters is None else 6 * semesters - 5
    return _mapped(parts["name"], month_number) if "name" in parts else _numbers(parts["month"])


def _mondays(year: Ints, week: Ints) -> Ints | None:
    """Return the first days of ISO weeks, as days since 1970-01-01; None where a year has no such week."""
    fourth = (year - 1970).astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64) + WEEK_ANCHOR
    mondays = fourth - (fourth + WEEK_ANCHOR) % 7 + 7 * (week - 1)
    # A week is in the year of its Thursday.
    thursdays = (mondays + 3).astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    return mondays if np.all((week >= 1) & (thursdays == year)) else None


def _clock(parts: dict[str, pa.Array]) -> Ints | None:
    """Return milliseconds since midnight (int64); None where a time does not exist."""
    hour, minute, second = (_numbers(parts[name]) for name in MILLISECONDS)
    if not np.all((hour <= 24) & (minute < 60) & (second < 60)):
        return None
    if "half" in parts:
        is_twelve_hour = np.asarray(pc.not_equal(parts["half"], "").cast(pa.uint8()), bool)
        is_second = _mapped(parts["half"], lambda text: is_second_half(text) if text else False)
        if is_second is None or not np.all(~is_twelve_hour | ((hour >= 1) & (hour <= 12))):
            return None
        hour = np.where(is_twelve_hour, hour % 12 + 12 * is_second, hour)
    fraction = pc.replace_substring(parts["fraction"], ",", ".")
    seconds = pc.binary_join_element_wise("0", pc.if_else(pc.equal(fraction, ""), ".0", fraction), "")
    thousandths = np.rint(1000 * np.asarray(seconds.cast(pa.float64()))).astype(np.int64)
    clock: Ints = (
        hour * MILLISECONDS["hour"] + minute * MILLISECONDS["minute"] + second * MILLISECONDS["second"] + thousandths
    )
    # 24:00 is the end of a day; 24:01 is no time.
    return clock if np.all((hour < 24) | (clock == DAY)) else None


def _mapped(texts: pa.Array, meaning: Callable[[str], int | None]) -> Ints | None:
    """Return the meaning of each text (int64), found once for each different one; None where one has none."""
    encoded = texts.dictionary_encode()
    meanings = [meaning(text) for text in encoded.dictionary.to_pylist()]
    known = [number for number in meanings if number is not None]
    if len(known) < len(meanings):
        return None
    by_row: Ints = np.array(known, np.int64)[np.asarray(encoded.indices)]
    return by_row


def _numbers(texts: pa.Array) -> Ints:
    """Convert texts of digits to int64; an empty one is 0."""
    return np.asarray(pc.if_else(pc.equal(texts, ""), "0", texts).cast(pa.int64()), np.int64)
