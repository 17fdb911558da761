"""The formats of dates and times of day: patterns for Python's `re` and Arrow's RE2 alike, and what their parts mean.

A group whose name ends in `_2` or `_3` is another place for the same part; only one of them has text.
"""

import re

from core.month_names import LETTER, LONGEST, SHORTEST, WEEKDAYS

# Python reads `\d` as other digits too unless its flag `re.ASCII` is set; RE2 does not.
_BLANKS = " \u00a0\u202f"
_GAP = f"[{_BLANKS}]"
# Halves of the day, in lower case and without dots; true for the second one.
_HALVES = {
    "am": False,
    "pm": True,
    "上午": False,
    "下午": True,
    "午前": False,
    "午後": True,
    "오전": False,
    "오후": True,
}
_HALF = r"[AaPp]\.?[Mm]\.?|上午|下午|午前|午後|오전|오후"
# CST is left out, because it is -06:00 in America and +08:00 in China.
_ZONES = {"EST": -5, "EDT": -4, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "CET": 1, "CEST": 2, "JST": 9}
_ZONE = (
    rf"(?P<zone>[Zz]|[+-]\d{{2}}(?::?\d{{2}})?|(?:UTC|GMT|UT)(?:[+-]\d{{1,2}}(?::?\d{{2}})?)?|{'|'.join(_ZONES)})"
    rf"(?:{_GAP}?\([^()]*\)|\[[^\[\]]*\])?"
)
_CLOCK = (
    rf"(?:(?P<half_2>{_HALF}){_GAP}*)?(?P<hour>\d{{1,2}})"
    r"(?::(?P<minute>\d{2})(?::(?P<second>\d{2})(?P<fraction>[.,]\d{1,9})?)?|[hH](?P<minute_3>\d{2})"
    r"|[时時点點](?:(?P<minute_2>\d{1,2})分(?:(?P<second_2>\d{1,2})秒)?)?)"
    rf"(?:{_GAP}?(?P<half>{_HALF}))?"
)
_TIME = rf"(?:[T,{_BLANKS}]+{_CLOCK}(?:{_GAP}?{_ZONE})?)?"
_TIME_AFTER_MARK = _TIME.replace("]+", "]*", 1)
_TIME_AFTER_COLON = _TIME.replace("[T", "[:T", 1)

_YEAR, _SHORT, _MONTH, _DAY = r"(?P<year>\d{4})", r"(?P<short>\d{2})", r"(?P<month>\d{1,2})", r"(?P<day>\d{1,2})"
# A year and a month alone are a date only in these years: 4711-12 is a code.
_MODERN = r"(?P<year>(?:18|19|20|21)\d{2})"
_NAME = rf"(?P<name>[{LETTER}]{{{SHORTEST},{LONGEST}}})\.?"
_ORDINAL = r"(?:st|nd|rd|th|er|re|º|ª)?\.?"
_OF = "(?: (?:de|del|of) )"
_WEEKDAY = rf"(?:(?i:{WEEKDAYS})[{LETTER}-]*\.?,?{_GAP}+)?"
_WEEKDAY_BEHIND = rf"(?:{_GAP}*(?:星期|周|週)[一二三四五六日天]|{_GAP}*[(（][一二三四五六日月火水木金土][)）])?"
# The halves of a year.
_SEMESTER = r"(?:[HhSs](?P<semester>[12])|(?P<semester_2>[12])[Hh])"
_QUARTER = r"(?:[Qq](?P<quarter>[1-4])|(?P<quarter_2>[1-4])[Qq])"

# By the name that `Column.format` has. They are tried in this order: a date that fits both month/day and day/month is
# month/day, with a warning.
DATE_FORMATS = {
    "Y-M-D": rf"{_YEAR}[-/.] ?{_MONTH}[-/.] ?{_DAY}\.?{_WEEKDAY_BEHIND}{_TIME}",
    "Y年M月D日": rf"{_YEAR}[年년] ?{_MONTH}[月월] ?{_DAY}[日号일]{_WEEKDAY_BEHIND}{_TIME_AFTER_MARK}",
    "M/D/Y": rf"{_MONTH}[-/]{_DAY}[-/]{_YEAR}{_TIME}",
    "D/M/Y": rf"{_DAY}[-/]{_MONTH}[-/]{_YEAR}{_TIME}",
    "D.M.Y": rf"{_DAY}\. ?{_MONTH}\. ?{_YEAR}{_TIME}",
    # "5 мая 2021 г." ends in the word for year.
    "D Mon Y": rf"{_WEEKDAY}{_DAY}{_ORDINAL}(?:{_OF}|[-/ ]*){_NAME}(?:{_OF}|[-/, ]*){_YEAR}(?: ?г\.)?"
    rf"{_TIME_AFTER_COLON}",
    "Mon D Y": rf"{_WEEKDAY}{_NAME}[-/ ]+{_DAY}{_ORDINAL}[-/, ]+{_YEAR}{_TIME}",
    "Y Mon D": rf"{_YEAR}[-/ ]*{_NAME}[-/ ]*{_DAY}{_TIME}",
    "Mon D h:m Y": rf"{_WEEKDAY}{_NAME} +{_DAY} +{_CLOCK}(?: {_ZONE})? +{_YEAR}",
    "YMDThms": (
        r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})[T ](?P<hour>\d{2}):?(?P<minute>\d{2})(?P<half>)"
        rf"(?::?(?P<second>\d{{2}})(?P<fraction>[.,]\d{{1,9}})?)?(?:{_GAP}?{_ZONE})?"
    ),
    "M/D/y": rf"{_MONTH}[-/]{_DAY}[-/]{_SHORT}{_TIME}",
    "D/M/y": rf"{_DAY}[-/]{_MONTH}[-/]{_SHORT}{_TIME}",
    "D.M.y": rf"{_DAY}\. ?{_MONTH}\. ?{_SHORT}{_TIME}",
    # 18.1.5 is the version of a program.
    "y/M/D": rf"{_SHORT}(?:[-/]{_MONTH}[-/]{_DAY}|\.(?P<month_2>\d{{2}})\.(?P<day_2>\d{{2}})){_TIME}",
    "D Mon y": rf"{_WEEKDAY}{_DAY}[-/ ]*{_NAME}[-/, ]*'?{_SHORT}{_TIME_AFTER_COLON}",
    "Mon D y": rf"{_WEEKDAY}{_NAME}[-/ ]+{_DAY}[-/, ]+'?{_SHORT}{_TIME}",
    "Y-M": rf"{_MODERN}[-/M]{_MONTH}",
    "M/Y": rf"{_MONTH}[-/]{_MODERN}",
    "Y年M月": rf"{_MODERN}年{_MONTH}月份?",
    "Mon Y": rf"{_NAME}(?:{_OF}|[-/, ]*){_MODERN}",
    "Y Mon": rf"{_MODERN}[-/ ]*{_NAME}",
    "Mon y": rf"{_NAME}(?:[-/ ]'?|'){_SHORT}",
    "Y Q": rf"{_MODERN}(?:[-/ ]?{_QUARTER}|年 ?第?(?P<quarter_3>[1-4一二三四])季度?|年[Qq](?P<quarter_4>[1-4]))",
    "Q Y": rf"{_QUARTER}[-/ ]*{_MODERN}",
    "Q y": rf"(?:[Qq](?P<quarter>[1-4])(?:[-/ ]'?|')|(?P<quarter_2>[1-4])[Qq][-/ ]?'?){_SHORT}",
    "Y H": rf"{_MODERN}(?:[-/ ]?{_SEMESTER}|年?(?P<semester_3>[上下])半年)",
    "H Y": rf"{_SEMESTER}[-/ ]*{_MODERN}",
    "Y W": rf"{_MODERN}-?W(?P<week>\d{{2}})",
}
# The usual texts of a format, which RE2 reads in half the time.
PLAIN = {
    "Y-M-D": (
        r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})"
        r"(?:[T ](?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?P<fraction>\.\d{1,9})?)?)?"
    ),
    "M/D/Y": r"(?P<month>\d{1,2})[-/](?P<day>\d{1,2})[-/](?P<year>\d{4})",
    "D/M/Y": r"(?P<day>\d{1,2})[-/](?P<month>\d{1,2})[-/](?P<year>\d{4})",
}
# Texts that are numbers too. A column is of one of these only for a reason: its name, or how all of it is written.
NUMBER_FORMATS = {
    "YYYYMMDD": r"(?P<year>(?:18|19|20|21)\d{2})(?P<month>\d{2})(?P<day>\d{2})",
    "YYYYMM": r"(?P<year>(?:18|19|20|21)\d{2})(?P<month>\d{2})",
    "Excel": r"(?P<serial>[1-7]\d{4}(?:\.\d+)?)",
    "Y.M": r"(?P<year>(?:18|19|20|21)\d{2})\.(?P<month>\d{1,2})",
    "M.Y": r"(?P<month>\d{2})\.(?P<year>(?:18|19|20|21)\d{2})",
}
# Of these, the ones that a float cannot tell apart.
POINTED = {"Y.M", "M.Y"}
PATTERNS = DATE_FORMATS | NUMBER_FORMATS
# A time of day. Its column is a number, the seconds since midnight.
CLOCK_FORMAT = "h:m"
CLOCK = _CLOCK

# The other order of a format whose day and month, or day and year, may change places.
SWAPPED = {
    "M/D/Y": ("D/M/Y",),
    "D/M/Y": ("M/D/Y",),
    "M/D/y": ("D/M/y", "y/M/D"),
    "D/M/y": ("M/D/y", "y/M/D"),
    "D.M.y": ("y/M/D",),
    "y/M/D": ("M/D/y", "D/M/y", "D.M.y"),
}
# Which of day and month is first in a format, for formats that leave it open.
FIRST_PART = {
    **dict.fromkeys(("M/D/Y", "M/D/y"), "month"),
    **dict.fromkeys(("D/M/Y", "D/M/y", "D.M.Y", "D.M.y"), "day"),
    "y/M/D": "year",
}
# Dates that are as literal as ISO 8601; all others are read with a warning that has an example.
LITERAL = {"Y-M-D", "Y年M月D日", "Y Mon D", "YMDThms"}

# A year of two digits is in 1969 to 2068, as in POSIX.
PIVOT = 69
# The day in Excel's count that is 1970-01-01. The count has a 29 February 1900, so it is right from March 1900 on.
EXCEL_EPOCH = 25_569


def quarter_number(text: str) -> int:
    """Return 1 to 4 for the digit of a quarter, a Chinese one too; 0 for another text."""
    return "一二三四".find(text) + 1 if text in "一二三四" and text else int(text or 0)


def semester_number(text: str) -> int:
    """Return 1 or 2 for the digit of half a year, or for the Chinese word; 0 for another text."""
    return "上下".find(text) + 1 if text in "上下" and text else int(text or 0)


def full_year(two_digits: int) -> int:
    """Return the year that two digits stand for, 1969 to 2068."""
    return two_digits + (1900 if two_digits >= PIVOT else 2000)


def is_second_half(text: str) -> bool | None:
    """Return whether a word is the second half of a day, such as PM; None for an unknown word."""
    return _HALVES.get(text.replace(".", "").lower())


def offset_minutes(zone: str) -> int | None:
    """Return the minutes that a zone such as "+02:00" is ahead of UTC; None for a day or more."""
    if zone in _ZONES:
        return 60 * _ZONES[zone]
    signed = zone.lstrip("UTCGMZz")
    if not signed:
        return 0
    digits = signed[1:].replace(":", "")
    hours, minutes = (int(digits[:-2]), int(digits[-2:])) if len(digits) > 2 else (int(digits), 0)
    if hours > 23 or minutes > 59:
        return None
    return (-1 if signed[0] == "-" else 1) * (60 * hours + minutes)


def parts_of(text: str, pattern: str) -> dict[str, str] | None:
    """Return the parts of a text by name, "" for an absent one; None for a text that does not match the pattern."""
    match = re.fullmatch(pattern, text, re.ASCII)
    if not match:
        return None
    parts: dict[str, str] = {}
    for name, found in match.groupdict(default="").items():
        key = name.split("_")[0]
        parts[key] = parts.get(key, "") + found
    return parts
