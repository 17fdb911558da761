"""Format numbers, shares, sizes, dates and durations for people: short, and no more exact than useful.

Every page writes numbers in one way. Counts have their thousands apart, and so have measured values from 10,000 on, so
that a year stays a year. Values have four digits, correlations two decimals, shares one; a minus is a minus sign. Next
to the axis of a plot, values of 10,000 and more are in thousands (k), millions (M) and so on, in Chinese in 万 and 亿.
"""

from datetime import datetime
from math import floor, isfinite, log10

from core.languages.tags import Language
from core.reporting.words import language, say

NOTHING = "–"
ELLIPSIS = "…"
# Characters from here on are twice as wide as letters, or nearly.
FULL_WIDTH = "\u1100"
# Beyond these a number gets an exponent.
HUGE, TINY = 1e15, 1e-4
SPACE = "\u00a0"  # keeps a number and its unit on one line
# What stands behind large numbers; in Chinese these are counted by ten thousands.
UNITS: dict[Language, tuple[tuple[float, str], ...]] = {
    "en": ((1e12, f"{SPACE}T"), (1e9, f"{SPACE}B"), (1e6, f"{SPACE}M"), (1e3, f"{SPACE}k")),
    "zh": ((1e12, "万亿"), (1e8, "亿"), (1e4, "万")),
}
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
DURATIONS = ((365.25 * 86_400, "year"), (86_400.0, "day"), (3600.0, "hour"), (60.0, "minute"), (0.0, "second"))
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "space", ":": "colon"}


def count(number: int) -> str:
    """Format 20640 as `20,640`."""
    return _signed(f"{number:,}")


def counted(number: int, noun: str) -> str:
    """Format a count with one of the `nouns`: `1 row`, `20,640 rows`."""
    return say(f"nouns.{noun}", number, n=count(number))


def short_number(value: float | None, digits: int = 4) -> str:
    """Format a few digits of a number: `0.1235`, `2012`, `206,856`, `12.35 M`, `1.8×10³⁰⁸`; a dash for None."""
    if value is None or not isfinite(value):
        return NOTHING
    size = abs(value)
    if size >= HUGE or 0 < size < TINY:
        return scientific(value)
    if size >= 1e7:
        return _in_units(value, digits)
    if size >= 1000:
        rounded = round(value)
        return count(rounded) if abs(rounded) >= 10_000 else _signed(str(rounded))
    # Formatted twice: first to so many digits, then without trailing zeros and exponents.
    return _signed(f"{float(f'{value:.{digits}g}') + 0.0:.10g}")


def brief(value: float) -> str:
    """Format a number beside a plot: `0.12`, `2012`, `45 k`, `1.2 M`."""
    if abs(value) >= HUGE or 0 < abs(value) < TINY:
        return scientific(value, 2)
    return _in_units(value, 3) if abs(value) >= 10_000 else short_number(value, 3)


def scientific(value: float, digits: int = 3) -> str:
    """Format a number in scientific notation: `1.8×10³⁰⁸`."""
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    return _signed(f"{float(mantissa):g}×10") + str(int(exponent)).translate(SUPERSCRIPT)


def stepped(values: list[float], step: float) -> list[str]:
    """Format the numbers of an axis in one unit, with as many decimals as its step needs."""
    largest = max(map(abs, values))
    if largest >= HUGE or largest < TINY:
        return [scientific(value, 2) if value else "0" for value in values]
    unit, letter = next((unit for unit in UNITS[language()] if largest >= max(unit[0], 10_000)), (1.0, ""))
    decimals = max(0, -floor(log10(step / unit) + 1e-9)) if step > 0 else 0
    return [_signed(f"{value / unit:.{decimals}f}{letter}") if value else "0" for value in values]


def coefficient(value: float | None) -> str:
    """Format a correlation with two decimals."""
    return NOTHING if value is None else _signed(f"{value:.2f}".replace("-0.00", "0.00"))


def score(value: float | None) -> str:
    """Format an R2 with three decimals."""
    return NOTHING if value is None else _signed(f"{value:.3f}".replace("-0.000", "0.000"))


def size(number: int) -> str:
    """Format a number of bytes."""
    for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if number >= unit:
            return f"{number / unit:.3g}{SPACE}{name}"
    return say("bytes", n=number)


def day(moment: datetime) -> str:
    """Format a day: `4 Mar 2026`."""
    return say("dates.day", day=moment.day, month=month_name(moment), year=moment.year)


def month_name(moment: datetime) -> str:
    """Return the name of a month: `Mar`."""
    return say(f"dates.months.{moment.month}")


def date(text: str | None) -> str:
    """Format a date in ISO 8601 as `4 Mar 2026`, with its time of day where it has one."""
    if text is None:
        return NOTHING
    moment = datetime.fromisoformat(text)
    clock = moment.time().isoformat("seconds" if moment.second else "minutes") if any(moment.timetuple()[3:6]) else ""
    return say("dates.moment", day=day(moment), clock=clock) if clock else day(moment)


def duration(seconds: float | None) -> str:
    """Format a duration: `9 hours`, `1 day`, `5.13 years`."""
    if seconds is None:
        return NOTHING
    unit, name = next((max(unit, 1.0), name) for unit, name in DURATIONS if seconds >= unit)
    number = short_number(seconds / unit, 3)
    return say(f"durations.{name}", 1 if number == "1" else None, n=number)


def delimiter(character: str) -> str:
    """Return the name of a delimiter."""
    return say(f"delimiters.{DELIMITERS[character]}") if character in DELIMITERS else character


def shortened(text: str, characters: int) -> str:
    """Return the text, cut where it is longer; full-width characters (Chinese, emoji) count twice."""
    if width(text) <= characters:
        return text
    return (first_characters(text, characters - 1) or text[:1]).rstrip() + ELLIPSIS


def width(text: str) -> int:
    """Return how many columns of characters a text takes."""
    return sum(map(_columns, text))


def first_characters(text: str, characters: int) -> str:
    """Return the beginning of a text that is at most so wide."""
    for position, character in enumerate(text):
        characters -= _columns(character)
        if characters < 0:
            return text[:position]
    return text


def last_characters(text: str, characters: int) -> str:
    """Return the end of a text that is at most so wide."""
    return first_characters(text[::-1], characters)[::-1]


def _columns(character: str) -> int:
    return 2 if character >= FULL_WIDTH and character != ELLIPSIS else 1


def _in_units(value: float, digits: int) -> str:
    """Format a large number with a letter for thousands, millions and so on."""
    rounded = float(f"{value:.{digits}g}")
    unit, letter = next((unit, letter) for unit, letter in UNITS[language()] if abs(rounded) >= unit)
    return _signed(f"{rounded / unit:.10g}{letter}")


def _signed(text: str) -> str:
    """Replace a hyphen by a minus sign, which is as wide as a plus."""
    return text.replace("-", "−")
