"""Find the distinct texts of a whole column, however many there are."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

# To find equal texts among so many, Arrow takes several times their memory.
MANY_TEXTS = 1 << 17
# They are compared in so many parts, each of texts whose last byte has the same remainder.
PARTS = 16


def unify_dictionaries(chunks: list[pa.DictionaryArray]) -> tuple[NDArray[np.int32], pa.Array]:
    """Return codes (int32, -1 for missing) and levels of a column whose chunks have dictionaries of their own.

    Levels are in order of occurrence, or for a large column in that order within each part. The list is
    emptied, since many texts do not fit into memory twice.
    """
    if sum(len(chunk.dictionary) for chunk in chunks) <= MANY_TEXTS:
        unified = pa.chunked_array(chunks).unify_dictionaries().combine_chunks()
        return codes_of(unified), unified.dictionary
    texts: list[pa.Array] = []
    while chunks:
        texts.append(chunks.pop(0).cast(pa.string()))
    parts = [_part_of(chunk) for chunk in texts]
    codes, start = np.full(sum(map(len, texts)), -1, np.int32), 0
    levels: list[pa.Array] = []
    for part in range(PARTS):
        masks = [chunk_parts == part for chunk_parts in parts]
        part_texts = pa.concat_arrays([chunk.filter(mask) for chunk, mask in zip(texts, masks, strict=True)])
        part_texts = part_texts.dictionary_encode()
        codes[np.concatenate(masks)] = np.asarray(part_texts.indices) + start
        levels.append(part_texts.dictionary)
        start += len(part_texts.dictionary)
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
