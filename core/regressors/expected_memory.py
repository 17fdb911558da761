"""Estimate the memory of a training, to decide where it is carried out and on how many rows.

The largest things are arrays of float64: the columns of the table, and the matrix of features of one fold. The factors
are peaks of `bench/outgrow.py`, in copies of these arrays.
"""

from collections.abc import Iterable, Sequence

from core.machine_memory import PROCESS_BYTES
from core.manifests import Column
from core.preprocessing.date_parts import PARTS
from core.regressors.candidates import Candidate
from core.regressors.expected_time import matrix_width
from core.regressors.validation import FOLDS

NUMBER_BYTES = 8
# The columns of the whole table, those of the train rows, and those of the rows of a fold.
TABLE_COPIES = 2.6
# The matrix as the columns' results, joined, and as a tree's own copy. Standardised, it is kept beside that, and a
# linear solver centres a copy.
MATRIX_COPIES, SCALED_COPIES = 3.0, 4.0
# Before there is a matrix, the numbers of a fold are imputed together: scikit-learn masks and sorts them for a median.
IMPUTED_COPIES = 6.0
# The share of the rows that a fold trains on, with the usual holdout.
FOLD_SHARE = 0.64
# In parts, of each row: its target, which is read, chosen and transformed; and of LightGBM the bins, one byte a number,
# and its target, gradient, score and leaf. Besides, the parts that are read, and the rows that bins are drawn from.
PARTS_ROW_BYTES, TREES_ROW_BYTES = 40, 40
PARTS_BYTES = 300 << 20


def expected_bytes(candidates: Sequence[Candidate], rows: int, columns: Sequence[Column], *, kept: bool = False) -> int:
    """Return the peak memory in bytes of training these candidates, one after the other, on `rows` rows.

    `columns` are those of the table. With `kept` the matrices of all folds stay in memory.
    """
    return PROCESS_BYTES + int(rows * max(_row_bytes(candidate, columns, kept) for candidate in candidates))


def rows_within(
    candidates: Sequence[Candidate], memory_bytes: int, columns: Sequence[Column], *, kept: bool = False
) -> int:
    """Return on how many rows these candidates can be trained in so much memory, `kept` as in `expected_bytes`."""
    most = max(_row_bytes(candidate, columns, kept) for candidate in candidates)
    return max(0, int((memory_bytes - PROCESS_BYTES) / most))


def bytes_in_parts(candidates: Iterable[Candidate], rows: int, columns: Sequence[Column]) -> int:
    """Return the memory in bytes to fit one of these candidates on `rows` rows in parts, besides those in memory."""
    widths = [coded_width(columns) + TREES_ROW_BYTES if one.takes_codes else 0 for one in candidates]
    return PARTS_BYTES + rows * (PARTS_ROW_BYTES + max(widths))


def have_row_budgets(candidates: Iterable[Candidate]) -> bool:
    """Return whether each of the candidates learns from a bounded number of rows, or lets each tree draw so many."""
    return all(candidate.regressor.max_rows is not None for candidate in candidates)


def _row_bytes(candidate: Candidate, columns: Sequence[Column], kept: bool) -> float:
    copies = SCALED_COPIES if candidate.regressor.scaled else MATRIX_COPIES
    width = coded_width(columns) if candidate.takes_codes else matrix_width(columns)
    held = FOLDS * FOLD_SHARE * (2 if candidate.regressor.scaled else 1) * width if kept else 0
    numbers = sum(column.type not in ("category", "date") for column in columns)
    prepared = max(copies * width, IMPUTED_COPIES * numbers)
    return NUMBER_BYTES * (TABLE_COPIES * len(columns) + held + prepared)


def coded_width(columns: Sequence[Column]) -> int:
    """Return how many columns the matrix has where categories are codes."""
    return sum(len(PARTS) if column.type == "date" else 1 for column in columns)
