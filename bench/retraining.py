"""Two years of monthly files in a series: the champion against a model never retrained, and one always promoted.

Two more series have D/M/Y dates that fit M/D/Y as well in some months.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd

from bench._bucket import bucket
from bench._dated_series import measure_dates
from bench._events import discard_logs
from bench._report import Figure, at_most, run
from tests.support.storage import home

CSV = Path(__file__).parent.parent / "tests" / "data" / "diamonds.csv"
WORKSPACE, SERIES, TARGET = "default", "diamonds", "price"

MONTHS, ROWS = 24, 600
QUICK_MONTHS = 10
RACE_SECONDS = 4
# Prices rise by this share a month. In the last month large stones are so many times as likely as in the first.
INFLATION, LARGER = 0.015, 3.0
# In this month the prices are in cents.
CORRUPTED, CENTS = 13, 100
QUICK_CORRUPTED = 6
# The target of each figure: ratio of errors, promotions of the corrupted month, seconds without those of the training.
ERROR_RATIO, CORRUPTED_PROMOTED, OVERHEAD = 1.0, 0.0, 2.0


def measure(quick: bool) -> Iterator[Figure]:
    """Yield every figure."""
    months = QUICK_MONTHS if quick else MONTHS
    corrupted = QUICK_CORRUPTED if quick else CORRUPTED
    with bucket(redis=True):
        discard_logs()
        # Without a queue this process carries out the jobs itself.
        del os.environ["REGATTA_JOBS_QUEUE_URL"]
        from core.storage.series_repository import SeriesSettings

        home().series.configure(SERIES, SeriesSettings(target_column=TARGET, time_limit=RACE_SECONDS))
        replay = _Replay(_monthly_tables(months, ROWS), corrupted)
        for month in range(1, months + 1):
            print(replay.run_month(month), flush=True)
        ours, never, always = (float(np.mean(replay.errors[side])) for side in ("ours", "never", "always"))
        yield at_most(
            "champion's error / never retrain", ours / never, ERROR_RATIO, f"{ours:.4f} / {never:.4f} of the mean price"
        )
        yield at_most("champion's error / always promote", ours / always, ERROR_RATIO, f"{ours:.4f} / {always:.4f}")
        promoted = float(replay.promoted[corrupted])
        yield at_most(
            "corrupted month promoted", promoted, CORRUPTED_PROMOTED, f"month {corrupted}: {replay.states[corrupted]}"
        )
        p95 = float(np.quantile(replay.overheads, 0.95))
        median = float(np.median(replay.overheads))
        yield at_most("object created to champion, without training, p95 s", p95, OVERHEAD, f"p50 {median:.2f} s")
        yield from measure_dates(lambda series, name, body: _drop(series, name, body)[0], quick)


class _Replay:
    """The errors of three models by month: the champion, the first version, and the model that always is promoted."""

    def __init__(self, months: list[pd.DataFrame], corrupted: int) -> None:
        self.months = months
        self.corrupted = corrupted
        self.errors: dict[str, list[float]] = {"ours": [], "never": [], "always": []}
        self.promoted: dict[int, bool] = {}
        self.states: dict[int, str] = {}
        self.overheads: list[float] = []
        self._files: list[str] = []
        self._always: Callable[[pd.DataFrame], Any] | None = None

    def run_month(self, number: int) -> str:
        """Predict the month before its file arrives, then let it arrive; return a line about both."""
        clean = self.months[number - 1]
        errors = self._predict(clean) if number > 1 else {}
        sent = clean.assign(**{TARGET: clean[TARGET] * CENTS}) if number == self.corrupted else clean
        job, took, training = _drop(SERIES, f"month {number:02}.csv", sent.to_csv(index=False).encode())
        self.overheads += [took - training] if number > 1 else []
        result = job.result or {"promoted": False, "state": "failed", "champion": "as before"}
        if job.error:
            print(f"month {number:2}  {job.error['detail']}", flush=True)
        self.promoted[number], self.states[number] = result["promoted"], result["state"]
        self._files.append(job.order["file_id"])
        self._refit_always()
        error_texts = "  ".join(f"{side} {error:.4f}" for side, error in errors.items())
        serves = f"version {result['champion']}{', promoted' if result['promoted'] else ''}"
        return f"month {number:2}  {error_texts:44}  {result['state']:8}  {serves:22}  {took:.1f} s"

    def _predict(self, clean: pd.DataFrame) -> dict[str, float]:
        """Return by model the root mean squared error as a share of the mean price, on uncorrupted rows."""
        from core.services.prediction.loaded_models import find_model
        from core.services.prediction.predict import predict_records

        actual = clean[TARGET].to_numpy(float)
        records = json.loads(clean.drop(columns=TARGET).to_json(orient="records"))
        assert self._always is not None
        predicted = {
            "ours": predict_records(find_model(home(), SERIES), records).values,
            "never": predict_records(find_model(home(), SERIES, 1), records).values,
            "always": self._always(clean),
        }
        errors = {side: float(np.sqrt(np.mean((actual - p) ** 2)) / actual.mean()) for side, p in predicted.items()}
        for side, error in errors.items():
            self.errors[side].append(error)
        return errors

    def _refit_always(self) -> None:
        """Fit the first version anew on the newest files, as a retraining does, and promote it without a comparison."""
        from core.services.training.join_files import open_joined
        from core.services.training.refit_stored import refit_as
        from core.storage.series_repository import SeriesSettings

        first = home().models.manifest(SERIES, 1)
        *earlier, newest = self._files[-SeriesSettings().window :]
        self._always = refit_as(first, open_joined(home(), newest, earlier, first)[1]).predict


def _drop(series: str, name: str, body: bytes) -> tuple[Any, float, float]:
    """Put a file into the series and run its job; return the job, its seconds, and those of the training among them."""
    from core.jobs.worker import GaveUpError, run_job
    from core.services.handlers import HANDLERS
    from core.services.retraining import champion_challenger
    from core.services.series.arrivals import submit_retraining
    from core.services.training import refit_stored
    from core.storage.container import container

    training_seconds: list[float] = []
    retrain_as = refit_stored.retrain_as

    @wraps(retrain_as)
    def timed(*arguments: Any) -> Any:
        begun = time.perf_counter()
        try:
            return retrain_as(*arguments)
        finally:
            training_seconds.append(time.perf_counter() - begun)

    key = f"incoming/{WORKSPACE}/{series}/{name}"
    with patch.object(champion_challenger, "retrain_as", timed):
        begun = time.perf_counter()
        container().objects.put(key, body)
        job = submit_retraining(container(), key)
        assert job is not None
        with suppress(GaveUpError):
            run_job(home(), job.job_id, HANDLERS, seconds=3600)
        took = time.perf_counter() - begun
    # The times of objects are in whole seconds, and arrivals are sorted by them.
    time.sleep(1.0)
    done = home().jobs.read(job.job_id, fresh=True)
    return done, took, sum(training_seconds)


def _monthly_tables(months: int, rows: int) -> list[pd.DataFrame]:
    """Draw the diamonds of each month, every one once, with prices and sizes that drift."""
    table = pd.read_csv(CSV)
    random = np.random.default_rng(0)
    large = (table["carat"] > table["carat"].median()).to_numpy()
    left = np.ones(len(table), bool)
    tables = []
    for month in range(months):
        times = LARGER ** (month / (months - 1))
        weights = np.where(large, times, 1.0) * left
        chosen = random.choice(len(table), rows, replace=False, p=weights / weights.sum())
        left[chosen] = False
        sold = table.iloc[chosen].reset_index(drop=True)
        tables.append(sold.assign(**{TARGET: (sold[TARGET] * (1 + INFLATION) ** month).round(2)}))
    return tables


if __name__ == "__main__":
    sys.exit(run("A series of monthly files", measure))
