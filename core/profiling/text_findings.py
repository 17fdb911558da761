"""Findings about a column of text: numbers with words among them, identifiers, sentences, too many levels."""

import re
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.array_types import Ints
from core.delimited.names import quoted
from core.profiling.findings import (
    FEW_ROWS,
    MOSTLY,
    ColumnContext,
    counted,
    identifier,
    missing_or_constant,
    nearly_constant,
    read_as_missing,
)
from core.profiling.rows import EXAMPLES, row_numbers_where
from core.profiling.sentinels import FEWEST_USUAL, USUAL_NUMBER
from core.tables.stray_values import OF_CODES, SortedLevels, described_units, sort_levels
from core.types import Json

# An identifier is distinct almost everywhere; texts of such length are sentences.
IDENTIFIER_SHARE = 0.95
LONG_TEXT = 40
# A category of more levels is hard to train on, unless each has at least so many rows.
MANY_LEVELS, ROWS_PER_LEVEL = 40, 10
# A text column with such a share of numbers or dates was meant to hold those; a sample decides first.
MIXED_SHARE = 0.8
FIRST_LEVELS = 1000
# Levels that say that nothing is known, beyond those that every file is read with as missing.
USUAL_WORD = re.compile(
    r"(?i:un(?:known|specified|defined|disclosed)|missing|no (?:data|value|answer)|unbekannt|inconnue?|desconocid[oa]|"
    r"not (?:known|available|applicable|given|stated|specified|reported|recorded))|"
    "未知|不明|未填写?|未提供|未登记|未说明"
)
NUMBER = re.compile(r"[+-]?\d[\d.,]*")


def category_findings(context: ColumnContext, codes: NDArray[np.int32], levels: pa.Array, counts: Ints) -> list[Json]:
    """Return findings of a category column: its codes (-1 missing), its distinct texts and their counts."""
    common = missing_or_constant(context)
    if context.statistics["distinct"] < 2:
        return common
    mixed = _mixed(context, codes, levels, counts)
    return [
        *common,
        *nearly_constant(context, int(counts.max())),
        *(mixed or [*_sentinels(context, codes, levels, counts), *_variety(context)]),
    ]


def _sentinels(context: ColumnContext, codes: NDArray[np.int32], levels: pa.Array, counts: Ints) -> Iterator[Json]:
    """Yield a finding for each level that may stand for missing: a usual word, or a usual number where no other is."""
    texts = levels[:FIRST_LEVELS].to_pylist()
    numbers = [text for text in texts if NUMBER.fullmatch(text)]
    are_codes = 2 * len(numbers) < len(texts) and all(map(USUAL_NUMBER.fullmatch, numbers))
    for code, text in enumerate(texts):
        if counts[code] < FEWEST_USUAL or not (USUAL_WORD.fullmatch(text) or (are_codes and text in numbers)):
            continue
        count = int(counts[code])
        sentence = f"{quoted(text)} stands {counted(count, 'time')}: it may stand for missing"
        yield context.finding(
            "info", "sentinel", sentence, read_as_missing([text]), count, row_numbers_where(codes == code)
        )


def _mixed(context: ColumnContext, codes: NDArray[np.int32], levels: pa.Array, counts: Ints) -> list[Json]:
    """Return findings where a column has mostly numbers or dates and a few words, or numbers in different units."""
    first = sort_levels(levels[:FIRST_LEVELS], counts[:FIRST_LEVELS])
    if first.is_stray.all():
        return []
    known = sort_levels(levels, counts) if len(levels) > FIRST_LEVELS else first
    strays = int(counts[known.is_stray].sum())
    # The reader knows the lines, and its reason stands although the words are many if they are few different ones.
    reason = context.column.text_because
    is_mostly_words = strays > (1 - MIXED_SHARE) * context.statistics["count"]
    if reason is None and (is_mostly_words or np.count_nonzero(~known.is_stray) == 1):
        return []
    found = []
    is_odd = reason is not None and len(known.units) == 1 and not reason.startswith(OF_CODES)
    if strays or is_odd:
        rows = row_numbers_where(np.append(known.is_stray, False)[codes])
        sentence = f"is read as text{reason or _because_of(known, strays, levels, counts)}"
        suggestion = (
            "correct these cells and upload again; or, if they mean missing, PATCH /data/files/{file_id}/reading with "
            "their texts in `missing`"
        )
        # Which cells besides the named one are odd is not known here.
        found.append(context.finding("warning", "mixed-type", sentence, suggestion, strays or 1, rows))
    if len(known.units) > 1:
        sentence = f"is text because its numbers have different units: {described_units(known.units, known.examples)}"
        rare = sum(known.units.values()) - max(known.units.values())
        suggestion = "write all numbers in one unit, and upload again"
        found.append(context.finding("warning", "mixed-type", sentence, suggestion, rare))
    return found


def _because_of(known: SortedLevels, strays: int, levels: pa.Array, counts: Ints) -> str:
    """Return the end of a sentence that names the first few stray texts."""
    shown = np.flatnonzero(known.is_stray)[:EXAMPLES].tolist()
    examples = ", ".join(_in_rows(levels[code].as_py(), int(counts[code])) for code in shown)
    return f" because of {counted(strays, 'value')} among numbers or dates: {examples}"


def _in_rows(text: str, rows: int) -> str:
    """Return a text in quotes, and how many rows have it if there are several."""
    return f"{quoted(text)} in {rows:,} rows" if rows > 1 else quoted(text)


def _variety(context: ColumnContext) -> list[Json]:
    """Return findings of identifiers, sentences, and categories of too many levels."""
    count, distinct = context.statistics["count"], context.statistics["distinct"]
    if count < FEW_ROWS or distinct <= MANY_LEVELS:
        return []
    if context.statistics["mean_length"] > LONG_TEXT and distinct > MOSTLY * count:
        sentence = (
            f"looks like free text: {distinct:,} different texts of {context.statistics['mean_length']:.0f} characters"
        )
        suggestion = f"no regressor here reads sentences; {context.leave_out()}"
        return [context.finding("warning", "free-text", sentence, suggestion, distinct)]
    if distinct >= IDENTIFIER_SHARE * count:
        return [identifier(context)]
    if count < ROWS_PER_LEVEL * distinct:
        sentence = f"has {distinct:,} different values, {count / distinct:.1f} rows each: rare ones cannot be learned"
        suggestion = f"group them in the file, or {context.leave_out()}"
        return [context.finding("info", "high-cardinality", sentence, suggestion, distinct)]
    return []
