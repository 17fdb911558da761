"""Decide where a training is carried out: by a function or a server, or by a container of AWS Batch."""

from collections.abc import Sequence
from math import inf

from core.errors import TooLargeError
from core.jobs.commands import CompareCommand, TrainCommand
from core.jobs.effort import GIB, Effort, check_batch, goes_to_batch
from core.machine_memory import training_bytes
from core.manifests import DatasetManifest
from core.regressors.candidates import Candidate
from core.regressors.expected_memory import expected_bytes, have_row_budgets, rows_within
from core.regressors.splits import MIN_ROWS
from core.storage.workspace import Workspace

# On so many rows, spread evenly over a table, a model is as good as on all of them but for a few thousandths of its
# error: docs/scale.md has the figures.
ENOUGH_ROWS = 500_000

Training = TrainCommand | CompareCommand


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
    return Effort(inf if is_parallel else seconds)


def rows_to_read(command: Training, dataset: DatasetManifest, candidates: Sequence[Candidate]) -> int:
    """Return how many rows of a dataset there is memory for here; raises `TooLargeError` where they would not do."""
    most = training_bytes()
    _check_room(command, dataset, candidates, most)
    return _rows_within(command, dataset, candidates, most)


def _expected_bytes(command: Training, dataset: DatasetManifest, candidates: Sequence[Candidate]) -> int:
    """Return the peak memory of a training in bytes."""
    return expected_bytes(candidates, dataset.rows, dataset.columns, kept=_keeps_folds(command))


def _rows_within(command: Training, dataset: DatasetManifest, candidates: Sequence[Candidate], most: int) -> int:
    """Return on how many rows of a dataset a training takes `most` bytes."""
    return min(dataset.rows, rows_within(candidates, most, dataset.columns, kept=_keeps_folds(command)))


def _keeps_folds(command: Training) -> bool:
    """Return whether it keeps the matrices of all folds in memory, as a comparison does."""
    return isinstance(command, CompareCommand) and not command.searches_portfolio


def _check_room(command: Training, dataset: DatasetManifest, candidates: Sequence[Candidate], most: int) -> None:
    """Raise `TooLargeError` for a training that `most` bytes are too few for, unless it can do with fewer rows."""
    rows = _rows_within(command, dataset, candidates, most)
    if rows == dataset.rows or rows >= _least_rows(command, candidates):
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
    is_race = isinstance(command, CompareCommand) and command.searches_portfolio
    return MIN_ROWS if is_race or have_row_budgets(candidates) else ENOUGH_ROWS
