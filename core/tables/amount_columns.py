"""Read columns of amounts: a whole block of texts at once, by the grammar of `core.amounts`."""

import re
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.amounts import (
    EXACT_INTEGER,
    Affix,
    DecimalMark,
    currency_codes,
    letters_are_magnitudes,
    loses_digits,
    resolved,
    same_unit,
)
from core.decimal_marks import AMBIGUOUS
from core.manifests import ThousandsMark
from core.tables.amount_texts import ParsedAmounts, all_true, any_true, parse_levels
from core.tables.code_letters import have_one_letter, look_like_codes
from core.tables.text_matching import first, matches

# Any mark between digits.
MARKED = "[0-9][.,][0-9]"
# How a reading is corrected afterwards, as the end of a warning.
WAY_OUT = "with PATCH /data/files/{file_id}/reading"


@dataclass
class AmountReader:
    """Reads the amounts of one column in one notation, as integers or as numbers; it keeps the unit of the column.

    A block is converted first and counted when it is known to belong to the column (`count`).
    """

    decimal: DecimalMark
    is_integer: bool
    # The only mark that may divide groups of digits, where the caller has said so.
    thousands: ThousandsMark | None = None
    # Whether the name of the column says that its values identify things, such as the seat 12K.
    identifies: bool = False
    # Whether a number without unit is a fraction of 1, which beside "12%" may stand for 100 times as much.
    has_shares: bool = False
    # The unit of a model's feature, "" for none: numbers have it or none. None where it is not known.
    expected: str | None = None
    # How many rows have each affix. A zero without a unit is not counted, since it may be of every unit.
    rows: Counter[Affix] = field(default_factory=Counter)
    _pending: Counter[Affix] = field(default_factory=Counter)

    def begin(self) -> None:
        """Start a pass over the file."""
        self.rows = Counter()
        self.has_shares = False

    @property
    def unit(self) -> str | None:
        """Return the unit of the column as most rows write it, or None."""
        units = Counter({affix: count for affix, count in self._resolved(self.rows).items() if affix.unit})
        return units.most_common(1)[0][0].unit if units else None

    @property
    def without_unit(self) -> int:
        """Return how many numbers, other than 0, have no unit."""
        return sum(count for affix, count in self._resolved(self.rows).items() if not affix.unit)

    @property
    def magnitudes(self) -> dict[str, int]:
        """Return by word the power of ten of each magnitude in the column."""
        return {affix.magnitude: affix.exponent for affix in self._resolved(self.rows) if affix.magnitude}

    def convert(self, texts: pa.Array) -> pa.Array | None:
        """Convert trimmed texts to int64 or float64; None where one is no amount, or has another unit."""
        encoded = texts.dictionary_encode()
        parsed = parse_levels(encoded.dictionary, self.decimal)
        if parsed is None or (self.thousands and _has_other_marks(parsed.groups["whole"], self.thousands)):
            return None
        if self.expected is None and self._may_be_codes(parsed):
            return None
        as_magnitude = letters_are_magnitudes([*parsed.affixes, *self.rows])
        chosen = [self._as_read(affix, as_magnitude) for affix in parsed.affixes]
        values = self._values(parsed, chosen)
        if values is None:
            return None
        bare = np.array([not affix.unit for affix in chosen], bool)[parsed.positions]
        sizes = np.abs(np.asarray(values, np.float64))
        self.has_shares = self.has_shares or bool(np.any(bare & (sizes > 0) & (sizes <= 1)))
        self._pending = self._counted(parsed.affixes, parsed.positions, values, np.asarray(encoded.indices.drop_null()))
        if not self._fits(self.rows + self._pending):
            return None
        return values.take(encoded.indices)

    def count(self) -> None:
        """Count the block that was converted last."""
        self.rows += self._pending

    def _resolved(self, rows: Counter[Affix]) -> Counter[Affix]:
        """Return the rows by affix, with single letters taken for what they are among all of the column."""
        as_magnitude = letters_are_magnitudes(rows)
        counts: Counter[Affix] = Counter()
        for affix, count in rows.items():
            counts[self._as_read(affix, as_magnitude)] += count
        return counts

    def _as_read(self, affix: Affix, as_magnitude: bool) -> Affix:
        """Return the affix with its letter resolved: as in the column, or where the unit is known by that."""
        if self.expected is not None:
            as_magnitude = not same_unit(affix.unit, self.expected)
        return resolved(affix, as_magnitude=as_magnitude)

    def _fits(self, rows: Counter[Affix]) -> bool:
        """Return whether all affixes have one unit. Only a currency, or per cent, may be absent beside others."""
        if self.expected is not None:
            return all(not one.unit or same_unit(one.unit, self.expected) for one in self._resolved(rows))
        # A letter that became a magnitude in a later block was a unit in an earlier one.
        has_letters = any(affix.letter for affix in self.rows)
        if has_letters and letters_are_magnitudes(rows) != letters_are_magnitudes(self.rows):
            return False
        units = {affix.unit for affix in self._resolved(rows)}
        named = sorted(units - {""})
        if not all(same_unit(one, other) for one in named for other in named):
            return False
        if "" not in units or not named:
            return True
        return bool(currency_codes(named[0])) or (named[0] == "%" and not self.has_shares)

    def _may_be_codes(self, parsed: ParsedAmounts) -> bool:
        """Return whether digits and a letter identify things, by the name of the column or by its first texts."""
        if self.identifies:
            return have_one_letter(parsed.affixes)
        return not self.rows and look_like_codes(parsed.affixes, parsed.groups["whole"], parsed.fraction)

    def _counted(
        self, affixes: list[Affix], positions: NDArray[np.intp], values: pa.Array, rows: NDArray[np.int32]
    ) -> Counter[Affix]:
        """Count the rows of each affix; a zero without a unit is not counted."""
        by_level = np.bincount(rows, minlength=len(positions))
        zero = np.asarray(pc.equal(values, 0).cast(pa.uint8()), bool)
        bare = np.array([not affix.unit for affix in affixes], bool)[positions]
        by_level[zero & bare] = 0
        counted: Counter[Affix] = Counter()
        for affix, count in zip(affixes, np.bincount(positions, by_level, len(affixes)).tolist(), strict=True):
            counted[affix] += int(count)
        return +counted

    def _values(self, parsed: ParsedAmounts, affixes: list[Affix]) -> pa.Array | None:
        """Return the value of each level; None where it has a fraction and must not, or would lose digits."""
        groups = parsed.groups
        whole = _without_marks(groups["whole"])
        exponents = np.array([affix.exponent for affix in affixes], np.int64)[parsed.positions]
        signs = np.array([-1 if affix.is_negative else 1 for affix in affixes], np.int64)[parsed.positions]
        fraction = parsed.fraction
        has_exponent = pc.not_equal(groups["exponent"], "")
        if any_true(has_exponent) and any_true(
            pc.and_(has_exponent, pc.match_substring_regex(groups["whole"], "[^0-9]"))
        ):
            return None  # thousands are not divided in front of an exponent
        is_whole = pc.equal(pc.binary_join_element_wise(fraction, groups["exponent"], ""), "")
        try:
            if self.is_integer:
                return _integers(whole, exponents, signs) if all_true(is_whole) else None
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
        marked, ambiguous = (matches(texts, one) for one in (MARKED, AMBIGUOUS))
        self.is_settled = bool(np.any(marked & ~ambiguous))
        position = first(ambiguous)
        if position < 0 or self.has_ambiguous:
            return None
        self.has_ambiguous = True
        return position


def amount_reading(amounts: AmountReader) -> str:
    """Return how the amounts of a column were read, as the end of a warning: their unit and their magnitudes."""
    unit = f", in the unit {amounts.unit!r}, which is kept apart" if amounts.unit else ""
    words = [f"{word!r} stands for {10**exponent:,}" for word, exponent in amounts.magnitudes.items()]
    return unit + (f", as {' and '.join(words)}" if words else "")


def other_reading(text: str, decimal: DecimalMark, *, is_open: bool) -> str:
    """Return the other reading of a mark before three digits, as the end of a warning; "" where there is none.

    It says how to choose that one if no other number of the file has settled the mark (`is_open`).
    """
    if not re.search(AMBIGUOUS, text):
        return ""
    mark = "," if re.search("[0-9],[0-9]", text) else "."
    name = "comma" if mark == "," else "point"
    minus = "-" if re.search("^[^0-9]*[-−(]|[-−]$", text.strip()) else ""
    digits = re.sub("[^0-9.,]", "", re.split("(?<=[0-9])[^0-9., ']", text)[0]).strip(".,")
    if mark == decimal:
        other = "point" if mark == "," else "comma"
        said = f"; if its {name} divides thousands, it is {minus}{re.sub('[.,]', '', digits)}"
    else:
        other = name
        said = f"; if its {name} is a decimal mark, it is {minus}{digits.replace(',', '.')}"
    return f"{said}: to have it read so, send decimal={other} {WAY_OUT}" if is_open else said


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
        if not all_true(pc.equal(exponent, "")):
            return None
        exponent = pc.binary_join_element_wise("e", pa.array(exponents).cast(pa.string()), "")
    literal = pc.binary_join_element_wise("0", whole, ".", fraction, "0", exponent, "")
    return np.array(literal.cast(pa.float64()), np.float64)
