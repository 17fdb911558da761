"""What a cell's text means: the words for "no value" and for yes and no, and the ways to write a date.

One table for a CSV at upload (read by Arrow, millions a second) and a JSON record at prediction (read by Python).
"""

import re
from datetime import UTC, datetime, time, timedelta, timezone

# Cells that mean "no value".
_ENGLISH = {"NA", "N/A", "n/a", "na", "#N/A", "#NA", "NaN", "nan", "NULL", "null", "None", "none", "NIL", "nil"}
_CHINESE = {"无", "空", "缺失", "暂无", "不详"}
MISSING = frozenset({"", "-", "--", "?", ".", "…"} | _ENGLISH | _CHINESE)

# Pairs of words for yes and no, in lower case. 1 and 0 are numbers.
BOOLEANS = (
    ("true", "false"),
    ("yes", "no"),
    ("t", "f"),
    ("y", "n"),
    ("on", "off"),
    ("是", "否"),
    ("真", "假"),
)

_TIME = (
    r"(?:[T ]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?P<fraction>[.,]\d{1,9})?)?"
    r"(?: ?(?P<half>[AaPp][Mm]))?(?: ?(?P<zone>Z|[+-]\d{2}:?\d{2}))?)?"
)
# The day's part of a date, by the name that `Column.format` holds. Python's `re` and Arrow's RE2 both read them.
# The order is the order of trying: what fits both month/day and day/month is month/day, with a warning.
DATE_FORMATS = {
    "Y-M-D": r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})" + _TIME,
    "Y年M月D日": r"(?P<year>\d{4})年(?P<month>\d{1,2})月(?P<day>\d{1,2})日" + _TIME,
    "M/D/Y": r"(?P<month>\d{1,2})[-/](?P<day>\d{1,2})[-/](?P<year>\d{4})" + _TIME,
    "D/M/Y": r"(?P<day>\d{1,2})[-/](?P<month>\d{1,2})[-/](?P<year>\d{4})" + _TIME,
    "D.M.Y": r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})" + _TIME,
    "D Mon Y": r"(?P<day>\d{1,2})[- ](?P<name>[A-Za-z]{3,9})[- ,]+(?P<year>\d{4})" + _TIME,
    "Mon D Y": r"(?P<name>[A-Za-z]{3,9})[- ](?P<day>\d{1,2})[- ,]+(?P<year>\d{4})" + _TIME,
}
MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# The first and the last second that a date can be, years 1 to 9999, counted from 1970-01-01.
EARLIEST = -62_135_596_800.0
LATEST = 253_402_300_799.0


def month_number(name: str) -> int | None:
    """1 to 12 for an English month name or its first three letters, in any case; None for another word."""
    lower = name.lower()
    for number, month in enumerate(MONTHS, start=1):
        if lower in (month, month[:3]) or (month == "september" and lower == "sept"):
            return number
    return None


def read_boolean(text: str) -> bool | None:
    """What a word for yes or no means, or None for any other word."""
    lower = text.strip().lower()
    for yes, no in BOOLEANS:
        if lower in (yes, no):
            return lower == yes
    return None


def read_date(text: str, preferred: str | None = None) -> float | None:
    """Seconds since 1970-01-01 of a date or timestamp, or None when it is none.

    Wall-clock time as written; one with an offset is taken to UTC. `preferred` (a key of `DATE_FORMATS`) is tried
    first and then the others, so that a file's own way to write dates wins over the usual one.
    """
    order = [preferred, *DATE_FORMATS] if preferred else [*DATE_FORMATS]
    for name in order:
        found = re.fullmatch(DATE_FORMATS[name], text.strip(), re.ASCII)
        seconds = _seconds(found.groupdict()) if found else None
        if seconds is not None:
            return seconds
    return None


def moment(seconds: float) -> datetime:
    """Seconds since 1970-01-01 as the wall clock showed them (naive), to the millisecond."""
    return (EPOCH + timedelta(milliseconds=round(1000 * seconds))).replace(tzinfo=None)


def write_date(date: float | datetime) -> str:
    """Seconds since 1970-01-01, or a `moment`, as ISO 8601: the day alone at midnight, with milliseconds if any."""
    shown = date if isinstance(date, datetime) else moment(date)
    if shown.time() == time.min:
        return shown.date().isoformat()
    return shown.isoformat(sep=" ", timespec="milliseconds" if shown.microsecond else "seconds")


def _seconds(parts: dict[str, str | None]) -> float | None:
    month = month_number(parts["name"] or "") if "name" in parts else int(parts["month"] or 0)
    hour = int(parts["hour"] or 0)
    if parts["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if parts["half"].lower() == "pm" else 0)
    zone = UTC
    try:
        if parts["zone"] not in (None, "Z"):
            sign, hours, minutes = parts["zone"][0], int(parts["zone"][1:3]), int(parts["zone"][-2:])
            zone = timezone((1 if sign == "+" else -1) * timedelta(hours=hours, minutes=minutes))
        moment = datetime(
            int(parts["year"] or 0), month or 0, int(parts["day"] or 0), hour, int(parts["minute"] or 0),
            int(parts["second"] or 0), tzinfo=zone,
        )  # fmt: skip
    except ValueError:
        return None
    fraction = float("0" + (parts["fraction"] or ".0").replace(",", "."))
    return (1000 * (moment - EPOCH).total_seconds() + round(1000 * fraction)) / 1000
