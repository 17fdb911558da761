"""Format numbers, shares, sizes, dates and durations for people: short, and no more exact than useful.

Every page writes numbers in one way. Counts have their thousands apart, and so have measured values from 10,000 on, so
that a year stays a year. Values have four digits, correlations two decimals, shares one; a minus is a minus sign. Next
to the axis of a plot, values of 10,000 and more are in thousands (k), millions (M) and so on.
"""

from datetime import datetime
from math import floor, isfinite, log10

NOTHING = "–"
ELLIPSIS = "…"
# Characters from here on are twice as wide as letters, or nearly.
FULL_WIDTH = "\u1100"
# Beyond these a number gets an exponent.
HUGE, TINY = 1e15, 1e-4
SPACE = "\u00a0"  # keeps a number and its unit on one line
UNITS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DURATIONS = ((365.25 * 86_400, "year"), (86_400.0, "day"), (3600.0, "hour"), (60.0, "minute"), (0.0, "second"))
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "space", ":": "colon"}


def count(number: int) -> str:
    """Format 20640 as `20,640`."""
    return _signed(f"{number:,}")


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Format a count: `1 row`, `20,640 rows`."""
    return f"{count(number)}{SPACE}{noun if number == 1 else plural or f'{noun}s'}"


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
    unit, letter = next(
        ((factor, f"{SPACE}{name}") for factor, name in UNITS if largest >= max(factor, 10_000)), (1.0, "")
    )
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
    return f"{number}{SPACE}bytes"


def day(moment: datetime) -> str:
    """Format a day: `4 Mar 2026`."""
    return f"{moment.day}{SPACE}{MONTHS[moment.month - 1]}{SPACE}{moment.year}"


def date(text: str | None) -> str:
    """Format a date in ISO 8601 as `4 Mar 2026`, with its time of day where it has one."""
    if text is None:
        return NOTHING
    moment = datetime.fromisoformat(text)
    clock = moment.time().isoformat("seconds" if moment.second else "minutes") if any(moment.timetuple()[3:6]) else ""
    return f"{day(moment)}{clock and f', {clock}'}"


def duration(seconds: float | None) -> str:
    """Format a duration: `9 hours`, `1 day`, `5.13 years`."""
    if seconds is None:
        return NOTHING
    unit, name = next((max(unit, 1.0), name) for unit, name in DURATIONS if seconds >= unit)
    number = short_number(seconds / unit, 3)
    return f"{number}{SPACE}{name}{'' if number == '1' else 's'}"


def delimiter(character: str) -> str:
    """Return the name of a delimiter."""
    return DELIMITERS.get(character, character)


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
    unit, letter = next((unit, letter) for unit, letter in UNITS if abs(rounded) >= unit)
    return _signed(f"{rounded / unit:.{digits}g}{SPACE}{letter}")


def _signed(text: str) -> str:
    """Replace a hyphen by a minus sign, which is as wide as a plus."""
    return text.replace("-", "−")
