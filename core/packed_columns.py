"""A typed table in one small file that needs only numpy to read, for the light functions that predict from it.

A category is int32 codes into its levels, with -1 for missing; everything else is float64 with NaN for missing: a
boolean is 1 or 0, a date the seconds since 1970-01-01.
"""

import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from tempfile import TemporaryFile
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from core.array_types import Floats
from core.manifests import Column
from core.types import ColumnType

# Light functions have little memory: a table of more rows is not packed, and heavy functions predict it.
PACKED_ROWS = 2_000_000
# The compression level: a fifth of the default level's time for a quarter more bytes.
FAST = 1
# So many levels become Python strings at a time, as these take several times the memory of their characters.
LEVELS_AT_ONCE = 1 << 15
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Category:
    """A text column: `codes` (int32, n rows, -1 missing) into `levels` (unique strings)."""

    codes: NDArray[np.int32]
    levels: list[str]

    def texts(self) -> NDArray[np.object_]:
        """Return the values as strings, (n,) object, with "" for missing."""
        return np.array([*self.levels, ""], dtype=object)[self.codes]


@dataclass(frozen=True)
class ColumnTable:
    """A table as one array a column, in the order of the file, with the type of each column.

    `formats` has the `Column.format` of those that have one; it is empty for tables that version 0.2 packed.
    """

    values: Mapping[str, Floats | Category]
    types: Mapping[str, ColumnType]
    formats: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, values: Mapping[str, Floats | Category], columns: Iterable[Column]) -> "ColumnTable":
        """Return a table with the types and formats of its columns."""
        described = list(columns)
        formats = {column.name: column.format for column in described if column.format}
        return cls(values, {column.name: column.type for column in described}, formats)

    @property
    def rows(self) -> int:
        """Return the number of rows."""
        first = next(iter(self.values.values()), None)
        if first is None:
            return 0
        return len(first.codes if isinstance(first, Category) else first)

    @property
    def size_bytes(self) -> int:
        """Return the bytes of the arrays and levels in memory."""
        return sum(
            column.codes.nbytes + sum(map(len, column.levels)) if isinstance(column, Category) else column.nbytes
            for column in self.values.values()
        )

    def slices(self, rows: int) -> Iterator["ColumnTable"]:
        """Yield the table in slices of at most `rows` rows, without a copy."""
        for start in range(0, self.rows, rows):
            rows_of_slice = slice(start, start + rows)
            yield ColumnTable(
                {
                    name: Category(column.codes[rows_of_slice], column.levels)
                    if isinstance(column, Category)
                    else column[rows_of_slice]
                    for name, column in self.values.items()
                },
                self.types,
                self.formats,
            )


def pack(
    file: BinaryIO, table: Iterable[tuple[str, ColumnType, Floats | Category]], formats: Mapping[str, str] | None = None
) -> None:
    """Write a table as a compressed .npz without pickles, one column (name, type, values) at a time.

    `formats` are those of a `ColumnTable`. The levels of a category may be an Arrow array, which is converted to Python
    strings in parts.
    """
    # The levels are written last and may be as large as the table, so they are kept on disk until then.
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=FAST) as packed,
        TemporaryFile() as head,
    ):
        head.write(b'{"columns": [')
        for position, (name, column_type, column) in enumerate(table):
            array = column.codes if isinstance(column, Category) else column
            _write(packed, f"c{position}", array.dtype, len(array), [array.data])
            known = {"format": formats[name]} if formats and name in formats else {}
            entry = json.dumps({"name": name, "type": column_type, **known, "levels": None})
            head.write(b", " * (position > 0) + entry.removesuffix("null}").encode())
            head.writelines(_json_list(column.levels) if isinstance(column, Category) else [b"null"])
            head.write(b"}")
        head.write(b"]}")
        length = head.tell()
        head.seek(0)
        _write(packed, "head", np.dtype(np.uint8), length, iter(partial(head.read, CHUNK_BYTES), b""))


def _json_list(levels: Any) -> Iterator[bytes]:
    """Yield texts as a JSON list, in parts."""
    for start in range(0, len(levels), LEVELS_AT_ONCE):
        chunk = levels[start : start + LEVELS_AT_ONCE]
        yield b", " if start else b"["
        yield json.dumps(chunk if isinstance(chunk, list) else chunk.to_pylist()).encode()[1:-1]
    yield b"]" if len(levels) else b"[]"


def _write(
    packed: zipfile.ZipFile, name: str, dtype: np.dtype[Any], length: int, body: Iterable[bytes | memoryview]
) -> None:
    """Write a one-dimensional array as a member of the archive, its bytes in parts."""
    with packed.open(f"{name}.npy", "w", force_zip64=True) as member:
        header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": (length,)}
        np.lib.format.write_array_header_1_0(member, header)
        for chunk in body:
            member.write(chunk)


def unpack(body: bytes) -> ColumnTable:
    """Return the table that `pack` wrote."""
    with np.load(io.BytesIO(body), allow_pickle=False) as stored:
        head = json.loads(stored["head"].tobytes())
        values: dict[str, Floats | Category] = {}
        for position, entry in enumerate(head["columns"]):
            array = stored[f"c{position}"]
            values[entry["name"]] = array if entry["levels"] is None else Category(array, entry["levels"])
    formats = {entry["name"]: entry["format"] for entry in head["columns"] if "format" in entry}
    return ColumnTable(values, {entry["name"]: entry["type"] for entry in head["columns"]}, formats)
