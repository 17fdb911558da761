"""The types that a column can have, from the narrowest to plain text, and how each converts texts to values.

A type is tried on a whole block of a column. It converts every text or does not fit, and then the next one is tried.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.amounts import EXACT_INTEGER, DecimalMark, loses_digits
from core.cell_values import BOOLEANS
from core.date_formats import CLOCK_FORMAT, DATE_FORMATS, LITERAL
from core.manifests import ThousandsMark
from core.tables.amount_columns import AmountReader
from core.tables.date_parsing import DATE, parse_clocks, parse_dates
from core.types import ColumnType

# How many texts are tried before all of them are: most types fail on the first ones.
FIRST_LOOK = 64
TEXT = pa.dictionary(pa.int32(), pa.string())
# How the columns of each type are stored.
ARROW_TYPES: dict[ColumnType, pa.DataType] = {
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": DATE,
    "category": TEXT,
}

# A whole number with leading zeros is a code ("007") that would lose them as a number; "07" may well be a month.
CODE = r"^[-+]?0\d\d+$"
# A whole number that float64 may not keep to the last digit.
WHOLE = r"^[-+]?\d{16,}$"

# What a column that is said to be boolean may have.
TRUE_WORDS, FALSE_WORDS = (
    [*(words[position] for words in BOOLEANS), digit] for position, digit in ((0, "1"), (1, "0"))
)

Convert = Callable[[pa.Array], pa.Array | None]


@dataclass(frozen=True)
class TypeCandidate:
    """One type in one notation.

    `convert` takes trimmed strings and nulls, and returns None where a text does not fit.
    """

    type: ColumnType
    arrow: pa.DataType
    convert: Convert
    # The format of its dates, a key of `core.date_formats.PATTERNS`, or of its times of day.
    format: str | None = None
    # Whether values are read as something that the text is not literally, which deserves a warning.
    needs_warning: bool = False
    # Whether the point of "1.234" may divide thousands; a warning says so if it may in every number of the column.
    is_unsure: bool = False
    # Reads the amounts of one column, and keeps their unit.
    amounts: AmountReader | None = None
    # The decimal mark of the file where it is a comma.
    decimal: DecimalMark | None = None
    # The words for true and false of a boolean.
    words: tuple[str, ...] = ()
    # The field of a `Reading` that a column of this type contradicts.
    contradicts: str = ""
    # Whether it is the type of a model's feature.
    is_like: bool = False
    # Whether its values are what their texts are under every meaning of the type.
    is_literal: bool = False
    # The type by which Arrow's own CSV parser makes the same values in half the time, if there is one.
    parsed_by_arrow: bool = False


def type_candidates(
    delimiter: str, *, decimal_comma: bool, has_decimal_commas: bool = False, has_decimal_points: bool = True
) -> list[TypeCandidate]:
    """Return every type in the order in which they are tried; the last one, a category, takes any text.

    The list is for one column. A comma can be a decimal mark where it is not the delimiter, or where the file may have
    such numbers in quotes (`has_decimal_commas`); `decimal_comma` chooses which of the two readings of "1,234" is tried
    first there. In a file that a comma does not divide and that has no certain decimal point
    (`has_decimal_points`), "1.234" may be either.
    """
    points = [amounts_candidate(".", is_integer) for is_integer in (True, False)]
    commas = [amounts_candidate(",", is_integer) for is_integer in (True, False)]
    is_unsure = delimiter != "," and not has_decimal_points and not decimal_comma
    number = number_candidate(is_unsure=is_unsure)
    if decimal_comma:
        # "52.750" is 52,750 in a file where a comma divides fractions.
        numbers = [*commas, number, *points]
    else:
        numbers = [number, *points, *(commas if delimiter != "," or has_decimal_commas else [])]
    return [
        integer_candidate("," if decimal_comma else "."),
        *numbers,
        *candidates_of_words(),
    ]


# Columns share what they do not change: there may be thousands of them.
@cache
def integer_candidate(decimal: DecimalMark) -> TypeCandidate:
    """Return the type of plain whole numbers in a file with this decimal mark."""
    return TypeCandidate("integer", pa.int64(), _integer, decimal="," if decimal == "," else None, is_literal=True)


@cache
def number_candidate(*, is_unsure: bool = False) -> TypeCandidate:
    """Return the type of plain numbers with a decimal point."""
    return TypeCandidate(
        "number",
        pa.float64(),
        _number,
        needs_warning=is_unsure,
        is_unsure=is_unsure,
        is_literal=True,
        parsed_by_arrow=not is_unsure,
    )


@cache
def candidates_of_words() -> tuple[TypeCandidate, ...]:
    """Return the types that are no plain numbers, in the order in which they are tried."""
    return (
        *map(_boolean_candidate, BOOLEANS),
        *map(date_candidate, DATE_FORMATS),
        TypeCandidate("number", pa.float64(), parse_clocks, CLOCK_FORMAT, needs_warning=True),
        TypeCandidate("category", TEXT, lambda texts: texts.dictionary_encode(), parsed_by_arrow=True),
    )


@cache
def date_candidate(date_format: str) -> TypeCandidate:
    """Return the type of dates in one format of `core.date_formats.PATTERNS`."""
    convert = partial(parse_dates, date_format=date_format)
    is_literal = date_format in LITERAL
    return TypeCandidate("date", DATE, convert, date_format, needs_warning=not is_literal, is_literal=is_literal)


def try_type(candidate: TypeCandidate, texts: pa.Array) -> pa.Array | None:
    """Convert texts to a type; None where one does not fit, which the first few texts mostly show."""
    if texts.null_count == len(texts):
        return pa.nulls(len(texts), candidate.arrow)
    head = texts[:FIRST_LOOK].drop_null() if len(texts) > FIRST_LOOK else ()
    if len(head) and candidate.convert(head) is None:
        return None
    return candidate.convert(texts)


def _integer(texts: pa.Array) -> pa.Array | None:
    """Convert to int64; None where a number is beyond what float64 keeps, which predictions and exports have."""
    values = _cast(texts, pa.int64())
    if values is None or any(abs(end or 0) > EXACT_INTEGER for end in pc.min_max(values).as_py().values()):
        return None
    return values


def _number(texts: pa.Array) -> pa.Array | None:
    """Convert to float64, infinite where a text is beyond its range; None where a whole number would lose digits."""
    values = _cast(texts, pa.float64())
    if values is None or not is_beyond_exact(values):
        return values
    whole = texts.filter(pc.match_substring_regex(texts, WHOLE)).drop_null()
    return None if any(map(loses_digits, whole.to_pylist())) else values


def is_beyond_exact(values: pa.Array) -> bool:
    """Return whether a number may be a whole one that float64 does not keep."""
    if values.null_count == 0 and len(values):
        floats = np.asarray(values)
        # Several times as fast as Arrow, and not a number where any of the values is not.
        low, high = float(floats.min()), float(floats.max())
        if low > -EXACT_INTEGER and high < EXACT_INTEGER:
            return False
    return any(abs(end or 0) >= EXACT_INTEGER for end in pc.min_max(values).as_py().values())


def plain_number(texts: pa.Array) -> pa.Array | None:
    """Convert to float64 as `_number` does, and codes with leading zeros as well."""
    values = _cast(texts, pa.float64(), with_codes=True)
    return None if values is None or (is_beyond_exact(values) and _number(texts) is None) else values


def whole_number(texts: pa.Array) -> pa.Array | None:
    """Convert whole numbers to int64, such as 3.0 and 007; None where one has a fraction."""
    values = plain_number(texts)
    if values is None or not _all(pc.and_(pc.is_finite(values), pc.equal(pc.floor(values), values))):
        return None
    return values.cast(pa.int64())


def any_boolean(texts: pa.Array) -> pa.Array | None:
    """Convert all words for true and false, 1 and 0 too, to booleans."""
    lower = pc.utf8_lower(texts)
    yes, no = (pc.is_in(lower, pa.array(words)) for words in (TRUE_WORDS, FALSE_WORDS))
    known = pc.or_(pc.or_(yes, no), pc.is_null(lower))
    return pc.if_else(pc.is_null(lower), pa.scalar(None, pa.bool_()), yes) if _all(known) else None


def _cast(texts: pa.Array, target: pa.DataType, *, with_codes: bool = False) -> pa.Array | None:
    """Convert plain numbers to `target`; None for hexadecimal, for codes with leading zeros, and for other texts."""
    # Arrow refuses a plus sign and accepts hexadecimal.
    first = _letters(texts, 0)
    zeros = np.flatnonzero(first == ord("0"))
    if len(zeros):
        second, third = _letters(texts, 1, zeros), _letters(texts, 2, zeros)
        if np.any((second | 32) == ord("x")):
            return None
        codes = texts.take(pa.array(zeros[_is_digit(second) & _is_digit(third)], pa.int64()))
        # Among fractions it is a number that is padded to a width.
        if not with_codes and _any(pc.match_substring_regex(codes, CODE)) and not _any(pc.match_substring(texts, ".")):
            return None
    if np.any(first == ord("+")):
        texts = pc.replace_substring_regex(texts, r"^\+([\d.])", r"\1")
    try:
        return texts.cast(target)
    except pa.ArrowInvalid:
        return None


def _letters(texts: pa.Array, position: int, rows: NDArray[np.intp] | slice = slice(None)) -> NDArray[np.uint8]:
    """Return the byte at this position of each text, or of those in `rows`, read from Arrow's own buffers.

    Where a text is shorter it is a byte of the next one, so the answer can rule something out but not confirm it.
    """
    _, offsets, data = texts.buffers()
    starts = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts)][rows]
    if data is None or not len(data):
        return np.zeros(len(starts), np.uint8)
    return np.frombuffer(data, np.uint8).take(starts + position, mode="clip")


def _is_digit(letters: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return which bytes are ASCII digits."""
    return (letters >= ord("0")) & (letters <= ord("9"))


def amounts_candidate(
    decimal: DecimalMark, is_integer: bool, thousands: ThousandsMark | None = None, unit: str | None = None
) -> TypeCandidate:
    """Return the type of amounts: numbers with digit groups, a currency, a unit, or brackets for minus; 5% is 5.

    Only `thousands` divides the groups, if it is given. With `unit` they have that unit or none ("" for none).
    """
    reader = AmountReader(decimal, is_integer, thousands, expected=unit)
    return TypeCandidate(
        "integer" if is_integer else "number",
        pa.int64() if is_integer else pa.float64(),
        reader.convert,
        needs_warning=True,
        amounts=reader,
        decimal="," if decimal == "," else None,
    )


def _boolean_candidate(words: tuple[str, str]) -> TypeCandidate:
    """Return the type of the words for true and false."""
    return TypeCandidate("boolean", pa.bool_(), partial(_boolean, words=words), words=words, is_literal=True)


def _boolean(texts: pa.Array, words: tuple[str, str]) -> pa.Array | None:
    """Convert the two words for true and false, in any case, to booleans."""
    # Most columns are ruled out by their first text.
    first = texts[0].as_py() if len(texts) else None
    if first is not None and first.lower() not in words:
        return None
    lower = pc.utf8_lower(texts)
    # A null is in no set and equals only null.
    known = pc.or_kleene(pc.equal(lower, words[0]), pc.equal(lower, words[1]))
    return pc.equal(lower, words[0]) if _all(known) else None


def _any(flags: pa.Array) -> bool:
    """Return whether a flag is true."""
    return bool(pc.any(flags).as_py())


def _all(flags: pa.Array) -> bool:
    """Return whether all flags are true."""
    return bool(pc.all(flags).as_py())
