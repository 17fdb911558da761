"""Blocks of rows as Arrow's parser gives them, cut where what is made of them would take too much memory."""

from collections.abc import Iterator

import pyarrow as pa

# Of short rows a block holds a million. A piece has so many rows at most, or fewer where they have many cells; but
# none is so small that what every piece costs would be felt.
CUT_ROWS, CUT_CELLS, FEWEST_ROWS = 1 << 17, 1 << 20, 1 << 12


def cut(block: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """A block in pieces, which hold the texts of their own rows only."""
    rows = max(FEWEST_ROWS, min(CUT_ROWS, CUT_CELLS // block.num_columns))
    if block.num_rows <= rows:
        yield block
        return
    for start in range(0, block.num_rows, rows):
        piece = block[start : start + rows]
        yield pa.record_batch([_without_others(column) for column in piece.columns], names=block.schema.names)


def _without_others(cells: pa.Array) -> pa.Array:
    """Texts, where a piece shares a dictionary that is mostly of the other pieces."""
    is_coded = pa.types.is_dictionary(cells.type)
    return cells.cast(pa.string()) if is_coded and len(cells.dictionary) > len(cells) // 2 else cells
