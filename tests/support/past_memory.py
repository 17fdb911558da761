"""A table past memory: a training has room for every fourth of its rows, and learns from all of them in parts."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from core.catalogue import regressor
from core.jobs.commands import TrainCommand
from core.manifests import DatasetManifest
from core.model_manifest import ModelManifest
from core.progress import ReportProgress, ignore_progress
from core.regressors import expected_memory
from core.regressors.candidates import Candidate
from core.regressors.expected_memory import bytes_with_parts
from core.services.processing.ingest import ingest
from core.services.training import placement
from core.services.training.train import train_model
from tests.support.storage import home
from tests.support.tables import csv

ROWS, READ = 1_200, 300
# Of the rows in memory a fifth of those with a target is the holdout, of which nothing is learned.
ROWS_LEARNED, ROWS_HELD_OUT = 950, 50
FEW = {"lightgbm": {"n_estimators": 5}, "ridge": {}}


def table(**columns: Any) -> str:
    """A number with gaps, a category of few levels and one of many, a group, a target with gaps in its first rows."""
    random = np.random.default_rng(3)
    x, kind, place = random.normal(size=ROWS), random.integers(0, 4, ROWS), random.integers(0, 60, ROWS)
    y = 50 + 3 * x + kind + place / 20 + random.normal(size=ROWS)
    y[np.arange(ROWS) < 200] = np.nan
    x[random.random(ROWS) < 0.1] = np.nan
    names = {"kind": [f"kind {code}" for code in kind], "place": [f"place {code}" for code in place]}
    return csv(**{"x": x, **names, "team": np.arange(ROWS) // 40, "y": y, **columns})


@contextmanager
def little_memory() -> Iterator[None]:
    """Let few rows do for the folds, a pass take little memory of its own, and a part have at most 100 rows."""
    with (
        mock.patch.object(placement, "FOLD_ROWS", READ // 2),
        mock.patch.object(placement, "ENOUGH_ROWS", READ // 2),
        mock.patch.multiple(expected_memory, PARTS_BYTES=0, DRAWN_COPIES=0.0, PART_ROWS=100),
    ):
        yield


def store_table(folder: Path, source: str) -> DatasetManifest:
    """Store a table in the workspace of the tests."""
    path = folder / "large.csv"
    path.write_text(source)
    return ingest(home(), path.name, path)


def memory_for(dataset: DatasetManifest, *model_types: str, kept: bool = False) -> int:
    """Return the bytes of memory in which `READ` rows have room, and the pass over all of them."""
    candidates = [Candidate(regressor(name)) for name in model_types]
    learn = [candidate for candidate in candidates if candidate.learns_in_parts]
    return bytes_with_parts(candidates, learn, READ, ROWS, dataset.columns, kept=kept) + 1


def command(model_type: str, **fields: Any) -> TrainCommand:
    """Return the command to train a small model of the table."""
    return TrainCommand(model_type=model_type, target_column="y", model_name="m", params=FEW[model_type], **fields)


def train(
    model_type: str, report_progress: ReportProgress = ignore_progress, job_id: str | None = None, **fields: Any
) -> ModelManifest:
    """Train a small model of the current file."""
    return train_model(home(), command(model_type, **fields), report_progress, job_id)
