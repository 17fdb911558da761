"""Random columns of every kind: the texts that a program writes, and the values that they mean.

One function makes one kind. A value is a float, a boolean, a naive datetime, a text, or None for a missing one.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from random import Random

from core.currencies import CODES, CURRENCIES
from tests.properties.styles import Style

Value = float | bool | datetime | str | None


@dataclass
class Column:
    """A column as it is written, and its values. `said` is how its name must begin; "" for any name."""

    kind: str
    texts: list[str]
    values: list[Value]
    said: str = ""
    # How a missing value may be written here.
    missing: tuple[str, ...] = ("", "NA", "N/A", "null", "NaN", "?", "-", "#N/A", "\\N", "..", "n.a.")


SIGNS = [
    *"$€£¥₹₩",
    "R$",
    "kr",
    "CHF",
    "zł",
    "zl",
    "Rs.",
    "A$",
    "US$",
    "元",
    "円",
    "Kč",
    "Ft",
    "руб.",
    "TL",
    "лв",
    "RM",
    "S/",
]
UNITS = [
    "kg",
    "CC",
    "bhp",
    "km",
    "m²",
    "㎡",
    "°C",
    "km/h",
    "GB",
    "mg/L",
    "kWh",
    "ft",
    "hp",
    "cm",
    "μg",
    "Mbit/s",
    "years",
]
MAGNITUDES = {"K": 3, "M": 6, "B": 9, "k": 3, "万": 4, "亿": 8, "千": 3, " million": 6, " Mio": 6, " bn": 9, "mn": 6}
PAIRS = [("true", "false"), ("Yes", "No"), ("Y", "N"), ("TRUE", "FALSE"), ("t", "f"), ("on", "off"), ("是", "否")]


def grouped(digits: int, mark: str) -> str:
    """Return a whole number with marks between thousands."""
    return f"{digits:,}".replace(",", mark)


def written(number: Decimal, style: Style, group: str = "") -> str:
    """Return a number with the file's decimal mark, with its thousands divided by `group`."""
    text = f"{number:,f}" if group else f"{number:f}"
    return text.replace(",", "\0").replace(".", style.decimal).replace("\0", group)


def decimals(rng: Random, style: Style, *, signed: bool = True, digits: int | None = None) -> list[Decimal]:
    """Return random numbers, all with the same digits behind the mark."""
    digits = rng.choice([1, 2, 2, 3, 4, 6]) if digits is None else digits
    most = 10 ** (digits + rng.randrange(1, 6))
    low = -most if signed and rng.random() < 0.3 else 0
    return [Decimal(rng.randrange(low, most)).scaleb(-digits) for _ in range(style.rows)]


def whole_numbers(rng: Random, style: Style) -> Column:
    """Return whole numbers without marks."""
    most = 10 ** rng.choice([1, 2, 3, 5, 9, 15])
    numbers = [rng.randrange(-most if rng.random() < 0.2 else 0, most) for _ in range(style.rows)]
    plus = rng.random() < 0.05
    texts = [f"{number:+d}" if plus else str(number) for number in numbers]
    return Column("whole_numbers", texts, [float(number) for number in numbers])


def fractions(rng: Random, style: Style) -> Column:
    """Return numbers with a decimal mark, some with their last zeros left out."""
    numbers = decimals(rng, style)
    texts = [written(number, style) for number in numbers]
    if rng.random() < 0.4:
        texts = [text.rstrip("0").rstrip(style.decimal) or "0" for text in texts]
    return Column("fractions", texts, [*map(float, numbers)])


def thousands(rng: Random, style: Style) -> Column:
    """Return numbers with marks between thousands."""
    digits = rng.choice([0, 0, 2])
    numbers = [Decimal(rng.randrange(10 ** rng.choice([4, 6, 8]))).scaleb(-digits) for _ in range(style.rows)]
    texts = [written(number, style, style.group) for number in numbers]
    return Column("thousands", texts, [*map(float, numbers)])


def lakhs(rng: Random, style: Style) -> Column:
    """Return whole numbers whose digits are divided as in India: 12,34,567."""
    numbers = [rng.randrange(10 ** rng.choice([5, 6, 8])) for _ in range(style.rows)]
    mark = "," if style.decimal == "." else "."
    texts = []
    for number in numbers:
        head, tail = divmod(number, 1000)
        pairs = f"{head:,d}" if head < 100 else mark.join(_pairs(str(head)))
        texts.append(f"{pairs}{mark}{tail:03d}" if head else str(number))
    return Column("lakhs", texts, [*map(float, numbers)])


def _pairs(digits: str) -> list[str]:
    """Return digits in pairs, the first of which may be one alone."""
    odd = len(digits) % 2
    return ([digits[:1]] if odd else []) + [digits[i : i + 2] for i in range(odd, len(digits), 2)]


def odd_numbers(rng: Random, style: Style) -> Column:
    """Return numbers as some programs write them: .5, 5., +5, -0, with the minus of a typesetter or wide digits."""
    numbers = decimals(rng, style, digits=1)
    odd = rng.choice(["point", "plus", "minus", "wide", "dash"])
    texts = [written(number, style) for number in numbers]
    if odd == "point":
        texts = [
            text.removesuffix("0") if text.endswith(style.decimal + "0") else re.sub("^(-?)0(?=[.,])", r"\1", text)
            for text in texts
        ]
    elif odd == "plus":
        texts = [text if text.startswith("-") else f"+{text}" for text in texts]
    elif odd == "minus" and style.can_write("−"):
        texts = [text.replace("-", "−") for text in texts]
    elif odd == "wide" and style.can_write("０１２３４５６７８９"):
        texts = [text.translate({48 + i: 0xFF10 + i for i in range(10)}) for text in texts]
    elif odd == "dash":
        numbers = [Decimal(round(number)) for number in numbers]
        texts = [f"{number}{style.decimal}-" for number in numbers]
    return Column("odd_numbers", texts, [*map(float, numbers)], missing=("", "NA", "N/A"))


def late_surprises(rng: Random, style: Style) -> Column:
    """Return whole numbers whose last ones have fractions, digit groups, an exponent, a sign or many digits."""
    numbers = [Decimal(rng.randrange(1000)) for _ in range(style.rows)]
    texts = [str(number) for number in numbers]
    numbers[-1], texts[-1] = rng.choice(
        [
            (Decimal("12345.5"), f"12345{style.decimal}5"),
            (Decimal(1_234_567), grouped(1_234_567, style.group)),
            (Decimal(2_000), "2e3"),
            (Decimal(-7), "-7"),
            (Decimal("0.125"), f"0{style.decimal}125"),
        ]
    )
    return Column("late_surprises", texts, [*map(float, numbers)], missing=("", "NA"))


def prices_of_something(rng: Random, style: Style) -> Column:
    """Return amounts of money for each of something."""
    sign, behind = rng.choice(
        [("$", "/hr"), ("€", "/kg"), ("", "元/平"), ("", " EUR/MWh"), ("", "€/m²"), ("$", " per hour")]
    )
    if not style.can_write(sign + behind) or (style.delimiter == " " and " " in behind):
        sign, behind = "$", "/hr"
    numbers = decimals(rng, style, digits=2, signed=False)
    return Column(
        "prices_of_something", [sign + written(number, style) + behind for number in numbers], [*map(float, numbers)]
    )


def exponents(rng: Random, style: Style) -> Column:
    """Return numbers in scientific notation."""
    texts = [f"{rng.uniform(-10, 10):.3f}e{rng.randrange(-9, 10):+03d}" for _ in range(style.rows)]
    values: list[Value] = [float(text) for text in texts]
    return Column("exponents", [text.replace(".", style.decimal) for text in texts], values)


def padded(rng: Random, style: Style, before: str, behind: str) -> tuple[str, str]:
    """Return what stands around digits, with a blank between at random; never one where blanks divide cells."""
    gap = "" if style.delimiter == " " else rng.choice(["", " "])
    return (before + gap if before else "", gap + behind if behind else "")


def currencies(rng: Random, style: Style) -> Column:
    """Return amounts of money, negative ones with a minus in one of its places, or in brackets."""
    # Beside few words in a national encoding, a sign of another nation leaves the encoding open.
    known = [sign for sign in CURRENCIES if style.can_write(sign) and (style.is_unicode or sign.isascii())]
    sign = rng.choice(
        [*(sign for sign in SIGNS if sign in known), rng.choice(sorted(CODES)), rng.choice(sorted(known))]
    )
    if style.delimiter == " ":
        sign = sign.replace(" ", "")
        sign = sign if sign in CURRENCIES else "EUR"
    is_before = rng.random() < 0.5
    before, behind = padded(rng, style, *((sign, "") if is_before else ("", sign)))
    if before[-1:].isalpha() and len(before) == 1:
        before += " " if style.delimiter != " " else ""
    numbers = decimals(rng, style, digits=rng.choice([0, 2, 2]))
    minus = rng.choice(["-{}", "({})", "{}-"] if is_before else ["-{}", "({})", "{}"])
    group = rng.choice(["", style.group])
    texts = []
    for number in numbers:
        sign_inside = "-" if number < 0 and minus == "{}" else ""
        text = before + sign_inside + written(abs(number), style, group) + behind
        texts.append(minus.format(text) if number < 0 else text)
    return Column("currencies", texts, [float(number) for number in numbers])


def units(rng: Random, style: Style) -> Column:
    """Return numbers with one unit behind all of them."""
    unit = rng.choice([*filter(style.can_write, UNITS)])
    _, behind = padded(rng, style, "", unit)
    numbers = decimals(rng, style, digits=rng.choice([0, 0, 1, 2]))
    return Column("units", [written(number, style) + behind for number in numbers], [*map(float, numbers)])


def percents(rng: Random, style: Style) -> Column:
    """Return percentages; 5% is 5."""
    _, behind = padded(rng, style, "", "%")
    numbers = decimals(rng, style, digits=rng.choice([0, 1, 2]))
    return Column("percents", [written(number, style) + behind for number in numbers], [*map(float, numbers)])


def magnitudes(rng: Random, style: Style) -> Column:
    """Return numbers with a word or letter for a power of ten behind them."""
    words = [word for word in MAGNITUDES if style.can_write(word) and not (style.delimiter == " " and " " in word)]
    word = rng.choice(words)
    sign = rng.choice(["", "", "$"])
    numbers = decimals(rng, style, digits=rng.choice([0, 1, 2]), signed=False)
    texts = [sign + written(number, style) + word for number in numbers]
    return Column("magnitudes", texts, [float(number.scaleb(MAGNITUDES[word])) for number in numbers])


def accounting(rng: Random, style: Style) -> Column:
    """Return amounts of an accounting format: brackets for minus, a dash for zero, blanks around."""
    sign = rng.choice(["$", "€", "£"])
    sign = sign if style.can_write(sign) else "$"
    gap = "" if style.delimiter == " " else " "
    numbers = [rng.choice([number, number, Decimal(0)]) for number in decimals(rng, style, digits=2)]
    texts = []
    for number in numbers:
        body = written(abs(number), style, style.group)
        texts.append(
            f"{sign}{gap}({body})" if number < 0 else f"{sign}{gap}{body}{gap}" if number else f"{sign}{gap}-{gap}"
        )
    return Column("accounting", texts, [*map(float, numbers)], missing=("", "NA"))


def trailing_minus(rng: Random, style: Style) -> Column:
    """Return numbers whose minus stands behind."""
    numbers = decimals(rng, style, digits=2)
    texts = [written(abs(number), style, style.group) + ("-" if number < 0 else "") for number in numbers]
    return Column("trailing_minus", texts, [*map(float, numbers)])


def booleans(rng: Random, style: Style) -> Column:
    """Return one of the pairs of words for true and false."""
    yes, no = rng.choice([pair for pair in PAIRS if style.can_write("".join(pair))])
    values: list[Value] = [rng.random() < 0.5 for _ in range(style.rows)]
    return Column("booleans", [yes if value else no for value in values], values, missing=("", "NA"))


def words(rng: Random, style: Style) -> Column:
    """Return a few words of the file's language, with blanks around some of them."""
    levels = style.words(rng, rng.randrange(2, 8))
    values: list[Value] = [rng.choice(levels) for _ in range(style.rows)]
    blank = rng.choice(["", "", " "]) if style.delimiter != " " else ""
    return Column(
        "words", [f"{value}{rng.choice(['', blank])}" for value in values], values, missing=("", "NA", "null")
    )


def notes(rng: Random, style: Style) -> Column:
    """Return texts with delimiters, quotes and line ends in them."""
    if style.delimiter == " ":
        return words(rng, style)
    pieces = [*style.words(rng, 6), ",", ";", "|", '"', "(a)", "1,5", "12:30", "\n" if rng.random() < 0.2 else "-"]
    values: list[Value] = []
    for _ in range(style.rows):
        values.append(f"{rng.choice(pieces[:6])} {' '.join(rng.choices(pieces, k=4))}".strip())
    return Column("notes", [str(value) for value in values], values, missing=())


CODES_OF_THINGS: tuple[Callable[[Random], str], ...] = (
    lambda rng: f"{rng.randrange(100000):05d}",
    lambda rng: f"{rng.randrange(1, 40)}{rng.choice('ABCDEF')}",
    lambda rng: f"{rng.randrange(1, 40)}{rng.choice('KMB')}",
    lambda rng: f"{rng.choice('ABC')}{rng.randrange(1, 999)}",
    lambda rng: f"{rng.randrange(1, 20)}{rng.choice(['st', 'nd', 'rd', 'th'])}",
    lambda rng: f"{rng.randrange(10**17, 10**18)}",
    lambda rng: f"{rng.randrange(10**27, 10**28)}",
    lambda rng: f"{rng.randrange(1, 300)}.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(256)}",
    lambda rng: f"{rng.randrange(1, 20)}.{rng.randrange(20)}.{rng.randrange(20)}",
    lambda rng: f"v{rng.randrange(1, 20)}.{rng.randrange(20)}",
    lambda rng: f"{rng.randrange(10000, 99999)}-{rng.randrange(1000, 9999)}",
    lambda rng: f"{rng.randrange(100, 999)}-{rng.randrange(1000, 9999)}",
    lambda rng: f"{rng.randrange(1, 9)}-{rng.randrange(0, 9)}",
    lambda rng: f"{rng.randrange(1, 30)}:{rng.randrange(1, 10)}",
    lambda rng: f"{rng.randrange(1, 9)}/{rng.randrange(2, 9)}",
    lambda rng: f"{rng.randrange(1, 9)}x{rng.randrange(2, 9)}",
    lambda rng: f"{rng.randrange(100, 255)}/{rng.randrange(30, 80)}R{rng.randrange(13, 22)}",
    lambda rng: f"{rng.randrange(16**8):08x}",
    lambda rng: f"0x{rng.randrange(16**4):04X}",
    lambda rng: f"+{rng.randrange(1, 99)}-{rng.randrange(100, 999)}-{rng.randrange(10**6, 10**7)}",
    lambda rng: f"{rng.randrange(1, 20)}-{rng.randrange(20, 40)}",
    lambda rng: f"<{rng.randrange(1, 99)}",
    lambda rng: f"{rng.randrange(1, 99)}+",
    lambda rng: f"{rng.randrange(1, 9)}.{rng.randrange(1, 9)}{rng.choice('TDi')}",
    lambda rng: f"{rng.choice(['Mar', 'May', 'Sep', 'Dec'])} {rng.randrange(1, 30)}",
    lambda rng: f"{rng.randrange(1, 30)}-{rng.choice(['Mar', 'May', 'Sep', 'Dec'])}",
    lambda rng: f"#{rng.randrange(1, 999)}",
    lambda rng: f"{rng.randrange(1, 99)}-{rng.choice('abc')}",
    lambda rng: f"No.{rng.randrange(1, 999)}",
    lambda rng: f"EN{rng.randrange(1000, 9999)}",
    lambda rng: f"{rng.randrange(100, 999)} {rng.choice(['Main', 'High', 'Park'])} St",
)


FIVE = 5


def codes(rng: Random, style: Style) -> Column:
    """Return texts that identify things and look a little like numbers or dates."""
    one = rng.choice(CODES_OF_THINGS)
    values: list[Value] = [one(rng).replace(" ", "" if style.delimiter == " " else " ") for _ in range(style.rows)]
    if str(values[0]).isdigit() and len(str(values[0])) == FIVE:
        values[0] = "00730"  # without a zero in front, all of them are numbers
    missing = () if str(values[0]).isdigit() else ("", "NA")
    return Column("codes", [str(value) for value in values], values, missing=missing)


def mixed_units(rng: Random, style: Style) -> Column:
    """Return numbers with two units, which are texts as written."""
    pairs = [("%", ""), ("$", "€"), ("kg", "g"), ("USD", "EUR"), ("GB", "MB")]
    pair = rng.choice([pair for pair in pairs if style.can_write("".join(pair))])
    chosen = [*pair, *(rng.choice(pair) for _ in range(style.rows - 2))]
    values: list[Value] = [f"{rng.randrange(1, 1000)}{unit}" if unit else "0.25" for unit in chosen]
    return Column("mixed_units", [str(value) for value in values], values, missing=())


def numbers_and_a_word(rng: Random, style: Style) -> Column:
    """Return numbers among which one cell is a word, so that all are texts."""
    values: list[Value] = [str(rng.randrange(1000)) for _ in range(style.rows)]
    values[rng.randrange(style.rows)] = style.words(rng, 1)[0]
    return Column("numbers_and_a_word", [str(value) for value in values], values, missing=())


def constants(rng: Random, style: Style) -> Column:
    """Return the same cell in every row."""
    one = rng.choice([whole_numbers, fractions, words])(rng, style)
    return Column("constants", [one.texts[0].strip()] * style.rows, one.values[:1] * style.rows)
