"""Texts of a file that contradict how the series reads a column: they can be read, but only in another way."""

import numpy as np
import pyarrow as pa

from core.amounts import DecimalMark, parse_amount
from core.cell_values import read_date
from core.date_formats import FIRST_PART, PATTERNS, SWAPPED
from core.delimited.names import quoted
from core.inference.stored_columns import TYPE_NAMES
from core.manifests import Feature
from core.services.retraining.decision import ArrivalCase
from core.services.training.read_as import ReadFile, Unread
from core.tables.stray_values import sort_levels
from core.types import Json

# So many texts are tried in every format of dates, and the others in the formats that these have.
TEXTS_TRIED = 1_000


def contradiction_of(file: ReadFile, unread: Unread) -> Json | None:
    """Return the first text that contradicts how a column is read, and how many rows have such texts; None without one.

    A text that is nothing else either, such as a remark, is no contradiction.
    """
    feature = unread.feature
    others: dict[str, str] = {}
    if feature.type == "date":
        others = _other_dates(unread, file.stored.formats.get(feature.name))
    elif feature.type == "number":
        others = _other_numbers(unread)
    if not others and file.stored.types[feature.name] != "category" and file.fits(feature):
        # Read by itself, the file has values of the right type there.
        others = dict.fromkeys(unread.texts, f"read as {TYPE_NAMES[file.stored.types[feature.name]]} by itself")
    if not others:
        return None
    first = next(iter(others))
    return {
        "name": feature.name,
        "line": unread.lines[first],
        "text": first,
        "rows": sum(unread.counts[text] for text in others),
        "read_as": _read_as(feature),
        "otherwise": others[first],
        "setting": _setting(feature, others[first]),
    }


def _setting(feature: Feature, otherwise: str) -> str | None:
    """Return the setting of a series that may settle a contradiction, if there is one."""
    if feature.type == "date":
        orders = map(_format_words, SWAPPED.get(feature.format or "", ()))
        return "dates" if any(order in otherwise for order in orders) else None
    return "decimal" if "decimal" in otherwise else None


def hold(case: ArrivalCase, file: ReadFile, contradictions: list[Json], before: int) -> Json | None:
    """Hold a file that contradicts how the series reads its columns; no later file confirms or contradicts it."""
    names = [one["name"] for one in contradictions]
    by_itself = all(file.fits(feature) for feature in file.wanted if feature.name in names)
    settings = dict.fromkeys(one["setting"] for one in contradictions)
    ways_out = ["Correct the file and put it again"]
    if None not in settings:
        said = " and ".join(map(str, settings))
        ways_out.append(f"say {said} with PUT /series/{case.name}, and it is read anew")
    if by_itself:
        path = f"/series/{case.name}/arrivals/{case.job_id}"
        ways_out.append(f'let it in as it was read by itself, with PATCH {path} and {{"learned": true}}')
    said = "; ".join(map(_sentence, contradictions))
    reason = f"held back, and not learned from: {said}. Nothing is guessed. {'; or '.join(ways_out)}."
    return case.end("held", reason, champion=before, contradicted=True, contradicts=names, fits_by_itself=by_itself)


def _sentence(contradiction: Json) -> str:
    """Describe a contradiction, as a part of a sentence about its file."""
    more = f", as in {contradiction['rows'] - 1:,} more rows" if contradiction["rows"] > 1 else ""
    return (
        f"the series reads {contradiction['name']!r} as {contradiction['read_as']}, and "
        f"{quoted(contradiction['text'])} in line {contradiction['line']} is {contradiction['otherwise']}{more}"
    )


def _other_dates(unread: Unread, own: str | None) -> dict[str, str]:
    """Return, by text, the words for another format in which it is a date: that of the dataset, `own`, or the first."""
    names: dict[str, None] = dict.fromkeys([own] if own in PATTERNS else [])
    others: dict[str, str] = {}
    for place, text in enumerate(unread.texts):
        # Texts of a column are alike, and there are many formats.
        tried = [*names, *(PATTERNS if place < TEXTS_TRIED else ())]
        found = next((name for name in tried if read_date(text, name) is not None), None)
        if found is not None:
            names[found] = None
            others[text] = f"one {_format_words(found)}"
    return others


def _other_numbers(unread: Unread) -> dict[str, str]:
    """Return, by text, the words for the other unit or decimal mark in which it is a number."""
    feature, texts = unread.feature, list(unread.counts)
    found = sort_levels(pa.array(texts), np.array([unread.counts[text] for text in texts], np.int64))
    is_stray: dict[str, bool] = dict(zip(texts, found.is_stray.tolist(), strict=True))
    own: DecimalMark = feature.decimal or "."
    other: DecimalMark = "," if own == "." else "."
    others: dict[str, str] = {}
    for text in unread.texts:
        if is_stray[text]:
            continue
        if parse_amount(text, feature.unit, other) is not None:
            others[text] = f"a number {_mark_words(other)}"
            continue
        unit = next((unit for unit in found.units if parse_amount(text, unit, own) is not None), None)
        unit = unit or next((unit for unit in found.units if parse_amount(text, unit, other) is not None), None)
        others[text] = f"one in {unit!r}" if unit else "a number that is written in another way"
    return others


def _read_as(feature: Feature) -> str:
    """Return the words for how a feature is read."""
    if feature.type == "date":
        return f"dates {_format_words(feature.format or 'Y-M-D')}"
    if feature.type == "boolean":
        return TYPE_NAMES[feature.type]
    unit = f"numbers in {feature.unit!r}" if feature.unit else "numbers"
    return f"{unit} {_mark_words(feature.decimal or '.')}"


def _format_words(name: str) -> str:
    """Return the words for a format of dates."""
    first = FIRST_PART.get(name)
    return f"with the {first} first ({name})" if first else f"as {name}"


def _mark_words(mark: DecimalMark) -> str:
    return f"with a decimal {'comma' if mark == ',' else 'point'}"
