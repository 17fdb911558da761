"""Split the blocks of Arrow's parser where their values would take too much memory."""

from collections.abc import Iterator

import pyarrow as pa

# A block holds up to a million short rows. A piece has at most so many rows, and fewer where they have many cells, but
# enough that the fixed cost of a piece does not matter.
CUT_ROWS, CUT_CELLS, FEWEST_ROWS = 1 << 17, 1 << 20, 1 << 12


def cut(block: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Split a block into pieces that hold no texts of other rows."""
    rows = max(FEWEST_ROWS, min(CUT_ROWS, CUT_CELLS // block.num_columns))
    if block.num_rows <= rows:
        yield block
        return
    for start in range(0, block.num_rows, rows):
        piece = block[start : start + rows]
        yield pa.record_batch([_without_others(column) for column in piece.columns], names=block.schema.names)


def _without_others(cells: pa.Array) -> pa.Array:
    """Return plain texts where a piece shares a dictionary that mostly belongs to other pieces."""
    is_coded = pa.types.is_dictionary(cells.type)
    return cells.cast(pa.string()) if is_coded and len(cells.dictionary) > len(cells) // 2 else cells
