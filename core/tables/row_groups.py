"""Where in a Parquet file its rows are: the footer, the bytes of row groups, and where chunks of rows may begin."""

from collections.abc import Iterator
from itertools import pairwise

from pyarrow import parquet

from core.errors import NotACsvError

# The last bytes of the file: the length of the footer in four bytes, and the mark of Parquet.
TAIL_BYTES = 8
MARK = b"PAR1"
# Each chunk reads the row groups that have its rows whole, so of a large one there are no more chunks than so many.
MOST_CHUNKS_OF_GROUP = 8


def footer_start(tail: bytes, size: int) -> int:
    """Return where the footer of a file of `size` bytes begins, given its last bytes; raises `NotACsvError`."""
    start = size - TAIL_BYTES - int.from_bytes(tail[-TAIL_BYTES:-4], "little")
    if tail[-4:] != MARK or start < len(MARK):
        raise NotACsvError("The stored table is damaged: it has no footer of Parquet. Upload the file again.")
    return start


def first_rows(metadata: parquet.FileMetaData) -> list[int]:
    """Return the number of the first row of each row group, from 0, and at the end the number of rows."""
    starts = [0]
    for group in range(metadata.num_row_groups):
        starts.append(starts[-1] + metadata.row_group(group).num_rows)
    return starts


def chunk_borders(metadata: parquet.FileMetaData, slice_rows: int, chunk_rows: int) -> list[int]:
    """Return where chunks of at least `chunk_rows` rows begin, and at the end the number of rows.

    A chunk begins with a row group, or at a multiple of `slice_rows` in one: so the slices of all chunks are those of
    the whole table.
    """
    borders = [0]
    starts = first_rows(metadata)
    for start, stop in pairwise(starts):
        if start - borders[-1] >= chunk_rows:
            borders.append(start)
        rows = max(chunk_rows, -(-(stop - start) // MOST_CHUNKS_OF_GROUP))
        while stop - borders[-1] >= 2 * rows:
            slices = -(-(borders[-1] + rows - start) // slice_rows)
            if start + slices * slice_rows >= stop:
                break
            borders.append(start + slices * slice_rows)
    return [*borders, starts[-1]]


def groups_of_rows(metadata: parquet.FileMetaData, first: int, stop: int) -> range:
    """Return the row groups that have any of the rows from `first` up to `stop`."""
    starts = first_rows(metadata)
    groups = [group for group in range(metadata.num_row_groups) if starts[group] < stop and first < starts[group + 1]]
    return range(groups[0], groups[-1] + 1) if groups else range(0)


def bytes_of_groups(metadata: parquet.FileMetaData, groups: range) -> tuple[int, int]:
    """Return where the bytes of these row groups, which follow each other, begin and end."""
    columns = list(_column_bytes(metadata, groups))
    return min(start for start, _ in columns), max(stop for _, stop in columns)


def _column_bytes(metadata: parquet.FileMetaData, groups: range) -> Iterator[tuple[int, int]]:
    for group in groups:
        row_group = metadata.row_group(group)
        for number in range(row_group.num_columns):
            column = row_group.column(number)
            start = column.data_page_offset
            if column.dictionary_page_offset is not None:
                start = min(start, column.dictionary_page_offset)
            yield start, start + column.total_compressed_size
