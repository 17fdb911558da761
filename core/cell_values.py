"""The meaning of a cell's text: the words for a missing value, for true and false, and dates.

Both a CSV at upload (read by Arrow, millions a second) and a JSON record at prediction (read by Python) follow it.
"""

from datetime import UTC, date, datetime, time, timedelta

from core.date_formats import (
    CLOCK,
    DATE_FORMATS,
    EXCEL_EPOCH,
    FIRST_PART,
    PATTERNS,
    full_year,
    is_second_half,
    offset_minutes,
    parts_of,
    quarter_number,
    semester_number,
)
from core.month_names import month_number

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

# In milliseconds.
DAY = 86_400_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# The first and the last second of a date, in the years 1 to 9999, counted from 1970-01-01.
EARLIEST = -62_135_596_800.0
LATEST = 253_402_300_799.0


def parse_boolean(text: str) -> bool | None:
    """Return the meaning of a word for true or false, or None for another word."""
    lower = text.strip().lower()
    for yes, no in BOOLEANS:
        if lower in (yes, no):
            return lower == yes
    return None


def parse_date(text: str, preferred: str | None = None) -> float | None:
    """Return the seconds since 1970-01-01 of a date or timestamp, or None for another text.

    The wall-clock time counts as written; one with an offset is converted to UTC. `preferred`, a key of `PATTERNS`, is
    the format of a file. A text in another format counts only if it cannot be taken for two dates, has a day if the
    preferred format has one, and does not contradict its order of day and month. Without `preferred` the first format
    counts.
    """
    stripped = text.strip()
    if preferred is None:
        return next((seconds for name in DATE_FORMATS if (seconds := read_date(stripped, name)) is not None), None)
    seconds = read_date(stripped, preferred)
    if seconds is not None:
        return seconds
    readings = {seconds for name in _also_allowed(preferred) if (seconds := read_date(stripped, name)) is not None}
    return readings.pop() if len(readings) == 1 else None


def _also_allowed(preferred: str) -> list[str]:
    """Return the formats that a text may have beside the preferred one."""
    first, is_of_days = FIRST_PART.get(preferred), "<day>" in PATTERNS[preferred] or preferred == "Excel"
    return [
        name
        for name, pattern in DATE_FORMATS.items()
        if (not first or "." in name or FIRST_PART.get(name, first) == first) and (not is_of_days or "<day>" in pattern)
    ]


def read_date(text: str, name: str) -> float | None:
    """Return the seconds since 1970-01-01 of a text in the format `name` of `PATTERNS`; None for another text."""
    parts = parts_of(text, PATTERNS[name])
    if parts is None:
        return None
    if "serial" in parts:
        return round((float(parts["serial"]) - EXCEL_EPOCH) * DAY) / 1000
    try:
        day, time_of_day = _day(parts), _time_of_day(parts) if "hour" in parts else 0
    except ValueError:
        return None
    ahead = offset_minutes(parts.get("zone", ""))
    if time_of_day is None or ahead is None:
        return None
    return (DAY * (day.toordinal() - EPOCH.toordinal()) + time_of_day - 60_000 * ahead) / 1000


def parse_clock(text: str) -> float | None:
    """Return the seconds since midnight of a time of day such as 14:35, 2:35 PM or 14时35分; None for another text."""
    parts = parts_of(text.strip(), CLOCK)
    milliseconds = _time_of_day(parts) if parts else None
    return None if milliseconds is None else milliseconds / 1000


def to_datetime(seconds: float) -> datetime:
    """Return the naive datetime of seconds since 1970-01-01, to the millisecond."""
    return (EPOCH + timedelta(milliseconds=round(1000 * seconds))).replace(tzinfo=None)


def format_date(value: float | datetime) -> str:
    """Return a naive datetime, or seconds since 1970-01-01, as ISO 8601.

    At midnight it is the day alone; milliseconds are written only if there are any.
    """
    moment = value if isinstance(value, datetime) else to_datetime(value)
    if moment.time() == time.min:
        return moment.date().isoformat()
    return moment.isoformat(sep=" ", timespec="milliseconds" if moment.microsecond else "seconds")


def _day(parts: dict[str, str]) -> date:
    """Return the first day that the parts of a date stand for; raises `ValueError` for one that does not exist."""
    year = full_year(int(parts["short"])) if "short" in parts else int(parts["year"])
    if "week" in parts:
        return date.fromisocalendar(year, int(parts["week"]), 1)
    if "quarter" in parts:
        return date(year, 3 * quarter_number(parts["quarter"]) - 2, 1)
    if "semester" in parts:
        return date(year, 6 * semester_number(parts["semester"]) - 5, 1)
    month = month_number(parts["name"]) if "name" in parts else int(parts["month"])
    return date(year, month or 0, int(parts.get("day", 1)))


def _time_of_day(parts: dict[str, str]) -> int | None:
    """Return the milliseconds since midnight, 0 without a time; None for a time that does not exist."""
    hour, minute, second = (int(parts[name] or 0) for name in ("hour", "minute", "second"))
    if parts.get("half"):
        is_second = is_second_half(parts["half"])
        if is_second is None or not 1 <= hour <= 12:
            return None
        hour = hour % 12 + 12 * is_second
    if hour > 24 or minute > 59 or second > 59:
        return None
    thousandths = round(1000 * float("0" + (parts["fraction"] or ".0").replace(",", ".")))
    milliseconds = 1000 * (3600 * hour + 60 * minute + second) + thousandths
    # 24:00 is the end of a day; 24:01 is no time.
    return milliseconds if hour < 24 or milliseconds == DAY else None
