"""The kinds a column can be, from the narrowest to plain text, and how each makes values of texts.

A kind is tried on a whole block of a column: it either reads every text or says no, and then the next one is tried.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.cell_values import BOOLEANS, DATE_FORMATS
from core.manifests import ColumnType
from core.tables.date_parsing import DATE, read_dates

# So many texts are looked at before a kind is tried on all of them: most kinds are out at once.
FIRST_LOOK = 64
TEXT = pa.dictionary(pa.int32(), pa.string())

CURRENCY = r"(?:[$€£¥₹₩₽元円]|US\$|HK\$|NT\$|RMB|USD|EUR|CNY|GBP|JPY)"
# Between groups of digits, an apostrophe or a blank is never a decimal mark.
GROUP_MARKS = "'’ "
# What an amount of money may consist of before full-width characters are narrowed: "10²" is no 102.
AMOUNT = r"^[-+−－(（)）\d０-９ eE.,．，'’\x{a0}\x{202f}$＄€£¥￥₹₩₽元円A-Z%％‰]*$"
# A whole number with zeros in front is a code ("007") and loses them as a number; "07" may well be a month.
CODE = r"^[-+]?0\d\d+$"

Convert = Callable[[pa.Array], pa.Array | None]


@dataclass(frozen=True)
class Kind:
    """One way to understand a column. `convert` takes trimmed strings and nulls, and returns None for a misfit."""

    type: ColumnType
    arrow: pa.DataType
    convert: Convert
    # How its dates are written: a key of `DATE_FORMATS`.
    format: str | None = None
    # Whether a text is read as something that it does not literally say, so that a person should be told.
    told: bool = False
    # Whether Arrow's own CSV parser makes the same values, in half the time.
    parsed: bool = False


def kinds(delimiter: str, *, decimal_comma: bool) -> list[Kind]:
    """Every kind in the order of trying; the last one, a category, takes anything.

    A comma can be a decimal mark only where it does not divide the columns; `decimal_comma` says which of the two
    readings of "1,234" is tried first there.
    """
    styles = [(",", "."), (".", ",")] if delimiter != "," else [(",", ".")]
    amounts = [_amount(group, decimal, whole) for group, decimal in styles for whole in (True, False)]
    if decimal_comma:
        amounts = amounts[2:] + amounts[:2]
    return [
        Kind("integer", pa.int64(), _integer),
        Kind("number", pa.float64(), _number, parsed=True),
        *amounts,
        *(Kind("boolean", pa.bool_(), partial(_boolean, words=words)) for words in BOOLEANS),
        *(Kind("date", DATE, partial(read_dates, form=form), form, told=form[0] != "Y") for form in DATE_FORMATS),
        Kind("category", TEXT, lambda texts: texts.dictionary_encode(), parsed=True),
    ]


def fits(kind: Kind, texts: pa.Array) -> pa.Array | None:
    """The values of `texts` as `kind` reads them, or None; a first look spares most of the work."""
    if texts.null_count == len(texts):
        return pa.nulls(len(texts), kind.arrow)
    head = texts[:FIRST_LOOK].drop_null()
    if len(head) and kind.convert(head) is None:
        return None
    return kind.convert(texts)


def _integer(texts: pa.Array) -> pa.Array | None:
    return _cast(texts, pa.int64())


def _number(texts: pa.Array) -> pa.Array | None:
    """float64, infinite where a text is beyond it."""
    return _cast(texts, pa.float64())


def _cast(texts: pa.Array, target: pa.DataType) -> pa.Array | None:
    # Arrow refuses a plus sign, and takes hexadecimal for a number.
    first = _letters(texts, 0)
    zeros = np.flatnonzero(first == ord("0"))
    if len(zeros):
        second, third = _letters(texts, 1, zeros), _letters(texts, 2, zeros)
        if np.any((second | 32) == ord("x")):
            return None
        codes = texts.take(pa.array(zeros[_is_digit(second) & _is_digit(third)], pa.int64()))
        # Among fractions it is a number, written to a width.
        if _any(pc.match_substring_regex(codes, CODE)) and not _any(pc.match_substring(texts, ".")):
            return None
    if np.any(first == ord("+")):
        texts = pc.replace_substring_regex(texts, r"^\+([\d.])", r"\1")
    try:
        return texts.cast(target)
    except pa.ArrowInvalid:
        return None


def _letters(texts: pa.Array, position: int, rows: NDArray[np.intp] | slice = slice(None)) -> NDArray[np.uint8]:
    """The byte at this position of each text, or of those in `rows`, read from Arrow's own buffers.

    Where a text is shorter it is a byte of the next one: enough to rule something out, not to make sure of it.
    """
    _, offsets, data = texts.buffers()
    starts = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts)][rows]
    if data is None or not len(data):
        return np.zeros(len(starts), np.uint8)
    return np.frombuffer(data, np.uint8).take(starts + position, mode="clip")


def _is_digit(letters: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return (letters >= ord("0")) & (letters <= ord("9"))


def _amount(group: str, decimal: str, whole: bool) -> Kind:
    """Numbers with groups of digits, a currency or percent sign, or brackets for minus; a percent stays as written."""
    marks = f"[{group}{GROUP_MARKS}]"
    digits = rf"[1-9]\d{{0,2}}(?:{marks}\d{{2}})*(?:{marks}\d{{3}})+|0?\d|[1-9]\d*|"
    rest = "()()" if whole else rf"([{decimal}]\d+)?([eE][-+]?\d+)?"
    pattern = rf"^([-+−]?) ?{CURRENCY}? ?([-+−]?)({digits}){rest} ?(?:{CURRENCY}|[%‰])?$"
    target = pa.int64() if whole else pa.float64()
    convert = partial(_read_amounts, pattern=pattern, marks=marks, decimal=decimal, target=target)
    return Kind("integer" if whole else "number", target, convert, told=True)


def _read_amounts(texts: pa.Array, pattern: str, marks: str, decimal: str, target: pa.DataType) -> pa.Array | None:
    if not _all(pc.match_substring_regex(texts, AMOUNT)):
        return None
    plain = pc.replace_substring_regex(pc.utf8_normalize(texts, form="NFKC"), r"^\((.*)\)$", r"-\1")
    if not _all(pc.match_substring_regex(plain, pattern)):
        return None
    parts = pc.replace_substring_regex(plain, pattern, r"\1\2\3\4\5")
    bare = pc.replace_substring_regex(parts, marks, "")
    signed = pc.replace_substring_regex(pc.replace_substring(bare, decimal, "."), "−", "-")
    return _cast(signed, target)


def _boolean(texts: pa.Array, words: tuple[str, str]) -> pa.Array | None:
    lower = pc.utf8_lower(texts)
    # A null is in no set, and equal to nothing but null.
    known = pc.or_kleene(pc.equal(lower, words[0]), pc.equal(lower, words[1]))
    return pc.equal(lower, words[0]) if _all(known) else None


def _any(flags: pa.Array) -> bool:
    return bool(pc.any(flags).as_py())


def _all(flags: pa.Array) -> bool:
    return bool(pc.all(flags).as_py())
