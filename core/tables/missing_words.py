"""Whether a word for a missing value is an answer in its column: it is beside few kinds of things that repeat."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from core.cell_values import BOOLEANS
from core.delimited.names import quoted
from core.tables.stray_values import units_of
from core.types import ColumnType

# Words that may be an answer. A dash is one only where none of the others is in the column.
_WORDS = frozenset({"无", "None", "none", "NONE", "nil", "Nil", "NIL"})
DASH = "-"
# Always missing, though R writes it for "not applicable" too.
NA = "NA"
POSSIBLE_ANSWERS = _WORDS | {DASH}
# A column of one of these and such a word is a pair. The word for a value that is present may differ from "true".
_AFFIRMATIVE = frozenset({yes for yes, _ in BOOLEANS} | {"有", "x", "√", "✓", "✔"})
# Whether a column is one of categories is asked for up to so many levels, which occur so often on average.
MOST_LEVELS = 100
REPEATS = 2
# A column where more of the levels are numbers or dates is not one of categories.
NUMBERS_SHARE = 0.5
LEVELS_SHOWN = 3


@dataclass
class LevelCount:
    """The levels of a column as long as they are few, and how many of its values are present."""

    present: int = 0
    levels: set[str] = field(default_factory=set)
    is_many: bool = False

    def add(self, values: pa.Array) -> None:
        """Count a block of a category or of booleans."""
        self.present += len(values) - values.null_count
        if self.is_many:
            return
        levels = values.dictionary if pa.types.is_dictionary(values.type) else pc.unique(values.drop_null())
        if len(levels) <= MOST_LEVELS:
            self.levels.update(str(level).lower() if level in (True, False) else level for level in levels.to_pylist())
        self.is_many = max(len(self.levels), len(levels)) > MOST_LEVELS


def answers_among(words: Mapping[str, int], levels: LevelCount, kept: Set[str]) -> frozenset[str]:
    """Return which of these words, that so many rows have, are answers in a column of texts or booleans.

    The rows of the words in `kept` are counted among its levels.
    """
    found = _WORDS.intersection(words) or {DASH}.intersection(words)
    others = levels.levels - kept - POSSIBLE_ANSWERS
    if not found or not others or levels.is_many or _is_boolean(others):
        return frozenset()
    if len(others) == 1 and {level.lower() for level in others} <= _AFFIRMATIVE:
        return frozenset(found)
    present = levels.present - sum(count for word, count in words.items() if word in kept)
    if not _are_kinds(others, present):
        return frozenset()
    return frozenset(word for word in found if words[word] >= REPEATS)


def may_be_level(column_type: ColumnType, levels: LevelCount, kept: Set[str]) -> bool:
    """Return whether a word that is always missing may be one of the kinds of things that a column has."""
    others = levels.levels - kept
    is_of_kinds = column_type == "category" and bool(others) and not levels.is_many
    return is_of_kinds and not _is_boolean(others) and _are_kinds(others, levels.present)


def _are_kinds(levels: Set[str], present: int) -> bool:
    """Return whether these are kinds of things, which repeat among so many values, and not mostly numbers."""
    numbers = sum(unit is not None for unit in units_of(pa.array(sorted(levels))))
    return present >= REPEATS * len(levels) and numbers <= NUMBERS_SHARE * len(levels)


def _is_boolean(levels: Set[str]) -> bool:
    """Return whether these are two words for true and false, or the one for false alone."""
    lower = {level.lower() for level in levels}
    return any(lower in ({yes, no}, {no}) for yes, no in (*BOOLEANS, ("有", "没有"), ("有", "沒有")))


def answers_warning(name: str, answers: Set[str], levels: Set[str]) -> str:
    """Return the warning about words that are answers in column `name`, and how to change that."""
    words = sorted(answers)
    others = sorted(levels - answers - POSSIBLE_ANSWERS)
    beside = ", ".join(map(quoted, others[:LEVELS_SHOWN])) + (" and others" if len(others) > LEVELS_SHOWN else "")
    is_one = len(words) == 1
    return (
        f"column {name!r}: {', '.join(map(quoted, words))} {'is an answer' if is_one else 'are answers'} beside "
        f"{beside}, not missing; if {'it is' if is_one else 'they are'} missing, send {'it' if is_one else 'them'} in "
        "missing"
    )
