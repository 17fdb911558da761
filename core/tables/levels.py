"""The distinct texts of a whole column, whatever their number."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

# To find the same among so many texts, Arrow takes several times their memory.
MANY_TEXTS = 1 << 17
# They are searched in so many parts, each of texts that end alike.
PARTS = 16


def unified(column: pa.ChunkedArray) -> tuple[NDArray[np.int32], pa.Array]:
    """The codes (int32, -1 for missing) and levels of a column whose chunks have dictionaries of their own.

    Levels are in the order in which they come, or of a large column in that order within each part.
    """
    if sum(len(chunk.dictionary) for chunk in column.chunks) <= MANY_TEXTS:
        whole = column.unify_dictionaries().combine_chunks()
        return codes_of(whole), whole.dictionary
    texts = pa.concat_arrays([chunk.dictionary.take(chunk.indices) for chunk in column.chunks])
    del column
    pa.default_memory_pool().release_unused()
    part_of = _last_bytes(texts) % PARTS
    part_of[np.asarray(texts.is_null())] = PARTS
    codes, start = np.full(len(texts), -1, np.int32), 0
    levels: list[pa.Array] = []
    for part in range(PARTS):
        rows = np.flatnonzero(part_of == part)
        found = texts.take(pa.array(rows)).dictionary_encode()
        codes[rows] = np.asarray(found.indices) + start
        levels.append(found.dictionary)
        start += len(found.dictionary)
    return codes, pa.concat_arrays(levels)


def codes_of(values: pa.DictionaryArray) -> NDArray[np.int32]:
    """Places in the dictionary (int32), -1 for missing."""
    return np.asarray(pc.fill_null(values.indices, -1), np.int32)


def _last_bytes(texts: pa.Array) -> NDArray[np.uint8]:
    """Where a text is empty or missing, the byte before it."""
    _, offsets, data = texts.buffers()
    ends = np.frombuffer(offsets, np.int32)[texts.offset + 1 : texts.offset + len(texts) + 1]
    return np.frombuffer(data, np.uint8).take(ends - 1, mode="clip")
