"""A typed table in one small file that numpy alone can read: what light functions predict from.

A category is int32 codes into its levels, with -1 for missing; everything else is float64 with NaN for missing: a
boolean is 1 or 0, a date the seconds since 1970-01-01.
"""

import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from tempfile import TemporaryFile
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from core.array_types import Floats
from core.manifests import ColumnType

# Light functions have little memory: a table of more rows is not packed, and is worked on where Arrow is.
PACKED_ROWS = 2_000_000
# A fifth of the usual level's time for a quarter more bytes.
FAST = 1
# So many levels are strings of Python at a time, which take several times the memory of their characters.
LEVELS = 1 << 15
PIECE = 1 << 20


@dataclass(frozen=True)
class Category:
    """A text column: `codes` (int32, n rows, -1 missing) into `levels` (unique strings)."""

    codes: NDArray[np.int32]
    levels: list[str]

    def texts(self) -> NDArray[np.object_]:
        """The values as strings (object, n rows), with "" for missing."""
        return np.array([*self.levels, ""], dtype=object)[self.codes]


@dataclass(frozen=True)
class Columns:
    """A table by column, in the order of the file, with the type of each."""

    values: Mapping[str, Floats | Category]
    types: Mapping[str, ColumnType]

    @property
    def rows(self) -> int:
        """How many rows every column has."""
        first = next(iter(self.values.values()), None)
        if first is None:
            return 0
        return len(first.codes if isinstance(first, Category) else first)

    @property
    def size_bytes(self) -> int:
        """Bytes that the arrays and levels hold in memory."""
        return sum(
            column.codes.nbytes + sum(map(len, column.levels)) if isinstance(column, Category) else column.nbytes
            for column in self.values.values()
        )

    def slices(self, rows: int) -> Iterator["Columns"]:
        """The table in pieces of at most `rows` rows, without copying."""
        for start in range(0, self.rows, rows):
            piece = slice(start, start + rows)
            yield Columns(
                {
                    name: Category(column.codes[piece], column.levels)
                    if isinstance(column, Category)
                    else column[piece]
                    for name, column in self.values.items()
                },
                self.types,
            )


def pack(file: BinaryIO, table: Iterable[tuple[str, ColumnType, Floats | Category]]) -> None:
    """Write a table as a compressed .npz without any pickle in it, one column (name, type, values) at a time.

    The levels of a category may also be in Arrow's form: they are turned into Python's a few at a time.
    """
    # The levels are written last, and may be as large as the table: until then they wait on disk.
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=FAST) as packed,
        TemporaryFile() as head,
    ):
        head.write(b'{"columns": [')
        for position, (name, kind, column) in enumerate(table):
            array = column.codes if isinstance(column, Category) else column
            _write(packed, f"c{position}", array.dtype, len(array), [array.data])
            entry = json.dumps({"name": name, "type": kind, "levels": None})
            head.write(b", " * (position > 0) + entry.removesuffix("null}").encode())
            head.writelines(_listed(column.levels) if isinstance(column, Category) else [b"null"])
            head.write(b"}")
        head.write(b"]}")
        length = head.tell()
        head.seek(0)
        _write(packed, "head", np.dtype(np.uint8), length, iter(partial(head.read, PIECE), b""))


def _listed(levels: Any) -> Iterator[bytes]:
    """Texts as a list in JSON, a piece at a time."""
    for start in range(0, len(levels), LEVELS):
        some = levels[start : start + LEVELS]
        yield b", " if start else b"["
        yield json.dumps(some if isinstance(some, list) else some.to_pylist()).encode()[1:-1]
    yield b"]" if len(levels) else b"[]"


def _write(
    packed: zipfile.ZipFile, name: str, kind: np.dtype[Any], length: int, body: Iterable[bytes | memoryview]
) -> None:
    """One array of one dimension as a member, its bytes in pieces."""
    with packed.open(f"{name}.npy", "w", force_zip64=True) as member:
        header = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": (length,)}
        np.lib.format.write_array_header_1_0(member, header)
        for piece in body:
            member.write(piece)


def unpack(body: bytes) -> Columns:
    """The table that `pack` wrote."""
    with np.load(io.BytesIO(body), allow_pickle=False) as stored:
        head = json.loads(stored["head"].tobytes())
        values: dict[str, Floats | Category] = {}
        for position, entry in enumerate(head["columns"]):
            array = stored[f"c{position}"]
            values[entry["name"]] = array if entry["levels"] is None else Category(array, entry["levels"])
    return Columns(values, {entry["name"]: entry["type"] for entry in head["columns"]})
