"""What looks wrong in a column of text: numbers with words among them, identifiers, sentences, too many levels."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.array_types import Ints
from core.profiling.findings import (
    FEW_ROWS,
    MOSTLY,
    Look,
    gaps_and_constants,
    identifier,
    nearly_constant,
    some,
)
from core.profiling.rows import EXAMPLES, numbered_where
from core.tables.reading_warnings import NUMBER_OR_DATE, shown
from core.types import Json

# An identifier is different almost everywhere; texts that long are sentences.
IDENTIFIER_SHARE = 0.95
LONG_TEXT = 40
# Levels beyond which a category is hard to learn from, unless each has at least so many rows.
MANY_LEVELS, ROWS_PER_LEVEL = 40, 10
# Text of which so much are numbers or dates was meant to be numbers or dates; a first look spares most of the work.
MIXED_SHARE = 0.8
FIRST_LEVELS = 1000


def of_texts(look: Look, codes: NDArray[np.int32], levels: pa.Array, counts: Ints) -> list[Json]:
    """A category column: its codes (-1 missing), its distinct texts, and how often each occurs."""
    common = gaps_and_constants(look)
    if look.figures["distinct"] < 2:
        return common
    mixed = _mixed(look, codes, levels, counts)
    return [*common, *nearly_constant(look, int(counts.max())), *(mixed or _variety(look))]


def _mixed(look: Look, codes: NDArray[np.int32], levels: pa.Array, counts: Ints) -> list[Json]:
    """Mostly numbers or dates, and a few words."""
    count = look.figures["count"]
    first = pc.match_substring_regex(levels[:FIRST_LEVELS], NUMBER_OR_DATE)
    if not pc.any(first).as_py():
        return []
    words = ~np.asarray(pc.match_substring_regex(levels, NUMBER_OR_DATE).cast(pa.uint8()), bool)
    strays = int(counts[words].sum())
    if not 0 < strays <= (1 - MIXED_SHARE) * count:
        return []
    rows = numbered_where(np.append(words, False)[codes])
    examples = ", ".join(shown(levels[code].as_py()) for code in np.flatnonzero(words)[:EXAMPLES].tolist())
    sentence = f"is read as text because of {some(strays, 'value')} among numbers or dates: {examples}"
    suggestion = "correct them, or empty these cells, and upload again"
    return [look.finding("warning", "mixed-type", sentence, suggestion, strays, rows)]


def _variety(look: Look) -> list[Json]:
    """Identifiers, sentences, and categories of too many levels."""
    count, distinct = look.figures["count"], look.figures["distinct"]
    if count < FEW_ROWS or distinct <= MANY_LEVELS:
        return []
    if look.figures["mean_length"] > LONG_TEXT and distinct > MOSTLY * count:
        sentence = f"looks like free text: {distinct:,} different texts of {look.figures['mean_length']:.0f} characters"
        suggestion = f"no regressor here reads sentences; {look.leave_out()}"
        return [look.finding("warning", "free-text", sentence, suggestion, distinct)]
    if distinct >= IDENTIFIER_SHARE * count:
        return [identifier(look)]
    if count < ROWS_PER_LEVEL * distinct:
        sentence = f"has {distinct:,} different values, {count / distinct:.1f} rows each: rare ones cannot be learned"
        suggestion = f"group them in the file, or {look.leave_out()}"
        return [look.finding("info", "high-cardinality", sentence, suggestion, distinct)]
    return []
