"""Columns of few distinct values as narrow codes in memory, made while reading and used by the profile."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.array_types import Floats

Codes = NDArray[np.unsignedinteger[Any]]

# With more levels than 16 bits count, codes are hardly narrower than the values.
MOST_LEVELS = np.iinfo(np.uint16).max
# How many decimals are tried; a column with more seldom has few distinct values.
MOST_DECIMALS = 4
# Beyond this, consecutive whole numbers are equal in float64.
WHOLE_LIMIT = 2.0**52
# How many codes are processed at a time, so that they and their results fit into a core's cache.
PIECE_LENGTH = 1 << 15


@dataclass(frozen=True)
class CodedColumn:
    """A column as `codes` (uint8 or uint16, n rows): 0 is missing, and i + 1 stands for `levels[i]`, all different."""

    codes: Codes
    # Texts, or else float64: a boolean is 1 or 0.
    levels: pa.Array

    def floats(self) -> Floats:
        """Return the value of each code as float64, NaN for 0; the levels must not be texts."""
        return np.append(np.nan, self.levels)

    def counts(self) -> NDArray[np.int64]:
        """Return how many rows have each code (int64, one more than there are levels); a level may have none."""
        counts = np.zeros(len(self.levels) + 1, np.int64)
        for start in range(0, len(self.codes), PIECE_LENGTH):
            counts += np.bincount(self.codes[start : start + PIECE_LENGTH], minlength=len(counts))
        return counts


class TextCoder:
    """Encodes a category, a block of rows at a time. Texts are numbered in the order in which they first occur."""

    def __init__(self) -> None:
        self.size_bytes = 0  # of the codes
        self._levels = pa.array([], pa.string())
        self._pieces: list[Codes] = []

    def add(self, values: pa.DictionaryArray) -> bool:
        """Encode some rows; return False where there are too many levels."""
        positions = pc.index_in(values.dictionary, value_set=self._levels)
        if positions.null_count:
            self._levels = pa.concat_arrays([self._levels, values.dictionary.filter(positions.is_null())])
            positions = pc.index_in(values.dictionary, value_set=self._levels)
        if len(self._levels) > MOST_LEVELS:
            return False
        codes = pa.array((np.asarray(positions) + 1).astype(_code_dtype(len(self._levels))))
        self._pieces.append(np.asarray(codes.take(values.indices).fill_null(0)))
        self.size_bytes += self._pieces[-1].nbytes
        return True

    def coded(self) -> CodedColumn:
        """Return the whole column."""
        return CodedColumn(np.concatenate(self._pieces), self._levels)


class NumberCoder:
    """Encodes numbers of few decimals in a narrow range.

    Consecutive codes are consecutive multiples of a unit such as 0.01: the last decimal, found in the first block.
    """

    def __init__(self) -> None:
        self._scale: float | None = None
        self._low, self._high = np.inf, -np.inf
        # It grows in place, so nothing is copied, and is as narrow as each piece allows.
        self._codes: Codes = np.empty(0, np.uint8)
        # Where each piece begins, and the number before the one with code 1 in it, in units.
        self._pieces: list[tuple[int, float]] = []
        self._has_missing = False

    @property
    def size_bytes(self) -> int:
        """Return the bytes that the codes take."""
        return self._codes.nbytes

    def add(self, values: pa.Array) -> bool:
        """Encode some rows; return False for a number that has more decimals or is too far from the others."""
        floats, has_missing = as_floats(values), values.null_count > 0
        self._has_missing = self._has_missing or has_missing
        # Allocating memory each time would cost more than the computation.
        scratch = np.empty((2, min(len(floats), PIECE_LENGTH)))
        pieces = (floats[start : start + PIECE_LENGTH] for start in range(0, len(floats), PIECE_LENGTH))
        return all(self._add(piece, scratch[:, : len(piece)], has_missing=has_missing) for piece in pieces)

    def _add(self, floats: Floats, scratch: Floats, *, has_missing: bool) -> bool:
        """Encode up to `PIECE_LENGTH` rows, with `scratch` (2, rows) as memory; return False where they cannot be."""
        if has_missing and np.isnan(floats).all():
            return self._keep(np.zeros(len(floats)), -np.inf, 0)
        units = self._units(floats, scratch, has_missing=has_missing)
        if units is None:
            return False
        low, high = float(np.fmin.reduce(units)), float(np.fmax.reduce(units))
        self._low, self._high = min(self._low, low), max(self._high, high)
        if self._high - self._low >= MOST_LEVELS or max(-low, high) > WHOLE_LIMIT:
            return False
        if low <= 0 <= high and np.any(np.signbit(floats[floats == 0])):
            return False  # there is no code for -0.0
        units -= low - 1
        if has_missing:
            units[np.isnan(units)] = 0
        return self._keep(units, low - 1, high - low + 1)

    def _keep(self, codes: Floats, before: float, largest: float) -> bool:
        """Append the codes of a piece: `largest` is the largest code, `before` the number that has code 0, in units."""
        start = len(self._codes)
        if self._codes.dtype < _code_dtype(largest):
            self._codes = self._codes.astype(_code_dtype(largest))
        self._pieces.append((start, before))
        self._codes.resize(start + len(codes), refcheck=False)
        np.copyto(self._codes[start:], codes, casting="unsafe")
        return True

    def _units(self, floats: Floats, scratch: Floats, *, has_missing: bool) -> Floats | None:
        """Return each number in units, NaN for missing, in `scratch`; None where one is not a whole multiple."""
        units: Floats = scratch[0]
        restored: Floats = scratch[1]
        for scale in [10.0**n for n in range(MOST_DECIMALS + 1)] if self._scale is None else [self._scale]:
            with np.errstate(over="ignore"):
                np.rint(np.multiply(floats, scale, out=units), out=units)
            # A quotient is rounded as a decimal literal is.
            if np.array_equal(np.divide(units, scale, out=restored), floats, equal_nan=has_missing):
                self._scale = scale
                return units
        return None

    def coded(self) -> CodedColumn:
        """Return the whole column."""
        if self._scale is None:  # all values are missing
            return CodedColumn(self._codes, pa.array([], pa.float64()))
        levels = np.arange(self._low, self._high + 1)
        codes = self._codes.astype(_code_dtype(len(levels)), copy=False)
        ends = [start for start, _ in self._pieces[1:]] + [len(codes)]
        for (start, before), end in zip(self._pieces, ends, strict=True):
            piece = codes[start:end]
            missing = piece == 0 if self._has_missing else None
            piece += codes.dtype.type(max(0, before + 1 - self._low))
            if missing is not None:
                piece[missing] = 0
        return CodedColumn(codes, pa.array(levels / self._scale))


Coder = TextCoder | NumberCoder


def as_floats(values: pa.Array) -> Floats:
    """Return integers, numbers, booleans (1 and 0) or dates (seconds since 1970) as float64, NaN for missing."""
    if pa.types.is_timestamp(values.type):
        return np.asarray(values.cast(pa.int64()).cast(pa.float64(), safe=False), np.float64) / 1000
    return np.asarray(values.cast(pa.float64(), safe=False), np.float64)


def _code_dtype(levels: float) -> np.dtype[np.unsignedinteger[Any]]:
    """Return the narrowest dtype for codes up to `levels`."""
    return np.dtype(np.uint8 if levels <= np.iinfo(np.uint8).max else np.uint16)
