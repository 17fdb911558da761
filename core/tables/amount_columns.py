"""Read columns of amounts: a whole block of texts at once, by the grammar of `core.amounts`."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.amounts import (
    DASH_ZERO,
    EXACT_INTEGER,
    LEAD,
    PLAIN,
    UNPLAIN,
    Company,
    DecimalMark,
    amount_pattern,
    compiled_pattern,
    currency_codes,
    division_pattern,
    letters_are_magnitudes,
    loses_digits,
    read_company,
    resolved,
    same_unit,
)
from core.decimal_marks import AMBIGUOUS
from core.manifests import ThousandsMark

# So many levels are tried by themselves before all of them are.
FIRST_LEVELS = 8
# A column with more kinds of company is no column of amounts.
MOST_COMPANIES = 64
# Any mark between digits.
MARKED = "[0-9][.,][0-9]"
HAS_DIGIT_OR_DASH = "[0-9０-９−–‒﹣-]"
DASH_ALONE = "^[^0-9]*-[^0-9]*$"
# Between what stands before the digits and what stands behind them, in a key of both.
SEPARATOR = "\x1f"


@dataclass(frozen=True)
class ParsedAmounts:
    """Some distinct texts, divided: their groups by name, and by text the position of its company in `companies`."""

    texts: pa.Array
    groups: dict[str, pa.Array]
    companies: list[Company]
    positions: NDArray[np.intp]


@dataclass
class AmountReader:
    """Reads the amounts of one column in one notation, as integers or as numbers; it keeps the unit of the column.

    A block is converted first and counted when it is known to belong to the column (`count`).
    """

    decimal: DecimalMark
    is_integer: bool
    # The only mark that may divide groups of digits, where the caller has said so.
    thousands: ThousandsMark | None = None
    # By company the rows that have it, without zeros; and rows of zeros without company, which every unit may have.
    rows: Counter[Company] = field(default_factory=Counter)
    _pending: Counter[Company] = field(default_factory=Counter)

    def begin(self) -> None:
        """Start a pass over the file."""
        self.rows = Counter()

    @property
    def unit(self) -> str | None:
        """Return the unit of the column as most rows write it, or None."""
        units = Counter({company: count for company, count in self._resolved(self.rows).items() if company.unit})
        return units.most_common(1)[0][0].unit if units else None

    @property
    def without_unit(self) -> int:
        """Return how many numbers, other than 0, have no unit."""
        return sum(count for company, count in self._resolved(self.rows).items() if not company.unit)

    @property
    def magnitudes(self) -> dict[str, int]:
        """Return by word the power of ten of each magnitude in the column."""
        return {company.magnitude: company.exponent for company in self._resolved(self.rows) if company.magnitude}

    def convert(self, texts: pa.Array) -> pa.Array | None:
        """Convert trimmed texts to int64 or float64; None where one is no amount, or has another unit."""
        encoded = texts.dictionary_encode()
        parsed = parse_levels(encoded.dictionary, self.decimal)
        if parsed is None or (self.thousands and _has_other_marks(parsed.groups["whole"], self.thousands)):
            return None
        as_magnitude = letters_are_magnitudes([*parsed.companies, *self.rows])
        chosen = [resolved(company, as_magnitude=as_magnitude) for company in parsed.companies]
        values = self._values(parsed, chosen)
        if values is None:
            return None
        self._pending = self._counted(
            parsed.companies, parsed.positions, values, np.asarray(encoded.indices.drop_null())
        )
        if not self._fits(self.rows + self._pending):
            return None
        return values.take(encoded.indices)

    def count(self) -> None:
        """Count the block that was converted last."""
        self.rows += self._pending

    def _resolved(self, rows: Counter[Company]) -> Counter[Company]:
        """Return the rows by company, with single letters taken for what they are among all of the column."""
        as_magnitude = letters_are_magnitudes(rows)
        counts: Counter[Company] = Counter()
        for company, count in rows.items():
            counts[resolved(company, as_magnitude=as_magnitude)] += count
        return counts

    def _fits(self, rows: Counter[Company]) -> bool:
        """Return whether all company is of one unit, and none is without it unless the unit is a currency."""
        # A letter that became a magnitude in a later block was a unit in an earlier one.
        has_letters = any(company.letter for company in self.rows)
        if has_letters and letters_are_magnitudes(rows) != letters_are_magnitudes(self.rows):
            return False
        units = {company.unit for company in self._resolved(rows)}
        named = sorted(units - {""})
        if not all(same_unit(one, other) for one in named for other in named):
            return False
        return "" not in units or not named or bool(currency_codes(named[0]))

    def _counted(
        self, companies: list[Company], positions: NDArray[np.intp], values: pa.Array, rows: NDArray[np.int32]
    ) -> Counter[Company]:
        """Count the rows of each company; a zero without unit has none."""
        by_level = np.bincount(rows, minlength=len(positions))
        zero = np.asarray(pc.equal(values, 0).cast(pa.uint8()), bool)
        bare = np.array([not company.unit for company in companies], bool)[positions]
        by_level[zero & bare] = 0
        counted: Counter[Company] = Counter()
        for company, count in zip(companies, np.bincount(positions, by_level, len(companies)).tolist(), strict=True):
            counted[company] += int(count)
        return +counted

    def _values(self, parsed: ParsedAmounts, companies: list[Company]) -> pa.Array | None:
        """Return the value of each level; None where it has a fraction and must not, or would lose digits."""
        groups = parsed.groups
        whole = _without_marks(groups["whole"])
        exponents = np.array([company.exponent for company in companies], np.int64)[parsed.positions]
        signs = np.array([-1 if company.is_negative else 1 for company in companies], np.int64)[parsed.positions]
        fraction = pc.binary_join_element_wise(groups["fraction"], groups["bare"], "")
        is_whole = pc.equal(pc.binary_join_element_wise(fraction, groups["exponent"], ""), "")
        try:
            if self.is_integer:
                return _integers(whole, exponents, signs) if _all(is_whole) else None
            values = _floats(whole, fraction, groups["exponent"], exponents)
        except pa.ArrowInvalid:
            return None
        if values is None or (
            np.any(np.abs(values) >= EXACT_INTEGER)
            and any(map(loses_digits, whole.filter(pc.and_(is_whole, pa.array(exponents == 0))).to_pylist()))
        ):
            return None
        return pa.array(values * signs)


@dataclass
class MarkCheck:
    """Whether the marks of a column's numbers can be read in one way only, as the whole of it shows."""

    is_settled: bool = False
    has_ambiguous: bool = False

    def check(self, texts: pa.Array) -> int | None:
        """Look at some texts; return the position of the first one of two readings in the column."""
        if self.is_settled:
            return None
        marked, ambiguous = (pc.match_substring_regex(texts, one) for one in (MARKED, AMBIGUOUS))
        self.is_settled = bool(pc.any(pc.and_not(marked, ambiguous)).as_py())
        position = pc.index(ambiguous, True).as_py()
        if position < 0 or self.has_ambiguous:
            return None
        self.has_ambiguous = True
        return int(position)


def amount_reading(amounts: AmountReader) -> str:
    """Return how the amounts of a column were read, as the end of a warning: their unit and their magnitudes."""
    unit = f", in the unit {amounts.unit!r}, which is kept apart" if amounts.unit else ""
    words = [f"{word!r} stands for {10**exponent:,}" for word, exponent in amounts.magnitudes.items()]
    return unit + (f", as {' and '.join(words)}" if words else "")


def other_reading(text: str, decimal: DecimalMark) -> str:
    """Return the other reading of a mark before three digits, as the end of a warning; "" where there is none."""
    if not re.search(AMBIGUOUS, text):
        return ""
    mark = "," if re.search("[0-9],[0-9]", text) else "."
    name = "comma" if mark == "," else "point"
    digits = re.sub("[^0-9.,]", "", text).strip(".,")
    if mark == decimal:
        return f"; if its {name} divides thousands, it is {re.sub('[.,]', '', digits)}"
    return f"; if its {name} is a decimal mark, it is {digits.replace(',', '.')}"


def parse_levels(levels: pa.Array, decimal: DecimalMark) -> ParsedAmounts | None:
    """Divide distinct texts into the parts of an amount; None where one is none."""
    if not _all(pc.match_substring_regex(levels, HAS_DIGIT_OR_DASH)):
        return None
    pattern = compiled_pattern(decimal)
    for text in levels[:FIRST_LEVELS].drop_null().to_pylist():
        plain = text.translate(PLAIN).strip()
        if not (pattern.fullmatch(plain) or plain.endswith("-") or plain.startswith("-")):
            return None
    texts = _plain(levels)
    groups = _divided(texts, decimal)
    if groups is None:
        return None
    around = pc.binary_join_element_wise(groups["lead"], groups["tail"], SEPARATOR).dictionary_encode()
    if len(around.dictionary) > MOST_COMPANIES:
        return None
    found = [read_company(*key.split(SEPARATOR)) for key in around.dictionary.to_pylist()]
    companies = [company for company in found if company is not None]
    if len(companies) < len(found):
        return None
    return ParsedAmounts(texts, groups, companies, np.asarray(around.indices, np.intp))


def divided_levels(levels: pa.Array) -> Iterator[tuple[str, str, int]]:
    """Yield what stands before and behind the digits of each text that has digits as an amount has, and its position.

    A text that fits with a decimal point and with a decimal comma is yielded twice.
    """
    texts = _plain(levels)
    marks: tuple[DecimalMark, DecimalMark] = (".", ",")
    for divides, whole in map(division_pattern, marks):
        parts = pc.extract_regex(texts, divides)
        groups = dict(zip((group.name for group in parts.type), parts.flatten(), strict=True))
        fits = pc.and_(parts.is_valid(), pc.match_substring_regex(groups["whole"], whole))
        positions = np.flatnonzero(np.asarray(pc.fill_null(fits, False).cast(pa.uint8()), bool))
        leads, tails = (groups[name].take(pa.array(positions)).to_pylist() for name in ("lead", "tail"))
        known = {lead for lead in set(leads) if re.fullmatch(LEAD, lead)}
        for lead, tail, position in zip(leads, tails, positions.tolist(), strict=True):
            if lead in known:
                yield lead, tail, position


def _divided(texts: pa.Array, decimal: DecimalMark) -> dict[str, pa.Array] | None:
    """Return the groups of `amount_pattern` in each text; None where one is no amount."""
    divides, whole = division_pattern(decimal)
    groups = _groups(texts, divides)
    if groups is not None:
        leads = groups["lead"].unique().to_pylist()
        if len(leads) <= MOST_COMPANIES and all(re.fullmatch(LEAD, lead) for lead in leads):
            return groups if _all(pc.match_substring_regex(groups["whole"], whole)) else None
    return _groups(texts, amount_pattern(decimal))


def _groups(texts: pa.Array, pattern: str) -> dict[str, pa.Array] | None:
    """Return the named groups of a pattern in each text; None where it does not fit one."""
    parts = pc.extract_regex(texts, pattern)
    if parts.null_count > texts.null_count:
        return None
    return dict(zip((group.name for group in parts.type), parts.flatten(), strict=True))


def _plain(levels: pa.Array) -> pa.Array:
    """Return the texts with the digits, signs and blanks of ASCII, and a 0 for a dash that stands for zero."""
    if pc.any(pc.match_substring_regex(levels, UNPLAIN)).as_py():
        levels = pa.array([text.translate(PLAIN).strip() for text in levels.to_pylist()], pa.string())
    if pc.any(pc.match_substring_regex(levels, DASH_ALONE)).as_py():
        levels = pc.replace_substring_regex(levels, DASH_ZERO, r"\1 0\2")
    return levels


def _has_other_marks(whole: pa.Array, thousands: ThousandsMark) -> bool:
    """Return whether digits are divided by another mark than this one."""
    return bool(pc.any(pc.match_substring_regex(whole, f"[^0-9{thousands}]")).as_py())


def _without_marks(whole: pa.Array) -> pa.Array:
    """Return the digits without the marks between their groups."""
    for mark in ",.' ":
        if pc.any(pc.match_substring(whole, mark)).as_py():
            whole = pc.replace_substring(whole, mark, "")
    return whole


def _integers(whole: pa.Array, exponents: NDArray[np.int64], signs: NDArray[np.int64]) -> pa.Array | None:
    """Return whole numbers times powers of ten; None where one is beyond what float64 keeps."""
    values = np.asarray(whole.cast(pa.int64()), np.int64)
    if np.any(values > EXACT_INTEGER // 10**exponents):
        return None
    return pa.array(values * 10**exponents * signs)


def _floats(
    whole: pa.Array, fraction: pa.Array, exponent: pa.Array, exponents: NDArray[np.int64]
) -> NDArray[np.float64] | None:
    """Return the numbers in float64, rounded once; None where a number has both an exponent and a magnitude."""
    if np.any(exponents):
        if not _all(pc.equal(exponent, "")):
            return None
        exponent = pc.binary_join_element_wise("e", pa.array(exponents).cast(pa.string()), "")
    literal = pc.binary_join_element_wise("0", whole, ".", fraction, "0", exponent, "")
    return np.array(literal.cast(pa.float64()), np.float64)


def _all(flags: pa.Array) -> bool:
    """Return whether all flags are true."""
    return bool(pc.all(flags).as_py())
