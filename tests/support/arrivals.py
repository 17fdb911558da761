"""Files that arrive in a series: made up, put into the bucket, and dealt with as a worker would."""

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


def table(seed: int, rows: int = 200, scale: float = 1.0) -> pd.DataFrame:
    """y depends on x and the colour, plus a tenth of noise."""
    random = np.random.default_rng(seed)
    x, colour = random.normal(size=rows), random.choice(["red", "green", "blue"], rows)
    y = 3 * x + 2 * (colour == "red") + random.normal(scale=0.3, size=rows)
    return pd.DataFrame({"x": x, "colour": colour, TARGET: scale * y})


def shuffled(seed: int) -> pd.DataFrame:
    """The same with each target in another row."""
    whole = table(seed)
    return whole.assign(y=np.random.default_rng(seed).permutation(whole[TARGET]))


def put(name: str, body: pd.DataFrame | bytes, series: str = SERIES, **metadata: str) -> str:
    """Let a file arrive; returns its key."""
    key = f"incoming/{WORKSPACE}/{series}/{name}"
    body = body if isinstance(body, bytes) else body.to_csv(index=False).encode()
    store = container().objects
    store.client.put_object(Bucket=store.bucket, Key=key, Body=body, Metadata=metadata)
    return key


def announced(key: str, **told: Any) -> Job:
    """The job of an object that is there."""
    job = arrivals.submit_retraining(container(), key, **told)
    assert job is not None
    return job


def done(job: Job) -> Job:
    """The job after a worker has had it."""
    with suppress(GaveUpError):
        run_job(home(), job.job_id, HANDLERS, seconds=600)
    found = home().jobs.read(job.job_id, fresh=True)
    assert found is not None
    return found


def drop(name: str, body: pd.DataFrame | bytes, series: str = SERIES, **metadata: str) -> Job:
    """Let a file arrive and be dealt with."""
    return done(announced(put(name, body, series, **metadata)))


def again(job: Job) -> Json:
    """Do the work of a job once more, whatever its state, as a retry does."""
    return retrain(home(), RetrainCommand.model_validate(job.order), ignore_progress, job.job_id)


def decided(job: Job) -> Arrival:
    """What the series knows of it."""
    found = home().series.get(SERIES, fresh=True).arrival(job.job_id)
    assert found is not None
    return found


def serving() -> int | None:
    """The version that serves."""
    return home().models.serving(SERIES, fresh=True)


def versions() -> list[int]:
    """Every version there is."""
    return [manifest.version for manifest, _ in home().models.page(100, name=SERIES).models]


def champion(tmp_path: Any, model_type: str = "ridge", body: pd.DataFrame | None = None, **settings: Any) -> None:
    """Let a model of 300 rows serve that takes no time to train, and the series know its target."""
    home().series.configure(SERIES, SeriesSettings(target_column=TARGET, **settings))
    path = tmp_path / "first.csv"
    (table(0, 300) if body is None else body).to_csv(path, index=False)
    file_id = ingest(home(), "first.csv", path).file_id
    train_model(home(), TrainCommand(model_type=model_type, target_column=TARGET, file_id=file_id, model_name=SERIES))
