"""How a column is to be read, where a request or a model says so: the types to try, and the missing words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

import pyarrow as pa

from core.amounts import DecimalMark
from core.cell_values import MISSING
from core.date_formats import CLOCK_FORMAT, DATE_FORMATS, FIRST_PART, NUMBER_FORMATS
from core.delimited.dialect import Dialect
from core.errors import InvalidInputError
from core.manifests import DateOrder, Feature, Reading
from core.tables.code_names import is_code_name
from core.tables.column_types import (
    TypeCandidate,
    amounts_candidate,
    any_boolean,
    candidates_of_words,
    date_candidate,
    integer_candidate,
    number_candidate,
    plain_number,
    type_candidates,
    whole_number,
)
from core.tables.numbers_as_dates import number_date_candidates
from core.types import ColumnType

FIRST_PARTS: dict[DateOrder, str] = {"dmy": "day", "mdy": "month", "ymd": "year"}
# The decimal mark that goes with a mark of thousands.
_DECIMALS: dict[str, DecimalMark] = {".": ",", ",": "."}
NAMES_SHOWN = 10


@dataclass(frozen=True)
class Expectation:
    """How one column is to be read: its types in the order in which they are tried."""

    name: str
    candidates: list[TypeCandidate]
    # Further spellings of a missing value, and spellings of one that are answers.
    missing: frozenset[str] = frozenset()
    keep: frozenset[str] = frozenset()
    # The type that the caller has said.
    forced: ColumnType | None = None
    # The fields of the reading that settle what would be ambiguous otherwise.
    given: frozenset[str] = field(default_factory=frozenset)
    # Whether no number at the beginning of the file shows which mark divides fractions.
    marks_are_open: bool = False


def expectations(
    dialect: Dialect, names: Sequence[str], reading: Reading, like: Iterable[Feature]
) -> list[Expectation]:
    """Return how each column of a file is to be read; raises `InvalidInputError` for a reading that cannot be."""
    _check(reading, names)
    features = {feature.name: feature for feature in like}
    given = frozenset(name for name in ("dates", "decimal", "thousands") if getattr(reading, name) is not None)
    missing, keep = (frozenset(text.strip() for text in texts) for texts in (reading.missing, reading.keep))
    marks_are_open = not (dialect.has_decimal_commas or dialect.has_decimal_points)
    found = []
    for name in names:
        feature, forced = features.get(name), reading.types.get(name)
        candidates = [*_like(feature, reading), *number_date_candidates(name), *_usual(dialect, reading)]
        if forced:
            candidates = _forced(forced, candidates)
        elif feature is None and is_code_name(name):
            for candidate in candidates:
                if candidate.amounts is not None:
                    candidate.amounts.identifies = True
        one = Expectation(name, candidates, missing, keep, forced, given, marks_are_open)
        found.append(_with_words_of(feature, one) if feature else one)
    return found


def _check(reading: Reading, names: Sequence[str]) -> None:
    """Raise `InvalidInputError` for unknown columns, equal marks, and spellings that are both missing and kept."""
    errors = [
        {"field": f"types.{name}", "message": f"the file has no column {name!r}"}
        for name in reading.types
        if name not in names
    ]
    if reading.decimal and reading.decimal == reading.thousands:
        errors.append({"field": "thousands", "message": "must be another mark than decimal"})
    both = sorted({text.strip() for text in reading.missing} & {text.strip() for text in reading.keep})
    if both:
        errors.append({"field": "keep", "message": f"{', '.join(map(repr, both))} cannot be missing and kept"})
    if "" in map(str.strip, reading.keep):
        errors.append({"field": "keep", "message": "an empty cell is always missing"})
    if errors:
        shown = ", ".join(map(repr, names[:NAMES_SHOWN])) + (" ..." if len(names) > NAMES_SHOWN else "")
        columns = f" The columns are {shown}." if any(error["field"].startswith("types") for error in errors) else ""
        said = "; ".join(f"{error['field']}: {error['message']}" for error in errors)
        raise InvalidInputError(f"The file cannot be read as said: {said}.{columns}", errors)


def _with_words_of(feature: Feature, expectation: Expectation) -> Expectation:
    """Return the expectation with the spellings that the feature has; a level of it is an answer."""
    levels = MISSING.intersection(feature.levels) if feature.type == "category" else frozenset()
    keep = expectation.keep | levels | frozenset(feature.keep)
    missing = expectation.missing | (frozenset(feature.missing) - keep)
    return replace(expectation, missing=missing, keep=keep - expectation.missing)


def _like(feature: Feature | None, reading: Reading) -> list[TypeCandidate]:
    """Return the types that mean what a feature means; none where the reading says otherwise."""
    if feature is None:
        return []
    if feature.type == "date":
        order = reading.dates and FIRST_PARTS[reading.dates]
        contradicts = order and FIRST_PART.get(feature.format or "", order) != order
        found = [] if contradicts or not feature.format else [date_candidate(feature.format)]
    elif feature.type == "number":
        decimal: DecimalMark = feature.decimal or "."
        found = [] if decimal != (_decimal(reading) or decimal) else _numbers_like(feature, decimal)
    elif feature.type == "boolean":
        found = [_boolean()]
    else:
        found = [candidates_of_words()[-1]]
    return [replace(candidate, is_like=True) for candidate in found]


def _numbers_like(feature: Feature, decimal: DecimalMark) -> list[TypeCandidate]:
    """Return the types of the numbers that a feature has."""
    if feature.format == CLOCK_FORMAT:
        return [candidates_of_words()[-2]]
    plain = [] if decimal == "," else [number_candidate()]
    amounts = [amounts_candidate(decimal, is_integer, unit=feature.unit or "") for is_integer in (True, False)]
    return [integer_candidate(decimal), *plain, *amounts, *([] if decimal == "," else [_plain_number()])]


def _usual(dialect: Dialect, reading: Reading) -> list[TypeCandidate]:
    """Return the types that a column of this file is tried as; the last ones contradict the reading."""
    usual = type_candidates(
        dialect.original_delimiter,
        decimal_comma=dialect.decimal_comma,
        # They may also be in quotes and far below the first rows.
        has_decimal_commas=True,
        has_decimal_points=dialect.has_decimal_points,
    )
    if not reading.decimal and not reading.thousands and not reading.dates:
        return usual
    words = len(candidates_of_words())
    numbers = usual[:-words]
    if reading.decimal or reading.thousands:
        has_commas = dialect.has_decimal_commas or dialect.original_delimiter != ","
        numbers = _told_numbers(dialect, reading, has_commas=has_commas)
    return [*numbers, *(_told_words(reading.dates) if reading.dates else usual[-words:])]


def _decimal(reading: Reading) -> DecimalMark | None:
    """Return the decimal mark that the reading says or implies."""
    return reading.decimal or _DECIMALS.get(reading.thousands or "")


def _told_numbers(dialect: Dialect, reading: Reading, *, has_commas: bool) -> list[TypeCandidate]:
    """Return the types of numbers as they are said to be, and behind them those that contradict that."""
    decimal, thousands = _decimal(reading), reading.thousands
    field_name = "decimal" if reading.decimal else "thousands"
    usual: list[DecimalMark] = [",", "."] if dialect.decimal_comma else [".", ","]
    marks = [decimal] if decimal else usual
    found = [integer_candidate(marks[0])]
    for mark in marks:
        found += [number_candidate()] if mark == "." else []
        found += [amounts_candidate(mark, is_integer, thousands) for is_integer in (True, False)]
    others = [(mark, field_name) for mark in usual if mark not in marks and (mark == "." or has_commas)]
    if thousands:
        others = [*((mark, "thousands") for mark in marks), *others]
    for mark, contradicted in others:
        plain = [number_candidate()] if mark == "." and mark not in marks else []
        wrong = [*plain, *(amounts_candidate(mark, is_integer) for is_integer in (True, False))]
        found += [replace(candidate, contradicts=contradicted) for candidate in wrong]
    return found


@cache
def _told_words(dates: DateOrder) -> tuple[TypeCandidate, ...]:
    """Return the types that are no plain numbers, with the dates of another order behind those of this one."""
    first = FIRST_PARTS[dates]
    words = candidates_of_words()
    wrong = [one for one in words if one.type == "date" and FIRST_PART.get(one.format or "", first) != first]
    right = [one for one in words if one not in wrong]
    return (*right[:-2], *(replace(one, contradicts="dates") for one in wrong), *right[-2:])


def _forced(forced: ColumnType, candidates: list[TypeCandidate]) -> list[TypeCandidate]:
    """Return the types of a column that is said to be of this type; none contradicts the reading."""
    found = [one for one in candidates if one.type == forced and not one.contradicts]
    if forced == "integer":
        return [*found, TypeCandidate("integer", pa.int64(), whole_number, decimal=found[0].decimal)]
    if forced == "number":
        return [*found[:-1], _plain_number(), found[-1]]
    if forced == "boolean":
        return [_boolean()]
    if forced == "date":
        numbers = [date_candidate(name) for name in NUMBER_FORMATS]
        return [*(one for one in found if one.is_like), *numbers, *(one for one in found if one.format in DATE_FORMATS)]
    return found


@cache
def _plain_number() -> TypeCandidate:
    """Return the type of plain numbers that may have zeros in front."""
    return TypeCandidate("number", pa.float64(), plain_number, needs_warning=True)


@cache
def _boolean() -> TypeCandidate:
    """Return the type of all words for true and false."""
    return TypeCandidate("boolean", pa.bool_(), any_boolean, is_literal=True)
