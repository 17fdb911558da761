"""The background of a model: the rows of training that predictions are explained against. The graph's file has it."""

import json
from collections.abc import Mapping, Sequence

import numpy as np

from core.array_types import Floats, Ints, RawColumns

# As many as a 64-bit number has bits, see `core.inference.contributions.trees`.
MOST_ROWS = 64
# The key of the metadata.
BACKGROUND = "regatta.background"
# A table of many columns, or of long texts, has fewer rows.
MOST_CHARACTERS = 200_000
FEWEST_ROWS = 8


def background_rows(predictions: Floats) -> Ints:
    """Return the positions of up to 64 rows that stand for all: their predictions are spread as those of all are.

    The rows are sorted by their prediction and divided into parts of equal size; the middle row of each is taken.
    """
    count = min(MOST_ROWS, len(predictions))
    middles = (np.arange(count) * 2 + 1) * len(predictions) // (2 * count)
    return np.argsort(predictions, kind="stable")[middles]


def background_metadata(columns: RawColumns) -> dict[str, str]:
    """Return the metadata that has a background, with every second row where it is too long."""
    rows = len(next(iter(columns.values())))
    lists = {
        name: [value if isinstance(value, str) or not np.isnan(value) else None for value in values.tolist()]
        for name, values in columns.items()
    }
    text = json.dumps(lists, ensure_ascii=False)
    if len(text) > MOST_CHARACTERS and rows > FEWEST_ROWS:
        return background_metadata({name: values[::2] for name, values in columns.items()})
    return {BACKGROUND: text}


def read_background(metadata: Mapping[str, str], names: Sequence[str]) -> RawColumns | None:
    """Return the raw columns of a background; None where a model has none."""
    if BACKGROUND not in metadata:
        return None
    lists = json.loads(metadata[BACKGROUND])
    return {name: _column(lists[name]) for name in names}


def _column(values: list[str | float | None]) -> Floats:
    is_text = any(isinstance(value, str) for value in values)
    return np.array(values, object if is_text else np.float64)
