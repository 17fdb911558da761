"""Files that arrive in a series: made up, put into the bucket, and retrained on as by a worker."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np
import pandas as pd

from core.jobs.commands import RetrainCommand, TrainCommand
from core.jobs.worker import GaveUpError, run_job
from core.progress import ignore_progress
from core.services.handlers import HANDLERS
from core.services.processing.ingest import ingest
from core.services.retraining.retrain import retrain
from core.services.series import arrivals
from core.services.training.train import train_model
from core.storage.container import container
from core.storage.job_repository import Job
from core.storage.series_repository import Arrival, SeriesSettings
from core.types import Json
from tests.support.storage import WORKSPACE, home

SERIES = "prices"
TARGET = "y"


def linear_table(seed: int, rows: int = 200, scale: float = 1.0) -> pd.DataFrame:
    """Return a table in which y depends on x and the colour, with a tenth of noise."""
    random = np.random.default_rng(seed)
    x, colour = random.normal(size=rows), random.choice(["red", "green", "blue"], rows)
    y = 3 * x + 2 * (colour == "red") + random.normal(scale=0.3, size=rows)
    return pd.DataFrame({"x": x, "colour": colour, TARGET: scale * y})


def shuffled_table(seed: int) -> pd.DataFrame:
    """Return `linear_table` with each target in another row."""
    whole = linear_table(seed)
    return whole.assign(y=np.random.default_rng(seed).permutation(whole[TARGET]))


def put_file(name: str, body: pd.DataFrame | bytes, series: str = SERIES, **metadata: str) -> str:
    """Put a file into the bucket and return its key."""
    key = f"incoming/{WORKSPACE}/{series}/{name}"
    body = body if isinstance(body, bytes) else body.to_csv(index=False).encode()
    store = container().objects
    store.client.put_object(Bucket=store.bucket, Key=key, Body=body, Metadata=metadata)
    return key


def submit_arrival(key: str, **options: Any) -> Job:
    """Submit the retraining for an object in the bucket and return its job."""
    job = arrivals.submit_retraining(container(), key, **options)
    assert job is not None
    return job


def carry_out(job: Job) -> Job:
    """Carry out a job as a worker does and return it as it is then."""
    with suppress(GaveUpError):
        run_job(home(), job.job_id, HANDLERS, seconds=600)
    found = home().jobs.read(job.job_id, fresh=True)
    assert found is not None
    return found


def retrain_on(name: str, body: pd.DataFrame | bytes, series: str = SERIES, **metadata: str) -> Job:
    """Put a file into the bucket, carry out its retraining, and return the job."""
    return carry_out(submit_arrival(put_file(name, body, series, **metadata)))


def repeat_retraining(job: Job) -> Json:
    """Do the work of a job once more, whatever its state, as a retry does."""
    return retrain(home(), RetrainCommand.model_validate(job.order), ignore_progress, job.job_id)


def read_arrival(job: Job) -> Arrival:
    """Return the arrival that belongs to a job."""
    found = home().series.get(SERIES, fresh=True).arrival(job.job_id)
    assert found is not None
    return found


def serving_version() -> int | None:
    """Return the number of the champion."""
    return home().models.serving(SERIES, fresh=True)


def version_numbers() -> list[int]:
    """Return the number of every version."""
    return [manifest.version for manifest, _ in home().models.page(100, name=SERIES).models]


def serve_champion(
    tmp_path: Any,
    model_type: str = "ridge",
    body: pd.DataFrame | None = None,
    fields: Mapping[str, Any] | None = None,
    **settings: Any,
) -> None:
    """Configure the series, and let a model that is quickly trained on 300 rows serve as its champion."""
    home().series.configure(SERIES, SeriesSettings(target_column=TARGET, **settings))
    train_by_hand(tmp_path, model_type, body, fields)


def train_by_hand(
    tmp_path: Any,
    model_type: str = "ridge",
    body: pd.DataFrame | None = None,
    fields: Mapping[str, Any] | None = None,
) -> None:
    """Train a model of the series' name as a person does, without a word about the series."""
    path = tmp_path / "first.csv"
    (linear_table(0, 300) if body is None else body).to_csv(path, index=False)
    file_id = ingest(home(), "first.csv", path).file_id
    command = {"model_type": model_type, "target_column": TARGET, "file_id": file_id, "model_name": SERIES}
    train_model(home(), TrainCommand.model_validate({**command, **(fields or {})}))


def drifting_table(seed: int, step: int) -> pd.DataFrame:
    """Return 500 rows of `linear_table` whose targets have drifted by this many steps."""
    return linear_table(seed, 500).assign(y=lambda rows: rows[TARGET] + 0.2 * step)
