"""The meaning of an amount: a number with digit groups, a sign, brackets for minus, a currency, a unit or a magnitude.

Both a CSV at upload (read by Arrow) and a text at prediction (read by Python) follow it: the patterns are for RE2 and
Python's `re` alike, and whatever stands around the digits is read here.
"""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache, lru_cache
from math import isfinite
from typing import Literal

from core.currencies import CURRENCIES

DecimalMark = Literal[".", ","]

# Every whole number up to this one is exact in float64.
EXACT_INTEGER = 2**53
# What a typesetter or an Eastern keyboard writes in place of ASCII. Applied before anything is matched.
PLAIN = str.maketrans(
    {
        **{chr(0xFF10 + digit): str(digit) for digit in range(10)},
        **dict(zip("＋－．，（）％＄’ʼ´`", "+-.,()%$''''", strict=True)),
        **dict.fromkeys("−–‒﹣", "-"),
        **dict.fromkeys("\u00a0\u202f\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u3000\t", " "),
        **dict.fromkeys("\u200b\u200e\u200f\ufeff"),
    }
)
UNPLAIN = "[" + "".join(map(chr, PLAIN)) + "]"

_SIGN = r"[-+( ]{0,6}"
_CURRENCY = "|".join(re.escape(sign).replace("\\ ", " ") for sign in sorted(CURRENCIES, key=len, reverse=True))
# The rand is one letter, and "R1" is a name.
LEAD = rf"(?P<lead>{_SIGN}(?:R |{_CURRENCY})?{_SIGN})"
_TAIL = r"(?P<tail>(?:[^0-9.,].{0,23})?)"
_EXPONENT = "(?P<exponent>[eE][-+]?[0-9]{1,3})?"
_PLAIN_DIGITS = "0?[0-9]|[1-9][0-9]*"

# `re` compiles these patterns at their first use: a light function that starts needs none of them.
# A unit begins with a letter or a sign, and has digits only as the power of a length.
_LETTER = (
    "A-Za-z\u00aa\u00b0\u00b5\u00ba\u00c0-\u024f\u0370-\u03ff\u0400-\u052f\u0e00-\u0e7f\u20a0-\u20cf\u2100-\u214f\u2032"
    "\u2033\u3040-\u30ff\u3300-\u33ff\u3400-\u9fff\uac00-\ud7af\uffe0-\uffe6%‰$£¥"
)
_POWER = "(?:(?:[cdk]?m|ft|in|yd)\\^?[23]|(?<=[a-zA-Z])[⁻¹²³]+)"
_PART = rf"(?:[{_LETTER}]*{_POWER}|[{_LETTER}]+)\.?"
# Feet and inches are marks that stand alone: 5" pipe is no amount.
_UNIT = rf"['\"]|/? ?{_PART}(?:[ ./·*-]{{0,3}}{_PART}){{0,3}}"
# The end of half a number ("1e"), the half of a day, and the endings of ordinals are no units.
_NO_UNITS = frozenset({"e", "E", "am", "AM", "pm", "PM", "a.m.", "p.m.", "st", "nd", "rd", "th", "x", "X"})

# By its word the power of ten that a magnitude stands for.
MAGNITUDES = {
    **dict.fromkeys(("千", "仟", "천", "thousand", "tsd", "Tsd", "тыс"), 3),
    **dict.fromkeys(("万", "萬", "만", "ten thousand"), 4),
    **dict.fromkeys(("十万", "lakh", "lakhs", "lac", "lacs", "Lakh", "Lakhs", "Lac", "Lacs"), 5),
    **dict.fromkeys(
        ("百万", "百萬", "million", "Million", "millions", "mn", "Mn", "mio", "Mio", "mln", "млн", "mill"), 6
    ),
    **dict.fromkeys(("千万", "千萬", "crore", "crores", "Crore", "Crores", "cr", "Cr"), 7),
    **dict.fromkeys(("亿", "億", "억"), 8),
    **dict.fromkeys(("billion", "Billion", "billions", "bn", "Bn", "mrd", "Mrd", "mld", "млрд", "十亿"), 9),
    **dict.fromkeys(("万亿", "兆", "trillion", "Trillion", "tn", "Tn"), 12),
}
LETTERS = {"k": 3, "m": 6, "b": 9, "t": 12}
# In a column without other magnitudes, these letters are magnitudes right behind the digits; others are units.
CERTAIN_LETTERS = frozenset("KkMB")
_MAGNITUDE = rf"({'|'.join(sorted(MAGNITUDES, key=len, reverse=True))})(?:(?<=[a-zа-я])(?![A-Za-zа-я]))?(\.?) ?(.*)"
# A thousand metres is a kilometre: the unit is the whole of it.
_KILO = "[千仟](?:米|克|瓦|卡|焦|帕|赫|伏|升|字节).*"


@dataclass(frozen=True)
class Affix:
    """What stands before and behind the digits of an amount: its sign, its unit ("" without one), its power of ten.

    `letter` is the one letter behind the digits if that may be a magnitude or a unit, `attached` if no blank
    is between.
    """

    is_negative: bool
    unit: str
    exponent: int = 0
    magnitude: str = ""
    letter: str = ""
    attached: bool = False


@cache
def amount_pattern(decimal: DecimalMark) -> str:
    """Return the pattern of an amount with this decimal mark.

    Its groups: what stands before the digits, the digits before the decimal mark, the fraction (`bare` where no digits
    stand before it), the exponent, and what stands behind. A dash is a fraction of zero: "1200,-".
    """
    point = re.escape(decimal)
    whole = rf"(?P<whole>{_whole(decimal)})(?:{point}(?:(?P<fraction>[0-9]+)|--?|))?"
    return rf"^{LEAD}(?:{whole}|{point}(?P<bare>[0-9]+)){_EXPONENT}{_TAIL}$"


@cache
def division_pattern(decimal: DecimalMark) -> tuple[str, str]:
    """Return a faster pattern with the same groups, and the pattern that its group `whole` must fit besides.

    It divides every amount as `amount_pattern` does if what stands before the digits fits `LEAD`.
    """
    point, group = re.escape(decimal), "," if decimal == "." else r"\."
    whole = rf"(?P<whole>[0-9](?:[{group}' ]?[0-9])*)(?:{point}(?:(?P<fraction>[0-9]+)|--?|))?(?P<bare>)"
    return rf"^(?P<lead>[^0-9]{{0,24}}){whole}{_EXPONENT}{_TAIL}$", f"^(?:{_whole(decimal)})$"


def _whole(decimal: DecimalMark) -> str:
    """Return the pattern of the digits before the decimal mark, in groups or without."""
    group = "," if decimal == "." else r"\."
    groups = "|".join(rf"[1-9][0-9]{{0,2}}(?:{mark}[0-9]{{3}})+" for mark in (group, "'", " "))
    return rf"{groups}|[1-9][0-9]?(?:{group}[0-9]{{2}})+{group}[0-9]{{3}}|{_PLAIN_DIGITS}"


# The dash of accounting formats that stands for zero, with a currency before or behind it.
DASH_ZERO = rf"^({_CURRENCY}) *-+$|^-+ *({_CURRENCY})$"


@lru_cache(4096)
def read_affix(lead: str, tail: str) -> Affix | None:
    """Return the meaning of what stands before and behind the digits; None where it is no amount."""
    signs = [character for character in lead if character in "+-"]
    prefix = lead.strip("+-( ")
    attached = not tail.startswith(" ")
    rest = tail.strip()
    opened = lead.count("(")
    if opened and rest.startswith(")") and (currency := rest[1:].strip()) in CURRENCIES:
        # "(45,00) €"
        rest = f"{currency})"
    if opened != rest.count(")") or opened > 1 or (opened and (signs or not rest.endswith(")"))):
        return None
    rest = rest.removesuffix(")").rstrip()
    # The minus of SAP stands behind the digits, before or behind the currency.
    if rest == "-" or rest.startswith("- "):
        signs.append("-")
        rest = rest[1:].strip()
    elif rest.endswith("-") and rest[:-1].rstrip() in CURRENCIES:
        signs.append("-")
        rest = rest[:-1].rstrip()
    if len(signs) + opened > 1:
        return None
    is_negative = bool(opened) or signs == ["-"]
    if not rest:
        return Affix(is_negative, prefix)
    if prefix and rest in CURRENCIES:
        # "$5 USD" names the same currency twice.
        return Affix(is_negative, rest) if currency_codes(prefix) & CURRENCIES[rest] else None
    return _with_unit(is_negative, prefix, rest, attached)


def _with_unit(is_negative: bool, prefix: str, rest: str, attached: bool) -> Affix | None:
    """Return the affix with a magnitude or a unit, or both, behind the digits."""
    if (found := re.fullmatch(_MAGNITUDE, rest)) and not re.fullmatch(_KILO, rest):
        unit = found[3]
        word = found[1] + found[2] if not unit else found[1]
        if (not unit or _is_unit(unit)) and not (prefix and unit and unit not in CURRENCIES):
            return Affix(is_negative, unit or prefix, MAGNITUDES[found[1]], word)
    letter, unit = rest[0], rest[1:].strip()
    if letter.lower() in LETTERS and (unit in CURRENCIES or (prefix and not unit)):
        return Affix(is_negative, unit or prefix, LETTERS[letter.lower()], letter)
    if not _is_unit(rest):
        return None
    if prefix:
        # "$5/hr" and "$5 per hour" are prices of something; "$5 kg" is nothing.
        return Affix(is_negative, prefix + rest) if rest[0] == "/" or rest.startswith("per ") else None
    return Affix(is_negative, rest, letter=rest if rest.lower() in LETTERS else "", attached=attached)


def _is_unit(text: str) -> bool:
    """Return whether a text can be a unit."""
    return text in CURRENCIES or (text not in _NO_UNITS and re.fullmatch(_UNIT, text) is not None)


def currency_codes(unit: str) -> frozenset[str]:
    """Return the codes that a unit may stand for; none where it is no currency."""
    return frozenset(["ZAR"]) if unit == "R" else CURRENCIES.get(unit, frozenset())


@lru_cache(4096)
def same_unit(one: str, other: str) -> bool:
    """Return whether two spellings are of the same unit: "kg" and "KG", "year" and "years", "$" and "USD"."""
    return one == other or bool(currency_codes(one) & currency_codes(other)) or _key(one) == _key(other)


def _key(unit: str) -> str:
    """Return a unit without the differences of spelling. Milli and mega differ by their case alone."""
    plain = unicodedata.normalize("NFKC", unit).replace("^", "").replace(" ", "").replace(".", "")
    lower = plain.casefold()
    if len(lower) > 2 and lower.isalpha():
        lower = lower.removesuffix("s")
    return plain[0] + lower[1:] if plain[:1] in ("m", "M") and len(plain) > 1 else lower


def letters_are_magnitudes(affixes: Collection[Affix]) -> bool:
    """Return whether single letters, such as the M of "12M", are magnitudes in a column with these affixes."""
    letters = {affix.letter for affix in affixes if affix.letter}
    return (
        len({letter.lower() for letter in letters}) > 1
        or any(affix.magnitude for affix in affixes)
        or all(affix.attached and affix.letter in CERTAIN_LETTERS for affix in affixes if affix.letter)
    )


def resolved(affix: Affix, *, as_magnitude: bool) -> Affix:
    """Return the affix with its letter, if it has one, taken for a magnitude or left as the unit."""
    if not affix.letter or not as_magnitude:
        return affix
    return Affix(affix.is_negative, "", LETTERS[affix.letter.lower()], affix.letter)


def parse_amount(text: str, unit: str | None = None, decimal: DecimalMark | None = None) -> float | None:
    """Return the number in a text, as a column reads it that has this unit and decimal mark; None for another text.

    The unit may be left out. A text with another unit is no amount of this column.
    """
    plain = text.translate(PLAIN).strip()
    if (zero := re.fullmatch(DASH_ZERO, plain)) is not None:
        return 0.0 if unit and same_unit(zero[1] or zero[2], unit) else None
    match = compiled_pattern(decimal or ".").fullmatch(plain)
    affix = read_affix(match["lead"], match["tail"]) if match else None
    if match is None or affix is None:
        return None
    if affix.letter and not (unit and same_unit(affix.unit, unit)):
        affix = resolved(affix, as_magnitude=True)
    if affix.unit and not (unit and same_unit(affix.unit, unit)):
        return None
    if match["exponent"] and re.search("[^0-9]", match["whole"] or ""):
        return None
    digits = re.sub("[^0-9]", "", match["whole"] or "0")
    exponent = int(match["exponent"][1:]) if match["exponent"] else 0
    number = float(f"{digits}.{match['fraction'] or match['bare'] or '0'}e{exponent + affix.exponent}")
    return (-number if affix.is_negative else number) if isfinite(number) else None


@cache
def compiled_pattern(decimal: DecimalMark) -> re.Pattern[str]:
    """Return the compiled pattern of amounts with this decimal mark."""
    return re.compile(amount_pattern(decimal))


def loses_digits(text: str) -> bool:
    """Return whether a whole number has more digits than float64 keeps; one beyond its range is infinite instead."""
    digits = re.sub(r"[^0-9]", "", text).lstrip("0")
    number = float(digits or "0")
    return len(digits) > 15 and isfinite(number) and int(number) != int(digits) and _shortest(number) != digits


def _shortest(number: float) -> str:
    """Return the digits of the shortest text that float64 reads as this whole number."""
    mantissa, _, exponent = repr(number).partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = fraction.rstrip("0")
    return (whole + fraction).ljust(int(exponent or 0) + len(whole), "0") if exponent else whole
