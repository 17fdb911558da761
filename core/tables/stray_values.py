"""Stray values: the few texts that keep a column from being numbers or dates, and units that do not go together."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.amounts import CERTAIN_LETTERS, LETTERS, Affix, currency_codes, read_affix, same_unit
from core.array_types import Ints
from core.cell_values import parse_clock, parse_date
from core.delimited.names import quoted
from core.delimited.ragged_rows import EXAMPLES_SHOWN
from core.tables.amount_texts import divided_levels, plain_levels
from core.tables.column_types import CODE, WHOLE
from core.tables.odd_cells import OddCell
from core.tables.reading_warnings import NUMBER_OR_DATE, STRAY_SHARE
from core.tables.text_matching import matches

# Texts that may be amounts, found fast.
AMOUNT_LIKE = r"^[^0-9]{0,8}[0-9][0-9.,' ]*(?:[^0-9]{0,20}[23]?)$"
WORD = "[A-Za-z]{3}"
# Up to so many dates with a word are read one by one.
MOST_WORDS = 2_000
# A unit that is no currency is one if so many of the texts have it: "12 Main St" is no amount.
UNIT_SHARE = 0.1
# So few words, in up to such a share of a column, stand for something that is no number.
FEW_WORDS_SHARE = 0.5
# The start of a reason that is none to correct the cells: they are codes.
OF_CODES = ": its whole numbers have"
# Up to so many distinct texts of a column are read once and not in each block.
FEW_LEVELS = 256


@dataclass(frozen=True)
class SortedLevels:
    """Distinct texts as the reader understands them: which are stray, and the rows and an example of each unit."""

    is_stray: NDArray[np.bool_]
    units: Counter[str]
    examples: dict[str, str]


def sort_levels(levels: pa.Array, counts: Ints, level_units: Sequence[str | None] | None = None) -> SortedLevels:
    """Sort distinct texts, which `counts` rows have, into strays and numbers by their units.

    `level_units` is what `units_of` returned for the texts, where that is known.
    """
    level_units = units_of(levels) if level_units is None else level_units
    is_stray = np.ones(len(levels), bool)
    found: Counter[str] = Counter()
    examples: dict[str, str] = {}
    by_unit: dict[str, list[int]] = {}
    for position, unit in enumerate(level_units):
        if unit is not None:
            by_unit.setdefault(unit, []).append(position)
    for unit, positions in by_unit.items():
        rows = int(counts[positions].sum())
        if unit in ("", "%") or currency_codes(unit) or rows >= UNIT_SHARE * counts.sum():
            is_stray[positions] = False
            same = next((other for other in found if other and unit and same_unit(other, unit)), unit)
            found[same] += rows
            examples.setdefault(same, levels[positions[0]].as_py())
    return SortedLevels(is_stray, _without_magnitudes(found), examples)


def units_of(texts: pa.Array) -> list[str | None]:
    """Return the unit of each amount, "" for dates and for numbers without one, and None for any other text."""
    texts = plain_levels(texts)
    ordinary = matches(texts, NUMBER_OR_DATE)
    # To the pattern "Zone 10" is a month and a year; few texts have a word.
    for position in np.flatnonzero(ordinary & matches(texts, WORD))[:MOST_WORDS].tolist():
        text = texts[position].as_py()
        ordinary[position] = parse_date(text) is not None or parse_clock(text) is not None
    found: list[str | None] = ["" if is_ordinary else None for is_ordinary in ordinary.tolist()]
    amounts = ~ordinary & matches(texts, AMOUNT_LIKE)
    positions = np.flatnonzero(amounts)
    if not len(positions):
        return found
    for lead, tail, position in divided_levels(texts.take(pa.array(positions))):
        affix = read_affix(lead, tail)
        if affix is not None and found[positions[position]] is None:
            found[positions[position]] = "" if _is_magnitude(affix) else affix.unit
    return found


def _is_magnitude(affix: Affix) -> bool:
    """Return whether the letter behind a number, such as the M of "12M", is a magnitude in any column."""
    return affix.attached and affix.letter in CERTAIN_LETTERS


def _without_magnitudes(units: Counter[str]) -> Counter[str]:
    """Return the units where several single letters, such as the K and M of "1.5 K" and "2 M", are magnitudes."""
    letters = {unit for unit in units if unit.lower() in LETTERS}
    if len({letter.lower() for letter in letters}) < 2:
        return units
    named = Counter({unit: count for unit, count in units.items() if unit not in letters})
    named[""] += sum(units[letter] for letter in letters)
    return named


@dataclass
class StrayValues:
    """Collects the stray values of a column of texts, block by block."""

    texts: int = 0
    count: int = 0
    first_row: int = 0
    # By text the rows that have it and the first of them, for the first few texts.
    words: dict[str, tuple[int, int]] = field(default_factory=dict)
    is_wordy: bool = False
    units: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    # One of the numbers or dates in a column that stays text because no type fits all values.
    odd: str | None = None
    is_long: bool = False
    # The units of texts that were met, if there are few.
    known_units: dict[str, str | None] = field(default_factory=dict)

    def add(self, values: pa.DictionaryArray, row: int) -> None:
        """Count texts that are neither numbers nor dates in a block of categories; it begins at the table row `row`."""
        self.texts += len(values) - values.null_count
        if self.is_wordy and self.count > EXAMPLES_SHOWN and self.count > STRAY_SHARE * self.texts:
            return  # words, and no strays
        levels = values.dictionary
        codes = pc.fill_null(values.indices, -1).to_numpy(zero_copy_only=False)
        counts = np.bincount(codes + 1, minlength=len(levels) + 1)[1:]
        levels_sorted = sort_levels(levels, counts, self._units_of(levels))
        self._keep_odd(levels, pa.array(~levels_sorted.is_stray))
        self.units += levels_sorted.units
        self.examples = levels_sorted.examples | self.examples
        self._keep_words(levels, codes, np.where(levels_sorted.is_stray, counts, 0), row)
        self.count += int(counts[levels_sorted.is_stray].sum())

    def _units_of(self, levels: pa.Array) -> list[str | None]:
        """Return what `units_of` returns; few texts, which mostly come in each block, are read once."""
        if len(levels) > FEW_LEVELS:
            return units_of(levels)
        texts = levels.to_pylist()
        if new := [text for text in texts if text not in self.known_units]:
            self.known_units.update(zip(new, units_of(pa.array(new, pa.string())), strict=True))
        found = [self.known_units[text] for text in texts]
        if len(self.known_units) > FEW_LEVELS:
            self.known_units.clear()
        return found

    def _keep_words(self, levels: pa.Array, codes: NDArray[np.integer], counts: Ints, row: int) -> None:
        """Count the first few stray texts; `counts` are the rows of each level in this block, 0 if it is not stray."""
        is_new = np.zeros(len(levels) + 1, bool)
        for code in np.flatnonzero(counts).tolist():
            text = levels[code].as_py()
            if text in self.words:
                before, since = self.words[text]
                self.words[text] = (before + int(counts[code]), since)
            elif len(self.words) == EXAMPLES_SHOWN:
                self.is_wordy = True
                return
            else:
                is_new[code] = True
        # The last one stands for missing values.
        rows = np.flatnonzero(is_new[codes])
        strays, first = np.unique(codes[rows], return_index=True)
        for code, position in sorted(zip(strays.tolist(), rows[first].tolist(), strict=True), key=lambda pair: pair[1]):
            if len(self.words) == EXAMPLES_SHOWN:
                self.is_wordy = True
                return
            if not self.words:
                self.first_row = row + position
            self.words[levels[code].as_py()] = (int(counts[code]), row + position)

    def _keep_odd(self, levels: pa.Array, ordinary: pa.Array) -> None:
        """Keep one number or date among the levels, a code with leading zeros if there is one."""
        if self.odd is None and pc.any(ordinary).as_py():
            long = pc.index(pc.match_substring_regex(levels, WHOLE), True).as_py()
            code = pc.index(pc.match_substring_regex(levels, CODE), True).as_py()
            position = next((at for at in (code, long) if at >= 0), pc.index(ordinary, True).as_py())
            self.is_long = code < 0 <= long
            self.odd = levels[position].as_py()

    def reason(self, locate: Callable[[int], str], find_odd: Callable[[str | None], OddCell | None]) -> str | None:
        """Return why the column is text, as a part of a sentence; None where it was meant to be.

        `locate` returns where a row of the table is in the file, and `find_odd` the one cell of another kind than the
        others, given their unit.
        """
        if self.count:
            is_few = not self.is_wordy and self.count <= FEW_WORDS_SHARE * self.texts
            # "0" beside "有" is an answer.
            if self._has_one_number or (self.count > STRAY_SHARE * self.texts and not is_few):
                return None
            return f" because {self.count:,} of its values are neither numbers nor dates: {self._named(locate)}"
        units = _without_magnitudes(self.units)
        if len(units) > 1:
            return f": its numbers have different units: {described_units(units, self.examples)}"
        return None if self.odd is None else self._oddity(self.odd, locate, partial(find_odd, next(iter(units), None)))

    def _oddity(self, example: str, locate: Callable[[int], str], find_odd: Callable[[], OddCell | None]) -> str:
        """Return why numbers and dates such as `example` are of no one kind: they are long, or one is of another."""
        if re.match(CODE, example):
            return f"{OF_CODES} zeros in front, which a number does not keep, such as {quoted(example)}"
        if self.is_long:
            return f"{OF_CODES} more digits than a number keeps, such as {quoted(example)}"
        if odd := find_odd():
            return odd.said(locate)
        return (
            f": its values look like numbers or dates, but no one kind takes them all without loss, such as "
            f"{quoted(example)}"
        )

    @property
    def _has_one_number(self) -> bool:
        """Return whether only one of the few texts of the column is a number or date."""
        return sum(unit is not None for unit in self.known_units.values()) == 1

    def _named(self, locate: Callable[[int], str]) -> str:
        """Return the words with the rows that have them and their lines."""
        if all(count == 1 for count, _ in self.words.values()):
            return f"{', '.join(map(quoted, self.words))}; the first is in {locate(self.first_row)}"
        named = [
            f"{quoted(text)} in {count:,} rows, first in {locate(first)}"
            if count > 1
            else f"{quoted(text)} in {locate(first)}"
            for text, (count, first) in self.words.items()
        ]
        return "; ".join(named) + (" and others" if self.is_wordy else "")


def described_units(units: Counter[str], examples: dict[str, str]) -> str:
    """Return how many rows have each unit, with an example of each."""
    letter = next((examples[unit] for unit in examples if unit.lower() in LETTERS), "")
    shown = {"": letter} | examples
    return ", ".join(
        f"{repr(unit) if unit else 'none'} in {count:,} row{'s' * (count != 1)} (such as {quoted(shown[unit])})"
        for unit, count in units.most_common(EXAMPLES_SHOWN)
    )
