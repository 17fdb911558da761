"""The meaning of a cell's text: the words for a missing value, for true and false, and the formats of dates.

Both a CSV at upload (read by Arrow, millions a second) and a JSON record at prediction (read by Python) follow it.
"""

import re
from datetime import UTC, datetime, time, timedelta, timezone

# Cells that mean a missing value, to every reader.
_ENGLISH = {"NA", "N/A", "n/a", "na", "#N/A", "#NA", "NaN", "nan", "NULL", "null", "None", "none", "NIL", "nil"}
_CHINESE = {"无", "空", "缺失", "暂无", "不详"}
USUAL_MISSING = frozenset({"", "-", "--", "?", ".", "…"} | _ENGLISH | _CHINESE)
# The spellings of spreadsheets, databases, statistical offices and printed floats. A warning says where they stand.
_SPREADSHEETS = {
    *("#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#GETTING_DATA", "#N/A N/A"),
    *("#WERT!", "#BEZUG!", "#ZAHL!", "#NV", "#VALEUR!", "#NOMBRE!", "#NOM?", "#N/D", "#¡DIV/0!", "#¡VALOR!"),
    *("#¡REF!", "#¡NUM!", "#¿NOMBRE?", "#ERROR!", "Err:502", "Err:508", "Err:522"),
}
_DATABASES = {
    "\\N",
    "(null)",
    "(NULL)",
    "(Null)",
    "<NA>",
    "<na>",
    "<null>",
    "<NULL>",
    "[NULL]",
    "[null]",
    "NaT",
    "NONE",
}
_OFFICES = {
    *("..", "...", ":", "—", "–", "---", "----", "n.a.", "N.A.", "n.a", "N.A", "n. a.", "N/a", "n/d", "N/D", "n.d."),
    *("k.A.", "k. A.", "Null", "Nil", "不适用", "无数据"),
}
_FLOATS = {"NAN", "Nan", "-nan", "-NaN", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"}
UNUSUAL_MISSING = frozenset(_SPREADSHEETS | _DATABASES | _OFFICES | _FLOATS)
MISSING = USUAL_MISSING | UNUSUAL_MISSING

# Pairs of words for true and false, in lower case. 1 and 0 are numbers.
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
# The patterns of dates, by the name that `Column.format` has, for Python's `re` and Arrow's RE2 alike. They are tried
# in this order: a date that fits both month/day and day/month is month/day, with a warning.
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
# The first and the last second of a date, in the years 1 to 9999, counted from 1970-01-01.
EARLIEST = -62_135_596_800.0
LATEST = 253_402_300_799.0


def month_number(name: str) -> int | None:
    """Return 1 to 12 for an English month name or its first three letters, in any case; None for another word."""
    lower = name.lower()
    for number, month in enumerate(MONTHS, start=1):
        if lower in (month, month[:3]) or (month == "september" and lower == "sept"):
            return number
    return None


def parse_boolean(text: str) -> bool | None:
    """Return the meaning of a word for true or false, or None for another word."""
    lower = text.strip().lower()
    for yes, no in BOOLEANS:
        if lower in (yes, no):
            return lower == yes
    return None


def parse_date(text: str, preferred: str | None = None) -> float | None:
    """Return the seconds since 1970-01-01 of a date or timestamp, or None for another text.

    The wall-clock time counts as written; one with an offset is converted to UTC. `preferred`, a key of `DATE_FORMATS`,
    is tried before the others, so a file's own format takes precedence.
    """
    order = [preferred, *DATE_FORMATS] if preferred else [*DATE_FORMATS]
    for name in order:
        match = re.fullmatch(DATE_FORMATS[name], text.strip(), re.ASCII)
        seconds = _seconds(match.groupdict()) if match else None
        if seconds is not None:
            return seconds
    return None


def to_datetime(seconds: float) -> datetime:
    """Return the naive datetime of seconds since 1970-01-01, to the millisecond."""
    return (EPOCH + timedelta(milliseconds=round(1000 * seconds))).replace(tzinfo=None)


def format_date(date: float | datetime) -> str:
    """Return a naive datetime, or seconds since 1970-01-01, as ISO 8601.

    At midnight it is the day alone; milliseconds are written only if there are any.
    """
    moment = date if isinstance(date, datetime) else to_datetime(date)
    if moment.time() == time.min:
        return moment.date().isoformat()
    return moment.isoformat(sep=" ", timespec="milliseconds" if moment.microsecond else "seconds")


def _seconds(parts: dict[str, str | None]) -> float | None:
    """Return the seconds since 1970-01-01 of the groups of a date pattern; None for an impossible date."""
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
