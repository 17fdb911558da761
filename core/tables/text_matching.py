"""Match the texts of a column against a pattern: by Arrow where they are many, and by Python where they are few."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

# Arrow compiles a pattern at each call, which takes longer than to match so few texts in Python.
FEW_TEXTS = 256


def matches(texts: pa.Array, pattern: str) -> NDArray[np.bool_]:
    """Return which of the texts have the pattern somewhere; a missing one has not."""
    if len(texts) > FEW_TEXTS:
        found = pc.fill_null(pc.match_substring_regex(texts, pattern), False)
        return np.asarray(found.cast(pa.uint8()), bool)
    search = re.compile(pattern, re.ASCII).search
    return np.array([text is not None and search(text) is not None for text in texts.to_pylist()], bool)


def first(flags: NDArray[np.bool_]) -> int:
    """Return the position of the first true flag, or -1."""
    positions = np.flatnonzero(flags)
    return int(positions[0]) if len(positions) else -1
