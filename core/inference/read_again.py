"""Columns of a stored file that are read again from its texts, because they may mean something else to a model."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.array_types import Floats
from core.errors import InvalidRecordsError
from core.inference.file_cells import FileCells
from core.inference.json_values import missing_words, read_text
from core.inference.value_readers import ambiguous, bare_share, raw_column
from core.manifests import Feature
from core.packed_columns import Category

# Some rows of a file: by column the texts of its cells.
Texts = Mapping[str, Sequence[str]]
# The first row of a file, as a spreadsheet counts: the header is row 1.
FIRST_FILE_ROW = 2
WAY_OUT = (
    "Say how the file is to be read with PATCH /data/files/{file_id}/reading, correct it, or choose a model that was "
    "trained on one like it."
)


@dataclass(frozen=True)
class ColumnsReadAgain:
    """Columns by the name of the feature that they were read as, and the cells that it cannot take."""

    values: Mapping[str, Floats | Category]
    cells: FileCells
    # Why columns were not read again although they should have been, as a warning.
    doubt: str | None = None
    # The number of the first row that the columns have, from 0.
    first_row: int = 0

    @property
    def size_bytes(self) -> int:
        """Return the bytes of the arrays and levels in memory."""
        return sum(
            column.codes.nbytes + sum(map(len, column.levels)) if isinstance(column, Category) else column.nbytes
            for column in self.values.values()
        )

    def rows(self, start: int, stop: int) -> dict[str, NDArray[Any]]:
        """Return the raw columns of these rows of the file, from 0."""
        start, stop = start - self.first_row, stop - self.first_row
        return {
            name: Category(column.codes[start:stop], column.levels).texts()
            if isinstance(column, Category)
            else column[start:stop]
            for name, column in self.values.items()
        }

    def warnings(self, *, strict: bool = False) -> list[str]:
        """Return the warnings about cells that could not be read.

        Raises `InvalidRecordsError` for a column that is mostly unreadable, with `strict` for any such cell.
        """
        if strict:
            if self.doubt is not None:
                raise InvalidRecordsError(f"{self.doubt}.", [{"field": "file_id", "message": self.doubt}])
            self.cells.raise_if_any()
        return [*([self.doubt] if self.doubt else []), *self.cells.finish()]


NOTHING_READ_AGAIN = ColumnsReadAgain({}, FileCells())


def read_columns_again(
    batches: Callable[[], Iterable[Texts]],
    features: Collection[Feature],
    rows: int,
    *,
    way_out: str = WAY_OUT,
    folder: Path | None = None,
) -> ColumnsReadAgain:
    """Return the columns of `features`, given a function that yields the `rows` of a file from its first one on.

    With a `folder` the values are in files there and not in memory.
    """
    cells = FileCells(way_out=way_out)
    columns = {feature.name: _Column(feature, rows, folder, place) for place, feature in enumerate(features)}
    while True:
        start = 0
        for batch in batches():
            # The source of the batches raises at their end if they are too many.
            texts = {name: cells_of_rows[: rows - start] for name, cells_of_rows in batch.items()}
            cells.begin_batch(FIRST_FILE_ROW + start)
            for column in columns.values():
                column.fill(start, texts[column.feature.name], cells)
            start += len(next(iter(texts.values())))
        if not cells.must_read_again():
            return ColumnsReadAgain({name: column.values for name, column in columns.items()}, cells)


class _Column:
    """A column that is being read: numbers, or codes of texts."""

    def __init__(self, feature: Feature, rows: int, folder: Path | None, place: int) -> None:
        dtype = np.int32 if feature.type == "category" else np.float64
        self.feature = feature
        self._levels = _Levels(feature) if feature.type == "category" else None
        self._array: NDArray[Any] = (
            np.empty(rows, dtype)
            if folder is None or not rows
            else np.memmap(folder / f"read_again_{place}", dtype, "w+", shape=(rows,))
        )

    def fill(self, start: int, texts: Sequence[str], cells: FileCells) -> None:
        """Read the texts of the rows from `start` on."""
        stop = start + len(texts)
        if self._levels is None:
            self._array[start:stop] = raw_column(texts, self.feature, cells)
            if self.feature.type == "number" and (example := ambiguous(texts, self.feature)) is not None:
                text, position = example
                cells.add_ambiguous(self.feature, text, float(self._array[start + position]))
            if (share := bare_share(texts, self.feature)) is not None:
                cells.add_share(self.feature, share)
        else:
            self._array[start:stop] = [self._levels[text] for text in texts]

    @property
    def values(self) -> Floats | Category:
        """Return the column."""
        return self._array if self._levels is None else Category(self._array, self._levels.names)


class _Levels(dict[str, int]):
    """The code of each text of a category, -1 for a missing value; a new text gets the next code."""

    def __init__(self, feature: Feature) -> None:
        super().__init__()
        self.names: list[str] = []
        self._codes: dict[str, int] = {"": -1}
        self._words = missing_words(feature)

    def __missing__(self, text: str) -> int:
        level = read_text(text, self._words) or ""
        if level not in self._codes:
            self._codes[level] = len(self.names)
            self.names.append(level)
        self[text] = self._codes[level]
        return self._codes[level]
