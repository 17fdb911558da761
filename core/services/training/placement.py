"""Decide where a training is carried out: by a function or a server, or by a container of AWS Batch."""

from collections.abc import Sequence
from math import inf
from typing import NamedTuple

from core.catalogue import CATALOGUE
from core.errors import TooLargeError
from core.jobs.commands import CompareCommand, TrainCommand
from core.jobs.effort import GIB, Effort, check_batch, goes_to_batch
from core.machine_memory import training_bytes
from core.manifests import DatasetManifest
from core.model_manifest import TrainedOn
from core.regressors.candidates import Candidate
from core.regressors.expected_memory import (
    bytes_with_parts,
    expected_bytes,
    have_row_budgets,
    rows_beside_parts,
    rows_within,
)
from core.regressors.expected_time import seconds_in_parts
from core.regressors.splits import MIN_ROWS
from core.storage.workspace import Workspace

# On so many rows, spread evenly over a table, a model is as good as on all of them but for a few thousandths of its
# error: docs/scale.md has the figures.
ENOUGH_ROWS = 500_000
# Where the model itself learns from all rows in parts, the folds and what prepares the columns need so many.
FOLD_ROWS = 100_000

# What a race of the portfolio may choose.
RACED = [Candidate(one) for one in CATALOGUE.values()]

Training = TrainCommand | CompareCommand


class RowsToRead(NamedTuple):
    """How many rows of a dataset are read into memory, and whether a model may learn from all in parts then."""

    rows: int
    then_all: bool = False


def place(
    workspace: Workspace, command: Training, dataset: DatasetManifest, candidates: Sequence[Candidate], seconds: float
) -> Effort:
    """Return what a training takes where it is carried out, by its `training` or else by forecast.

    Raises `InvalidInputError` for a Batch that is not set up, and `TooLargeError` for a training that has no room.
    """
    is_parallel = isinstance(command, CompareCommand) and command.parallel
    batch = None if is_parallel else workspace.batch
    check_batch(batch, command.training)
    memory = _expected_bytes(command, dataset, candidates)
    if batch is not None and goes_to_batch(command.training, memory, seconds):
        _check_room(command, dataset, candidates, batch.most_bytes)
        return Effort(inf, memory)
    _check_room(command, dataset, candidates, training_bytes())
    if _within(command, dataset, candidates, training_bytes()).then_all and not _is_race(command):
        seconds += seconds_in_parts(candidates, dataset.rows, dataset.columns)
    return Effort(inf if is_parallel else seconds)


def rows_to_read(command: Training, dataset: DatasetManifest, candidates: Sequence[Candidate]) -> RowsToRead:
    """Return what of a dataset there is memory for here; raises `TooLargeError` where that would not do."""
    most = training_bytes()
    _check_room(command, dataset, candidates, most)
    return _within(command, dataset, candidates, most)


def rows_read_before(trained: TrainedOn, dataset: DatasetManifest, candidates: Sequence[Candidate]) -> RowsToRead:
    """Return what of a dataset was read by the training of a model of these candidates.

    Raises `TooLargeError` where there is no memory for it here.
    """
    read = RowsToRead(trained.rows_read or dataset.rows, trained.in_parts)
    memory, most = expected_bytes(candidates, read.rows, dataset.columns), training_bytes()
    if read.then_all:
        memory = bytes_with_parts(candidates, candidates, read.rows, dataset.rows, dataset.columns)
    if memory <= most:
        return read
    raise TooLargeError(
        f"The model was trained with {read.rows:,} rows in memory, which takes about {memory / GIB:,.1f} GiB; there "
        f"are {most / GIB:,.1f} here. Train it again on a machine with more memory."
    )


def _expected_bytes(command: Training, dataset: DatasetManifest, candidates: Sequence[Candidate]) -> int:
    """Return the peak memory in bytes with which a training learns from all rows: in parts, if it can, where less."""
    kept, columns = _keeps_folds(command), dataset.columns
    whole = expected_bytes(candidates, dataset.rows, columns, kept=kept)
    if not all(candidate.learns_in_parts for candidate in candidates):
        return whole
    return min(whole, bytes_with_parts(candidates, candidates, ENOUGH_ROWS, dataset.rows, columns, kept=kept))


def _within(command: Training, dataset: DatasetManifest, candidates: Sequence[Candidate], most: int) -> RowsToRead:
    """Return what of a dataset is read by a training that takes `most` bytes."""
    kept, columns = _keeps_folds(command), dataset.columns
    rows = rows_within(candidates, most, columns, kept=kept)
    if rows >= dataset.rows:
        return RowsToRead(dataset.rows)
    compared = RACED if _is_race(command) else candidates
    learn = [candidate for candidate in compared if candidate.learns_in_parts]
    if learn:
        left = rows_beside_parts(candidates, learn, dataset.rows, most, columns, kept=kept)
        if left >= (FOLD_ROWS if len(learn) == len(compared) else ENOUGH_ROWS):
            return RowsToRead(left, then_all=True)
    return RowsToRead(rows)


def _keeps_folds(command: Training) -> bool:
    """Return whether it keeps the matrices of all folds in memory, as a comparison does."""
    return isinstance(command, CompareCommand) and not command.searches_portfolio


def _is_race(command: Training) -> bool:
    """Return whether it searches the portfolio."""
    return isinstance(command, CompareCommand) and command.searches_portfolio


def _check_room(command: Training, dataset: DatasetManifest, candidates: Sequence[Candidate], most: int) -> None:
    """Raise `TooLargeError` for a training that `most` bytes are too few for, unless it can do with fewer rows."""
    rows, then_all = _within(command, dataset, candidates, most)
    if then_all or rows == dataset.rows or rows >= _least_rows(command, candidates):
        return
    memory = _expected_bytes(command, dataset, candidates)
    raise TooLargeError(
        f"This training would take about {memory / GIB:,.1f} GiB of memory, and there are {most / GIB:,.1f}, which are "
        f"enough for {rows:,} of the {dataset.rows:,} rows; it does with {ENOUGH_ROWS:,}. Leave out columns with POST "
        "/data/process; or upload fewer rows, choose a model type that learns from a bounded number of rows (most_rows "
        "in GET /model/available), a race with ensemble and time_limit, training=batch, or a machine with more memory."
    )


def _least_rows(command: Training, candidates: Sequence[Candidate]) -> int:
    """Return how many rows of a table it has to learn from: few where it learns from a bounded number, or a race."""
    return MIN_ROWS if _is_race(command) or have_row_budgets(candidates) else ENOUGH_ROWS
