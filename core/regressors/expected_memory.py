"""Estimate the memory of a training, to decide where it is carried out and on how many rows.

The largest things are arrays of float64: the columns of the table, and the matrix of features of one fold. The factors
are peaks of `bench/outgrow.py`, in copies of these arrays.
"""

from collections.abc import Iterable, Sequence

from core.machine_memory import PROCESS_BYTES
from core.manifests import Column
from core.preprocessing.features import MAX_LEVELS
from core.regressors.candidates import Candidate
from core.regressors.expected_time import coded_width, matrix_width, width_for
from core.regressors.validation import FOLDS

NUMBER_BYTES = 8
# The columns of the whole table, those of the train rows, and those of the rows of a fold.
TABLE_COPIES = 2.6
# Of the files of a series also the columns of each, those of the earlier ones joined, and those of all.
JOINED_COPIES = 3.0
# The matrix as the columns' results, joined, and as a tree's own copy. Standardised, it is kept beside that, and a
# linear solver centres a copy.
MATRIX_COPIES, SCALED_COPIES = 3.0, 4.0
# Before there is a matrix, the numbers of a fold are imputed together: scikit-learn masks and sorts them for a median.
IMPUTED_COPIES = 6.0
# The share of the rows that a fold trains on, with the usual holdout.
FOLD_SHARE = 0.64
# In parts, of each row: its target, which is read, chosen and transformed; and of LightGBM the bins, one byte a number,
# and its target, gradient, score and leaf.
PARTS_ROW_BYTES, TREES_ROW_BYTES = 40, 40
# The most rows of a part, and its most numbers unless it is wider than long, which QR would take long for.
PART_ROWS, PART_NUMBERS = 1 << 16, 1 << 20
# Besides, a part as it is read, prepared and joined, and for linear models as QR takes it; and of LightGBM the rows
# that bins are drawn from. A row group is decoded, too.
PART_COPIES, QR_COPIES, DRAWN_COPIES = 4.0, 4.0, 1.5
DRAWN_ROWS = 200_000
PARTS_BYTES = 32 << 20
# What is in memory of the rows of the folds meanwhile: their columns, as train rows and as holdout, and their matrix.
# Linear models have that where `fit_transform` and `transform` make different ones of a category of many levels.
HELD_TABLE_COPIES, HELD_CODES_COPIES, HELD_LEVELS_COPIES = 1.0, 3.0, 2.0


def expected_bytes(candidates: Sequence[Candidate], rows: int, columns: Sequence[Column], *, kept: bool = False) -> int:
    """Return the peak memory in bytes of training these candidates, one after the other, on `rows` rows.

    `columns` are those of the table. With `kept` the matrices of all folds stay in memory.
    """
    return PROCESS_BYTES + int(rows * max(_row_bytes(candidate, columns, kept) for candidate in candidates))


def rows_within(
    candidates: Sequence[Candidate],
    memory_bytes: int,
    columns: Sequence[Column],
    *,
    kept: bool = False,
    joined: bool = False,
) -> int:
    """Return on how many rows these candidates can be trained in so much memory, `kept` as in `expected_bytes`.

    The rows of several files are `joined`.
    """
    most = max(_row_bytes(candidate, columns, kept) for candidate in candidates)
    most += NUMBER_BYTES * JOINED_COPIES * len(columns) if joined else 0.0
    return max(0, int((memory_bytes - PROCESS_BYTES) / most))


def bytes_with_parts(
    candidates: Sequence[Candidate],
    learn: Sequence[Candidate],
    rows_in_memory: int,
    rows: int,
    columns: Sequence[Column],
    *,
    kept: bool = False,
) -> int:
    """Return the peak memory in bytes where one of `learn` is fitted on `rows` rows in parts, after all on some rows.

    `candidates`, `columns` and `kept` are as in `expected_bytes`, for the rows in memory.
    """
    folds = expected_bytes(candidates, rows_in_memory, columns, kept=kept)
    held = rows_in_memory * _held_row_bytes(candidates, learn, columns, kept=kept)
    return max(folds, PROCESS_BYTES + int(held) + _pass_bytes(learn, rows, columns))


def rows_beside_parts(
    candidates: Sequence[Candidate],
    learn: Sequence[Candidate],
    rows: int,
    memory_bytes: int,
    columns: Sequence[Column],
    *,
    kept: bool = False,
) -> int:
    """Return how many rows have room in memory where one of `learn` is fitted on `rows` rows in parts after that."""
    folds = rows_within(candidates, memory_bytes, columns, kept=kept)
    left = memory_bytes - PROCESS_BYTES - _pass_bytes(learn, rows, columns)
    return max(0, min(folds, int(left / _held_row_bytes(candidates, learn, columns, kept=kept))))


def _pass_bytes(learn: Iterable[Candidate], rows: int, columns: Sequence[Column]) -> int:
    """Return the memory in bytes to fit one of these candidates on `rows` rows in parts, beside what is held."""
    return PARTS_BYTES + int(max(_bytes_in_parts(one, rows, columns) for one in learn))


def _bytes_in_parts(candidate: Candidate, rows: int, columns: Sequence[Column]) -> float:
    width = width_for(candidate, columns)
    part = NUMBER_BYTES * width * min(rows, part_rows(width))
    if not candidate.takes_codes:
        return PARTS_ROW_BYTES * rows + (PART_COPIES + QR_COPIES) * part
    drawn = DRAWN_COPIES * NUMBER_BYTES * width * min(rows, DRAWN_ROWS)
    return (PARTS_ROW_BYTES + TREES_ROW_BYTES + width) * rows + PART_COPIES * part + drawn


def _held_row_bytes(
    candidates: Iterable[Candidate], learn: Iterable[Candidate], columns: Sequence[Column], *, kept: bool
) -> float:
    """Return the bytes that are in memory of each row of the folds while all rows are read."""
    has_levels = any(column.type == "category" and column.distinct > MAX_LEVELS for column in columns)
    levels = HELD_LEVELS_COPIES * matrix_width(columns) if has_levels else 0.0
    matrices = (HELD_CODES_COPIES * coded_width(columns) if one.takes_codes else levels for one in learn)
    held = max(_folds_width(one, columns) for one in candidates) if kept else 0.0
    return NUMBER_BYTES * (HELD_TABLE_COPIES * len(columns) + max(matrices) + held)


def part_rows(width: int) -> int:
    """Return how many rows a part of a matrix of this width has at most."""
    return min(PART_ROWS, max(width, PART_NUMBERS // max(width, 1)))


def have_row_budgets(candidates: Iterable[Candidate]) -> bool:
    """Return whether each of the candidates learns from a bounded number of rows, or lets each tree draw so many."""
    return all(candidate.regressor.max_rows is not None for candidate in candidates)


def _row_bytes(candidate: Candidate, columns: Sequence[Column], kept: bool) -> float:
    copies = SCALED_COPIES if candidate.regressor.scaled else MATRIX_COPIES
    width = width_for(candidate, columns)
    held = _folds_width(candidate, columns) if kept else 0.0
    numbers = sum(column.type not in ("category", "date") for column in columns)
    prepared = max(copies * width, IMPUTED_COPIES * numbers)
    return NUMBER_BYTES * (TABLE_COPIES * len(columns) + held + prepared)


def _folds_width(candidate: Candidate, columns: Sequence[Column]) -> float:
    """Return how many numbers the matrices of all folds have for each row."""
    width = width_for(candidate, columns)
    return FOLDS * FOLD_SHARE * (2 if candidate.regressor.scaled else 1) * width
