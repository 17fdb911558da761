"""Decide where a training is carried out: by a function or a server, or by a container of AWS Batch."""

from collections.abc import Sequence
from math import inf

from core.errors import InvalidInputError, TooLargeError
from core.jobs.commands import MOST_SECONDS, CompareCommand, TrainCommand
from core.jobs.effort import Effort
from core.machine_memory import training_bytes
from core.manifests import DatasetManifest
from core.regressors.candidates import Candidate
from core.regressors.expected_memory import expected_bytes, have_row_budgets, rows_within
from core.settings import settings
from core.storage.workspace import Workspace

# A forecast of seconds is within a factor of about three.
DOUBT = 3
GIB = 1 << 30


Training = TrainCommand | CompareCommand


def place(
    workspace: Workspace, command: Training, dataset: DatasetManifest, candidates: Sequence[Candidate], seconds: float
) -> Effort:
    """Return what a training takes where it is carried out, by its `training` or else by forecast.

    Raises `InvalidInputError` for a Batch that is not set up, and `TooLargeError` for a training that has no room.
    """
    is_parallel = isinstance(command, CompareCommand) and command.parallel
    batch = None if is_parallel else workspace.batch
    if command.training == "batch" and batch is None and settings().jobs_queue_url is not None:
        raise InvalidInputError(
            "This service has no AWS Batch: REGATTA_BATCH_QUEUE and REGATTA_BATCH_JOB_DEFINITION are not set. Leave "
            "`training` out, or set them.",
            [{"field": "training", "message": "batch is not set up"}],
        )
    memory = _expected_bytes(command, dataset, candidates)
    if batch is not None and _goes_to_batch(command, memory, seconds):
        _check_room(command, memory, batch.most_bytes, candidates)
        return Effort(inf, memory)
    _check_room(command, memory, training_bytes(), candidates)
    # On a server `batch` means a job: there is no other place.
    return Effort(inf if is_parallel or command.training == "batch" else seconds)


def rows_to_read(command: Training, dataset: DatasetManifest, candidates: Sequence[Candidate]) -> int:
    """Return how many rows of a dataset there is memory for here; raises `TooLargeError` where fewer would not do."""
    memory = _expected_bytes(command, dataset, candidates)
    most = training_bytes()
    _check_room(command, memory, most, candidates)
    return dataset.rows if memory <= most else rows_within(candidates, most, dataset.columns)


def _goes_to_batch(command: Training, memory: int, seconds: float) -> bool:
    if command.training != "auto":
        return command.training == "batch"
    return memory > training_bytes() or DOUBT * seconds > MOST_SECONDS


def _expected_bytes(command: Training, dataset: DatasetManifest, candidates: Sequence[Candidate]) -> int:
    """Return the peak memory of a training in bytes; a comparison keeps the matrices of all folds."""
    kept = isinstance(command, CompareCommand) and not command.searches_portfolio
    return expected_bytes(candidates, dataset.rows, dataset.columns, kept=kept)


def _check_room(command: Training, memory: int, most: int, candidates: Sequence[Candidate]) -> None:
    """Raise `TooLargeError` for a training that takes more than `most` bytes, unless it can do with fewer rows."""
    if memory <= most or _can_do_with_fewer(command, candidates):
        return
    raise TooLargeError(
        f"This training would take about {memory / GIB:,.1f} GiB of memory, and there are {most / GIB:,.1f}. Upload "
        "fewer rows, or leave out columns with POST /data/process; or choose a model type that learns from a bounded "
        "number of rows (most_rows in GET /model/available), a race with ensemble and time_limit, training=batch, or a "
        "machine with more memory."
    )


def _can_do_with_fewer(command: Training, candidates: Sequence[Candidate]) -> bool:
    """Return whether it learns from a bounded number of rows, or a race chooses how many."""
    if isinstance(command, CompareCommand):
        return command.searches_portfolio
    return have_row_budgets(candidates)
