"""Two years of monthly files in a series: the champion against never retraining, and against always promoting."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd

from bench._bucket import bucket
from bench._load import quiet
from bench._report import Figure, at_most, run
from tests.support.storage import home

CSV = Path(__file__).parent.parent / "tests" / "data" / "diamonds.csv"
WORKSPACE, SERIES, TARGET = "default", "diamonds", "price"

MONTHS, ROWS = 24, 600
QUICK_MONTHS = 10
RACE_SECONDS = 4
# Prices rise by this much a month, and stones get larger: by the end, this many times as many of the large ones.
INFLATION, LARGER = 0.015, 3.0
# In this month somebody has exported cents.
CORRUPTED, CENTS = 13, 100
QUICK_CORRUPTED = 6
# What each figure has to be: ours is best, the corrupted month never serves, and seconds beside the training.
BEST, NEVER, BESIDE = 1.0, 0.0, 2.0


def measure(quick_run: bool) -> Iterator[Figure]:
    """Every figure of the bench, in order."""
    months = QUICK_MONTHS if quick_run else MONTHS
    corrupted = QUICK_CORRUPTED if quick_run else CORRUPTED
    with bucket(redis=True):
        quiet()
        # This process is the worker itself.
        del os.environ["REGATTA_JOBS_QUEUE_URL"]
        from core.storage.series_repository import SeriesSettings

        home().series.configure(SERIES, SeriesSettings(target_column=TARGET, time_limit=RACE_SECONDS))
        replay = _Replay(_cut(months, ROWS), corrupted)
        for month in range(1, months + 1):
            print(replay.month(month), flush=True)
        ours, never, always = (float(np.mean(replay.errors[side])) for side in ("ours", "never", "always"))
        yield at_most(
            "champion's error / never retrain", ours / never, BEST, f"{ours:.4f} / {never:.4f} of the mean price"
        )
        yield at_most("champion's error / always promote", ours / always, BEST, f"{ours:.4f} / {always:.4f}")
        promoted = float(replay.promoted[corrupted])
        yield at_most("corrupted month promoted", promoted, NEVER, f"month {corrupted}: {replay.states[corrupted]}")
        p95 = float(np.quantile(replay.beside, 0.95))
        median = float(np.median(replay.beside))
        yield at_most("object created to champion, without training, p95 s", p95, BESIDE, f"p50 {median:.2f} s")


class _Replay:
    """The months so far: what serves, what never was retrained, and what would serve without any judgement."""

    def __init__(self, months: list[pd.DataFrame], corrupted: int) -> None:
        self.months = months
        self.corrupted = corrupted
        self.errors: dict[str, list[float]] = {"ours": [], "never": [], "always": []}
        self.promoted: dict[int, bool] = {}
        self.states: dict[int, str] = {}
        self.beside: list[float] = []
        self._files: list[str] = []
        self._always: Callable[[pd.DataFrame], Any] | None = None

    def month(self, number: int) -> str:
        """Predict the month by what serves before it has arrived, then let it arrive; a line about both."""
        clean = self.months[number - 1]
        shown = self._predict(clean) if number > 1 else {}
        sent = clean.assign(**{TARGET: clean[TARGET] * CENTS}) if number == self.corrupted else clean
        job, took, training = _drop(f"month {number:02}.csv", sent)
        self.beside += [took - training] if number > 1 else []
        self.promoted[number], self.states[number] = job.result["promoted"], job.result["state"]
        self._files.append(job.order["file_id"])
        self._always_promote()
        errors = "  ".join(f"{side} {error:.4f}" for side, error in shown.items())
        serves = f"version {job.result['champion']}{', promoted' if job.result['promoted'] else ''}"
        return f"month {number:2}  {errors:44}  {job.result['state']:8}  {serves:22}  {took:.1f} s"

    def _predict(self, clean: pd.DataFrame) -> dict[str, float]:
        """Root mean squared errors as a share of the mean price, of the month as it truly was."""
        from core.services.prediction.predict import find_model, predict_records

        actual = clean[TARGET].to_numpy(float)
        records = json.loads(clean.drop(columns=TARGET).to_json(orient="records"))
        assert self._always is not None
        predicted = {
            "ours": predict_records(find_model(home(), SERIES), records).values,
            "never": predict_records(find_model(home(), SERIES, 1), records).values,
            "always": self._always(clean),
        }
        shown = {side: float(np.sqrt(np.mean((actual - p) ** 2)) / actual.mean()) for side, p in predicted.items()}
        for side, error in shown.items():
            self.errors[side].append(error)
        return shown

    def _always_promote(self) -> None:
        """The same members on the same window of the same files, believed whatever they say."""
        from core.services.training.join_files import open_joined
        from core.services.training.refit_stored import refit_as
        from core.storage.series_repository import SeriesSettings

        first = home().models.manifest(SERIES, 1)
        *earlier, newest = self._files[-SeriesSettings().window :]
        self._always = refit_as(first, open_joined(home(), newest, earlier, first)[1]).predict


def _drop(name: str, table: pd.DataFrame) -> tuple[Any, float, float]:
    """Put a file and do its job; the job, seconds until it was done, and how many of them it trained."""
    from core.jobs.worker import run_job
    from core.services.handlers import HANDLERS
    from core.services.retraining import champion_challenger
    from core.services.series.arrivals import submit_retraining
    from core.services.training import refit_stored
    from core.storage.container import container

    trained: list[float] = []
    retrain_as = refit_stored.retrain_as

    @wraps(retrain_as)
    def timed(*arguments: Any) -> Any:
        begun = time.perf_counter()
        try:
            return retrain_as(*arguments)
        finally:
            trained.append(time.perf_counter() - begun)

    body = table.to_csv(index=False).encode()
    key = f"incoming/{WORKSPACE}/{SERIES}/{name}"
    with patch.object(champion_challenger, "train_as", timed):
        begun = time.perf_counter()
        container().objects.put(key, body)
        job = submit_retraining(container(), key)
        assert job is not None
        done = run_job(home(), job.job_id, HANDLERS, seconds=3600)
        took = time.perf_counter() - begun
    # Objects are put in order of the second.
    time.sleep(1.0)
    return done, took, sum(trained)


def _cut(months: int, rows: int) -> list[pd.DataFrame]:
    """The diamonds as they would have been sold month by month, each sold once."""
    table = pd.read_csv(CSV)
    random = np.random.default_rng(0)
    large = (table["carat"] > table["carat"].median()).to_numpy()
    left = np.ones(len(table), bool)
    cut = []
    for month in range(months):
        times = LARGER ** (month / (months - 1))
        weights = np.where(large, times, 1.0) * left
        chosen = random.choice(len(table), rows, replace=False, p=weights / weights.sum())
        left[chosen] = False
        sold = table.iloc[chosen].reset_index(drop=True)
        cut.append(sold.assign(**{TARGET: (sold[TARGET] * (1 + INFLATION) ** month).round(2)}))
    return cut


if __name__ == "__main__":
    sys.exit(run("A series of monthly files", measure))
