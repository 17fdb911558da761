"""Divide distinct texts into the parts of an amount: what stands before the digits, the digits, what stands behind."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.amounts import (
    DASH_ZERO,
    LEAD,
    PLAIN,
    UNPLAIN,
    Affix,
    DecimalMark,
    amount_pattern,
    compiled_pattern,
    division_pattern,
    read_affix,
)
from core.tables.text_matching import FEW_TEXTS

# So many levels are tried by themselves before all of them are.
FIRST_LEVELS = 8
# A column with more affixes is no column of amounts.
MOST_AFFIXES = 64
HAS_DIGIT_OR_DASH = "[0-9０-９−–‒﹣-]"
DASH_ALONE = "^(?:[^0-9-]{1,20}-+|-+[^0-9-]{1,20})$"
# Between what stands before the digits and what stands behind them, in a key of both.
SEPARATOR = "\x1f"


@dataclass(frozen=True)
class ParsedAmounts:
    """Some distinct texts, divided: their groups by name, and by text the position of its affix in `affixes`."""

    texts: pa.Array
    groups: dict[str, pa.Array]
    affixes: list[Affix]
    positions: NDArray[np.intp]

    @cached_property
    def fraction(self) -> pa.Array:
        """Return what stands behind the decimal marks."""
        return pc.binary_join_element_wise(self.groups["fraction"], self.groups["bare"], "")


def parse_levels(levels: pa.Array, decimal: DecimalMark) -> ParsedAmounts | None:
    """Divide distinct texts into the parts of an amount; None where one is none."""
    texts = levels
    if len(levels) <= FEW_TEXTS:
        groups = _few_divided(levels.to_pylist(), decimal)
    else:
        if not all_true(pc.match_substring_regex(levels, HAS_DIGIT_OR_DASH)) or _rules_out(levels, decimal):
            return None
        texts = plain_levels(levels)
        groups = _divided(texts, decimal)
    if groups is None:
        return None
    around = pc.binary_join_element_wise(groups["lead"], groups["tail"], SEPARATOR).dictionary_encode()
    if len(around.dictionary) > MOST_AFFIXES:
        return None
    found = [read_affix(*key.split(SEPARATOR)) for key in around.dictionary.to_pylist()]
    affixes = [affix for affix in found if affix is not None]
    if len(affixes) < len(found):
        return None
    return ParsedAmounts(texts, groups, affixes, np.asarray(around.indices, np.intp))


def _rules_out(levels: pa.Array, decimal: DecimalMark) -> bool:
    """Return whether one of the first levels is no amount."""
    pattern = compiled_pattern(decimal)
    for text in levels[:FIRST_LEVELS].drop_null().to_pylist():
        plain = text.translate(PLAIN).strip()
        match = pattern.fullmatch(plain)
        if match is None and not (plain.endswith("-") or plain.startswith("-")):
            return True
        if match is not None and read_affix(match["lead"], match["tail"]) is None:
            return True
    return False


def _few_divided(levels: Sequence[str], decimal: DecimalMark) -> dict[str, pa.Array] | None:
    """Return what `_divided` returns, faster where the levels are few; None also where an affix means nothing."""
    pattern = compiled_pattern(decimal)
    found = []
    for text in levels:
        match = pattern.fullmatch(_plain_text(text))
        if match is None or read_affix(match["lead"], match["tail"]) is None:
            return None
        found.append(match.groupdict(default=""))
    return {name: pa.array([groups[name] for groups in found], pa.string()) for name in pattern.groupindex}


def divided_levels(levels: pa.Array) -> Iterator[tuple[str, str, int]]:
    """Yield what stands before and behind the digits of each text that has digits as an amount has, and its position.

    A text that fits with a decimal point and with a decimal comma is yielded twice.
    """
    texts = plain_levels(levels)
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
        if len(leads) <= MOST_AFFIXES and all(re.fullmatch(LEAD, lead) for lead in leads):
            return groups if all_true(pc.match_substring_regex(groups["whole"], whole)) else None
    return _groups(texts, amount_pattern(decimal))


def _groups(texts: pa.Array, pattern: str) -> dict[str, pa.Array] | None:
    """Return the named groups of a pattern in each text; None where it does not fit one."""
    parts = pc.extract_regex(texts, pattern)
    if parts.null_count > texts.null_count:
        return None
    return dict(zip((group.name for group in parts.type), parts.flatten(), strict=True))


def _plain_text(text: str) -> str:
    """Return what `plain_levels` returns for one text."""
    plain = text.translate(PLAIN).strip()
    return re.sub(DASH_ZERO, r"\1 0\2", plain) if "-" in plain else plain


def plain_levels(levels: pa.Array) -> pa.Array:
    """Return the texts with the digits, signs and blanks of ASCII, and a 0 for a dash that stands for zero."""
    if len(levels) <= FEW_TEXTS:
        return pa.array(list(map(_plain_text, levels.to_pylist())), pa.string())
    if pc.any(pc.match_substring_regex(levels, UNPLAIN)).as_py():
        levels = pa.array([text.translate(PLAIN).strip() for text in levels.to_pylist()], pa.string())
    if pc.any(pc.match_substring_regex(levels, DASH_ALONE)).as_py():
        levels = pc.replace_substring_regex(levels, DASH_ZERO, r"\1 0\2")
    return levels


def any_true(flags: pa.Array) -> bool:
    """Return whether a flag is true."""
    return bool(pc.any(flags).as_py())


def all_true(flags: pa.Array) -> bool:
    """Return whether all flags are true."""
    return bool(pc.all(flags).as_py())
