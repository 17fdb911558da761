"""The train rows of a table of which a split has only a part, read in parts."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyarrow import RecordBatch

from core.array_types import Floats
from core.manifests import DatasetManifest
from core.model_manifest import Validation
from core.packed_columns import Category
from core.preprocessing.pipeline import raw_frame
from core.regressors.fit_in_parts import MatrixParts
from core.regressors.validation import Rows
from core.tables.table import Table, to_numpy

# Returns the matrix of a raw frame, float64 (n, width).
Transform = Callable[[pd.DataFrame], Floats]


@dataclass(frozen=True)
class KnownRows:
    """Rows of a matrix that are known: those at the positions `at` of the table are `rows`, float64 (n, width).

    Of a category of many levels, train rows have the mean target of the other rows of their level, and `transform`
    returns that of all.
    """

    at: Rows
    rows: Floats

    @cached_property
    def _order(self) -> Rows:
        return np.argsort(self.at)

    def put_into(self, matrix: Floats, positions: Rows) -> None:
        """Replace those rows of a matrix that are known, given the ascending positions of its rows in the table."""
        ascending = self.at[self._order]
        first, stop = np.searchsorted(ascending, [positions[0], positions[-1] + 1])
        _, here, there = np.intersect1d(positions, ascending[first:stop], assume_unique=True, return_indices=True)
        matrix[here] = self.rows[self._order[first:stop][there]]


@dataclass(frozen=True)
class AllRows:
    """The table that a split was made of, but from the rows at the positions `read` alone.

    It has `rows` rows, and `open_table` yields it on this machine's disk. Rows without a value in the `complete`
    columns are left out.
    """

    open_table: Callable[[], AbstractContextManager[tuple[DatasetManifest, Table]]]
    rows: int
    read: Rows
    target: str
    complete: Sequence[str]
    validation: Validation

    def train_rows(self, table: Table, tested: Rows) -> tuple[NDArray[np.bool_], Floats]:
        """Return which rows of the table may be trained on, bool (n,), and the target of these, float64.

        Those at the positions `tested` may not, nor rows that are no earlier than these or of one of their groups.
        """
        y = table.numbers(self.target)
        usable = ~np.isnan(y)
        usable[tested] = False
        for name in self.complete:
            usable &= ~_gaps(_keys(table, name))
        if self.validation.column is not None:
            keys = _keys(table, self.validation.column)
            usable &= ~_gaps(keys)
            usable &= keys < keys[tested].min() if self.validation.kind == "time" else ~np.isin(keys, keys[tested])
        return usable, y[usable]

    def matrix(
        self,
        table: Table,
        names: list[str],
        usable: NDArray[np.bool_],
        transform: Transform,
        known: KnownRows | None,
        most_rows: int,
    ) -> MatrixParts:
        """Return the matrix of the usable rows in the order of the table: `transform` of their columns of these names.

        Rows that are `known` are not those of `transform`. A part is of at most `most_rows` rows of the table.
        """

        def read() -> Iterator[Floats]:
            for start, batch in table.slices(names, most_rows):
                rows = np.flatnonzero(usable[start : start + len(batch)])
                if not len(rows):
                    continue
                matrix = np.ascontiguousarray(transform(raw_frame(_Batch(batch), names, rows)), np.float64)
                if known is not None:
                    known.put_into(matrix, start + rows)
                yield matrix

        starts = table.slice_starts(most_rows)
        lengths = np.add.reduceat(usable, starts, dtype=np.int64)
        return MatrixParts([length for length in lengths.tolist() if length], read)


@dataclass(frozen=True)
class _Batch:
    """Some rows of a table as a `ColumnSource`."""

    batch: RecordBatch

    def values(self, name: str) -> Floats | Category:
        return to_numpy(self.batch.column(name))


def _keys(table: Table, name: str) -> NDArray[Any]:
    """Return the codes of a category, -1 for missing, or the numbers of any other column, NaN for missing."""
    is_category = any(column.name == name and column.type == "category" for column in table.columns)
    return table.encoded(name)[0] if is_category else table.numbers(name)


def _gaps(keys: NDArray[Any]) -> NDArray[np.bool_]:
    """Return where values of `_keys` are missing."""
    return np.isnan(keys) if keys.dtype.kind == "f" else keys < 0
