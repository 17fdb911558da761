"""The distinct texts of a whole column, whatever their number."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

# To find equal texts among so many, Arrow takes several times their memory.
MANY_TEXTS = 1 << 17
# They are compared in so many parts, each of texts with the same last byte.
PARTS = 16


def unify_dictionaries(chunks: list[pa.DictionaryArray]) -> tuple[NDArray[np.int32], pa.Array]:
    """Return codes (int32, -1 for missing) and levels of a column whose chunks have dictionaries of their own.

    Levels are in order of occurrence, or for a large column in that order within each part. The list is
    emptied, since many texts do not fit into memory twice.
    """
    if sum(len(chunk.dictionary) for chunk in chunks) <= MANY_TEXTS:
        whole = pa.chunked_array(chunks).unify_dictionaries().combine_chunks()
        return codes_of(whole), whole.dictionary
    texts: list[pa.Array] = []
    while chunks:
        texts.append(chunks.pop(0).cast(pa.string()))
    part_of = [_part_of(some) for some in texts]
    codes, start = np.full(sum(map(len, texts)), -1, np.int32), 0
    levels: list[pa.Array] = []
    for part in range(PARTS):
        chosen = [of == part for of in part_of]
        found = pa.concat_arrays([some.filter(mask) for some, mask in zip(texts, chosen, strict=True)])
        found = found.dictionary_encode()
        codes[np.concatenate(chosen)] = np.asarray(found.indices) + start
        levels.append(found.dictionary)
        start += len(found.dictionary)
        pa.default_memory_pool().release_unused()
    texts.clear()
    pa.default_memory_pool().release_unused()
    return codes, pa.concat_arrays(levels)


def codes_of(values: pa.DictionaryArray) -> NDArray[np.int32]:
    """Return indices into the dictionary (int32), -1 for missing."""
    return np.asarray(pc.fill_null(values.indices, -1), np.int32)


def _part_of(texts: pa.Array) -> NDArray[np.uint8]:
    """Return the part in which each text is looked up, by its last byte; `PARTS` where it is missing.

    For an empty text it is the byte before it.
    """
    _, offsets, data = texts.buffers()
    ends = np.frombuffer(offsets, np.int32)[texts.offset + 1 : texts.offset + len(texts) + 1]
    parts: NDArray[np.uint8] = np.frombuffer(data or b"\0", np.uint8).take(ends - 1, mode="clip") % PARTS
    parts[np.asarray(texts.is_null())] = PARTS
    return parts
