"""Rows of a table: their numbers for people, duplicates, and the share of missing values by block."""

from collections.abc import Sequence
from math import prod
from threading import Lock
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.array_types import Floats
from core.packed_columns import Category
from core.tables.coded_columns import PIECE_LENGTH, CodedColumn
from core.tables.table import Table

# As in a spreadsheet of the table, where the header is row 1; rows that reading left out are not counted.
FIRST_ROW = 2
EXAMPLES = 5
# How many blocks of rows a picture of missing values has.
BLOCKS = 60
# Up to so many kinds of rows are counted by an array.
MOST_KINDS = 1 << 16
# More are compared in so many parts.
PARTS = 4

Hashes = NDArray[np.uint64]
Positions = NDArray[np.intp]

# The finalizer of SplitMix64: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
_GOLDEN = 0x9E3779B97F4A7C15
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_NAN = np.uint64(0x7FF8000000000000)


def row_numbers(positions: Positions, most: int = EXAMPLES) -> list[int]:
    """Return the spreadsheet numbers of the first `most` of some rows, given their positions from 0."""
    return [int(position) + FIRST_ROW for position in positions[:most]]


def row_numbers_where(chosen: NDArray[np.bool_]) -> list[int]:
    """Return the spreadsheet numbers of the first few rows where `chosen`, (n,) bool, is true."""
    found: list[int] = []
    # The positions of all of them would take eight bytes each.
    for start in range(0, len(chosen), PIECE_LENGTH):
        found += row_numbers(np.flatnonzero(chosen[start : start + PIECE_LENGTH]) + start, EXAMPLES - len(found))
        if len(found) == EXAMPLES:
            break
    return found


class RowKinds:
    """Finds duplicate rows exactly, where all columns are coded and their codes have few combinations.

    A row's kind is the number whose digits are its codes, in a mixed radix of the columns' numbers of codes.
    """

    def __init__(self, columns: Sequence[CodedColumn]) -> None:
        self._columns = columns
        self._rows = len(columns[0].codes)
        self._kind_count = prod(len(coded.levels) + 1 for coded in columns)

    @classmethod
    def of(cls, table: Table) -> Self | None:
        """Return the finder for a table, or None where it has too many kinds or a column that is not coded."""
        columns = list(table.coded.values())
        few = prod(len(coded.levels) + 1 for coded in columns) <= MOST_KINDS
        return cls(columns) if few and len(columns) == len(table.columns) else None

    def add(self, position: int, values: Floats | Category | CodedColumn) -> None:
        """Do nothing, because the codes of all columns are known from the start."""

    def repeated(self) -> tuple[int, list[int]]:
        """Count the rows that repeat an earlier one exactly, and return the numbers of a few of them."""
        counts = np.zeros(self._kind_count, np.int64)
        for start in range(0, self._rows, PIECE_LENGTH + self._kind_count):
            counts += np.bincount(
                self._kinds_of(slice(start, start + PIECE_LENGTH + self._kind_count)), minlength=self._kind_count
            )
        # With more rows than kinds, some rows repeat others.
        head = self._kinds_of(slice(self._kind_count + EXAMPLES))
        again = np.delete(np.arange(len(head)), np.unique(head, return_index=True)[1])
        return self._rows - int(np.count_nonzero(counts)), row_numbers(again)

    def _kinds_of(self, rows: slice) -> Positions:
        """Return the kind of each of these rows."""
        kinds = np.zeros(len(self._columns[0].codes[rows]), np.intp)
        for coded in self._columns:
            kinds *= len(coded.levels) + 1
            kinds += coded.codes[rows]
        return kinds


class RowHashes:
    """Finds duplicate rows by a 64-bit hash of each row, built a column at a time, in any order and by several threads.

    A row's hash is the sum of its values' hashes, each mixed with its column's position. Among n different rows, two
    have the same one with a probability of about n**2 / 2**65: 1 in 90,000 at 20 million.
    """

    def __init__(self, rows: int) -> None:
        self._sums: Hashes = np.zeros(rows, np.uint64)
        self._lock = Lock()

    def add(self, position: int, values: Floats | Category | CodedColumn) -> None:
        """Mix the column at `position` into the hashes; missing equals missing, and 0.0 equals -0.0."""
        salt = np.uint64(_GOLDEN * (position + 1) & 0xFFFFFFFFFFFFFFFF)
        hashed: NDArray[Any] = values if isinstance(values, np.ndarray) else values.codes
        by_code = _mixed(_bits(_hashed_values(values)) ^ salt) if isinstance(values, CodedColumn) else None
        for start in range(0, len(hashed), PIECE_LENGTH):
            piece = hashed[start : start + PIECE_LENGTH]
            mixed = _mixed(_bits(piece) ^ salt) if by_code is None else by_code[piece]
            with self._lock:
                self._sums[start : start + PIECE_LENGTH] += mixed

    def repeated(self) -> tuple[int, list[int]]:
        """Count the rows that repeat an earlier one exactly, and return the numbers of a few of them."""
        count, repeated_hashes = 0, np.empty(0, np.uint64)
        # A part at a time, since a sorted copy of all hashes would double the memory.
        for low in range(0, 1 << 64, (1 << 64) // PARTS):
            chosen = self._sums >= np.uint64(low)
            chosen &= self._sums <= np.uint64(low + (1 << 64) // PARTS - 1)
            part = self._sums[chosen]
            part.sort()
            again = part[1:] == part[:-1]
            count += int(np.count_nonzero(again))
            for start in range(0, len(again), PIECE_LENGTH):
                if len(repeated_hashes) < 100 * EXAMPLES:
                    repeated_hashes = np.append(
                        repeated_hashes, part[1:][start : start + PIECE_LENGTH][again[start : start + PIECE_LENGTH]]
                    )
        examples = [np.flatnonzero(self._sums == value)[1] for value in np.unique(repeated_hashes)[:EXAMPLES]]
        return count, row_numbers(np.sort(np.array(examples, np.intp)))


def missing_shares(missing: NDArray[np.bool_]) -> list[float]:
    """Return the share of missing values in each of up to `BLOCKS` blocks of rows of nearly equal size."""
    blocks = min(BLOCKS, len(missing))
    starts = np.arange(blocks + 1) * len(missing) // blocks
    shares: Floats = np.add.reduceat(missing, starts[:-1], dtype=np.int64) / np.diff(starts)
    return list(map(float, shares))


def _hashed_values(coded: CodedColumn) -> NDArray[np.float64] | NDArray[np.int32]:
    """Return the hashed value of each code: the number, or the index of a text among the levels."""
    is_text = pa.types.is_string(coded.levels.type)
    return np.arange(-1, len(coded.levels), dtype=np.int32) if is_text else coded.floats()


def _bits(piece: NDArray[np.float64] | NDArray[np.int32]) -> Hashes:
    """Return values as 64 bits each, the same for 0.0 and -0.0 and for every NaN."""
    if piece.dtype == np.int32:
        return piece.astype(np.int64).view(np.uint64)
    bits = (piece + 0.0).view(np.uint64)
    bits[np.isnan(piece)] = _NAN
    return bits


def _mixed(bits: Hashes) -> Hashes:
    """Hash each number; the array is overwritten."""
    bits ^= bits >> np.uint64(30)
    bits *= _FIRST
    bits ^= bits >> np.uint64(27)
    bits *= _SECOND
    bits ^= bits >> np.uint64(31)
    return bits
