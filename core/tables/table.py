"""A typed table: a Parquet file on disk, read one column at a time, so that memory does not grow with the table."""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import parquet

from core.array_types import Floats
from core.cell_values import format_date
from core.manifests import Column
from core.packed_columns import Category
from core.tables.coded_columns import CodedColumn, as_floats
from core.tables.levels import codes_of, unify_dictionaries
from core.tables.row_groups import first_rows, groups_of_rows

SLICE_ROWS = 1 << 17
# How many rows of a row group are decoded at a time to find a few of them.
DECODED_ROWS = 1 << 13


@dataclass(frozen=True)
class Table:
    """A typed table. Its Parquet file has int64, float64, bool, timestamp[ms] and dictionary<int32, string> columns."""

    path: Path
    columns: list[Column]
    rows: int
    # The bytes that its values take in Arrow's form.
    memory_bytes: int = 0
    # Warnings of reading it.
    warnings: list[str] = field(default_factory=list)
    # Columns that are also in memory as codes, which is faster.
    coded: Mapping[str, CodedColumn] = field(default_factory=dict)
    # By column that was read unlike the model's feature of its name: the text that does not fit, with its line.
    unlike: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def _opened(self) -> threading.local:
        return threading.local()

    @property
    def _file(self) -> parquet.ParquetFile:
        """Return the file, opened once in each thread.

        A wide table is read once for each column, and opening takes 10 ms.
        """
        if not hasattr(self._opened, "file"):
            # With buffering, Arrow would keep the whole file in memory.
            self._opened.file = parquet.ParquetFile(self.path, pre_buffer=False)
        return self._opened.file

    @property
    def schema(self) -> pa.Schema:
        """Return the columns' names and Arrow types."""
        return self._file.schema_arrow

    def with_distinct(self, distinct: Mapping[str, int]) -> "Table":
        """Return the same table with the number of distinct values of each column, by name."""
        columns = [column.model_copy(update={"distinct": distinct[column.name]}) for column in self.columns]
        return replace(self, columns=columns)

    def column(self, name: str) -> pa.ChunkedArray:
        """Return one column in Arrow's form."""
        # Asked for "a", Parquet also brings "a.b".
        return self._file.read([name], use_threads=False).column(name)

    def values(self, name: str) -> Floats | Category:
        """Return one whole column in the numpy form of `core.packed_columns`."""
        if next(column for column in self.columns if column.name == name).type == "category":
            codes, levels = self.encoded(name)
            return Category(codes, levels.to_pylist())
        return self.numbers(name)

    def numbers(self, name: str) -> Floats:
        """Return one whole column that is no category: float64 with NaN for missing, a date in seconds since 1970."""
        if coded := self.coded.get(name):
            return coded.floats()[coded.codes]
        values = np.empty(self.rows, np.float64)
        start = 0
        for batch in self.batches([name]):
            values[start : start + len(batch)] = as_floats(batch.column(name))
            start += len(batch)
        return values

    def encoded(self, name: str) -> tuple[NDArray[np.int32], pa.Array]:
        """Return a category's codes (-1 missing) and its texts in Arrow's form, which take little memory."""
        if coded := self.coded.get(name):
            return coded.codes.astype(np.int32) - np.int32(1), coded.levels
        # Earlier copies and the search for equal texts take more memory than the texts themselves.
        pool = pa.default_memory_pool()
        pool.release_unused()
        chunks: list[pa.DictionaryArray] = []
        for group in range(self._file.num_row_groups):
            chunks += self._file.read_row_group(group, [name], use_threads=False).column(name).chunks
            pool.release_unused()
        found = unify_dictionaries(chunks)
        pool.release_unused()
        return found

    def batches(self, names: list[str] | None = None, rows: int = SLICE_ROWS) -> Iterator[pa.RecordBatch]:
        """Yield batches of these columns (all of them without `names`), at most `rows` rows at a time."""
        yield from self._file.iter_batches(rows, columns=names)

    def slices(
        self, names: list[str] | None, rows: int, first: int = 0, stop: int | None = None
    ) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Yield the rows from `first` up to `stop` in batches of at most `rows`, each with the number of its first row.

        A batch begins with a row group or at a multiple of `rows` in it, and ends where the row group does.
        `core.tables.row_groups.chunk_borders` says what `first` and `stop` may be.
        """
        metadata = self._file.metadata
        starts = first_rows(metadata)
        for group in groups_of_rows(metadata, first, starts[-1] if stop is None else stop):
            row = starts[group]
            for batch in self._file.iter_batches(rows, row_groups=[group], columns=names):
                if stop is not None and row >= stop:
                    return
                if row >= first:
                    yield row, batch
                row += len(batch)

    def slice_starts(self, rows: int) -> list[int]:
        """Return the number of the first row of each batch that `slices` yields of the whole table."""
        return [row for start, stop in pairwise(first_rows(self._file.metadata)) for row in range(start, stop, rows)]

    def blocks(self, names: list[str]) -> Iterator[Floats]:
        """Yield columns that are no categories, some rows at a time: float64 (columns, rows), NaN for missing."""
        floats = {name: self.coded[name].floats() for name in names if name in self.coded}
        stored = [name for name in names if name not in floats]
        slices: Iterator[Any] = (
            range(start, min(start + SLICE_ROWS, self.rows)) for start in range(0, self.rows, SLICE_ROWS)
        )
        end = 0
        for batch in self.batches(stored) if stored else slices:
            start, end = end, end + len(batch)
            block = np.empty((len(names), len(batch)))
            for row, name in zip(block, names, strict=True):
                if name in floats:
                    np.take(floats[name], self.coded[name].codes[start:end], out=row, mode="clip")
                else:
                    row[:] = as_floats(batch.column(name))
            yield block

    def head(self, rows: int) -> list[list[Any]]:
        """Return the first rows for JSON, as `read_rows` does."""
        return list(self.read_rows(0, rows))

    def read_rows(self, first: int, stop: int) -> Iterator[list[Any]]:
        """Yield the rows from `first` up to `stop` for JSON: dates as ISO 8601 text, None for missing.

        Of a row group with any of them the rows before are decoded as well, `DECODED_ROWS` at a time.
        """
        starts = first_rows(self._file.metadata)
        for group in groups_of_rows(self._file.metadata, first, stop):
            row = starts[group]
            for batch in self._file.iter_batches(DECODED_ROWS, row_groups=[group], use_threads=False):
                if row >= stop:
                    break
                begin = max(first - row, 0)
                cells = [_as_json(column) for column in batch.slice(begin, stop - row - begin).columns]
                yield from map(list, zip(*cells, strict=True))
                row += len(batch)


def _as_json(values: pa.Array) -> list[Any]:
    """Return some values of a column for JSON."""
    return [format_date(cell) if isinstance(cell, datetime) else cell for cell in values.to_pylist()]


def to_numpy(values: pa.Array) -> Floats | Category:
    """Return some values of a column in the numpy form of `core.packed_columns`."""
    if pa.types.is_dictionary(values.type):
        return Category(codes_of(values), values.dictionary.to_pylist())
    return as_floats(values)
