"""No table makes a search print, use more cores than it may, or predict far outside of the target's range."""

import json
import logging
import os
import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.automl.ensemble_selection import make_ensemble
from core.automl.scheduler import run_trials
from core.automl.training import evaluate_trial
from core.automl.trial import make_trial
from core.catalogue import CATALOGUE, regressor
from core.compiler.compile import check_parity, compile_pipeline, raw_columns_of_frame
from core.inference.session import CompiledModel
from core.preprocessing.target_transforms import MARGIN
from core.progress import ignore_progress
from core.regressors.candidates import Candidate
from core.regressors.fold_cache import FoldCache
from core.regressors.importance import permutation_importance
from core.regressors.limits import TrainingLimits
from tests.support.tables import ROOT, read
from tests.support.training import LIMITS, quick, real_split, split_of

# A linear model, a kernel, neighbours, trees and boosting.
KINDS = ("ridge", "svr", "knn", "random_forest", "hist_gradient_boosting")


def nasty_tables() -> dict[str, dict[str, Any]]:
    """By name the columns of a table that warnings are about; the target is `y`."""
    random = np.random.default_rng(6)
    x = random.normal(size=120)
    return {
        "collinear": {"a": x, "b": 2 * x, "c": x + 1e-9 * random.normal(size=120), "y": x + random.normal(size=120)},
        "constant": {"a": np.full(120, 7.0), "b": np.repeat([0, 1], [119, 1]), "c": x, "y": x},
        "huge": {"a": x * 1e12, "b": x * 1e-12, "c": 1e9 + x, "y": 1e10 * np.exp(4 * x)},
        "wide": {**{f"x{i}": random.normal(size=30) for i in range(60)}, "y": random.normal(size=30)},
        "zeros": {"a": x, "b": random.permutation(x), "y": np.where(random.random(120) < 0.9, 0.0, 1e6)},
    }


def run(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, **environment},
    )


@pytest.mark.usefixtures("two_folds")
@pytest.mark.parametrize("name", nasty_tables())
def test_nothing_that_a_race_meets_makes_it_print(
    name: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    data = split_of(read(pd.DataFrame(nasty_tables()[name]).to_csv(index=False)), "y")
    limits = TrainingLimits(threads=2, model_bytes=64 << 20)
    candidates = [Candidate(r, quick(r.name)) for r in CATALOGUE.values()]
    # A transform sees the target alone, and these two have the odd ones.
    if name in ("huge", "zeros"):
        candidates += [Candidate(CATALOGUE[r], quick(r), kind) for r in KINDS for kind in ("yeo_johnson", "trend")]
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        fold_cache = FoldCache(data)
        trials = [make_trial(fold_cache, candidate, limits) for candidate in candidates]
        trials = run_trials(fold_cache, trials, fold_cache.fold_numbers, limits, ignore_progress)
        assert len(trials) == len(candidates)
        for trial in trials:
            assert trial.failure is None, (trial.label, trial.failure)
            done = evaluate_trial(fold_cache, trial)
            model = CompiledModel(*compile_pipeline(done.pipeline, data.columns))
            check_parity(done.pipeline, model, data.train_x)
            permutation_importance(model.run, raw_columns_of_frame(data.test_x, model.features), data.test_y)
    assert [str(warning.message) for warning in warned] == []
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
    # Libraries that are not written in Python print past all of these.
    assert capfd.readouterr() == ("", "")


WORKING = """
import json, threading, time
from pathlib import Path
from core.automl.scheduler import run_trials
from core.automl.trial import make_trial
from core.regressors.limits import TrainingLimits
from core.regressors.candidates import Candidate
from core.catalogue import CATALOGUE, regressor
from core.automl.training import evaluate_trial
from core.regressors.fold_cache import FoldCache
from core.progress import ignore_progress
from tests.support.training import real_split

used = {}
ended = threading.Event()

def watch():
    while not ended.is_set():
        for task in Path("/proc/self/task").iterdir():
            try:
                fields = (task / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            # Ticks in user and in system mode.
            used[task.name] = int(fields[11]) + int(fields[12])
        time.sleep(0.005)

fold_cache = FoldCache(real_split("concrete"))
names = ("hist_gradient_boosting", "ridge", "linear_regression", "knn", "svr", "random_forest")
watcher = threading.Thread(target=watch)
watcher.start()
limits = TrainingLimits(threads=2, model_bytes=64 << 20)
trials = [make_trial(fold_cache, Candidate(regressor(name)), limits) for name in names]
trials = run_trials(fold_cache, trials, fold_cache.fold_numbers, limits, ignore_progress)
ended.set()
watcher.join()
assert all(trial.failure is None for trial in trials)
beside = {str(watcher.native_id), str(threading.main_thread().native_id)}
print(json.dumps(sorted(ticks for task, ticks in used.items() if task not in beside)))
"""


def test_a_race_on_two_threads_keeps_two_threads_busy_and_no_more() -> None:
    # Told by the environment to take four threads, OpenMP and BLAS would keep eight busy.
    done = run(WORKING, OMP_NUM_THREADS="4", OPENBLAS_NUM_THREADS="4", OMP_WAIT_POLICY="active")
    assert done.returncode == 0, done.stderr
    ticks = json.loads(done.stdout)
    assert min(ticks[-2:]) > 10
    # The main thread and the pools that wait take some; without our limits they took most.
    assert sum(ticks[:-2]) <= 0.2 * sum(ticks)


@pytest.mark.parametrize("kind", ["log", "yeo_johnson", "trend"])
@pytest.mark.parametrize("scale", [1e3, 1e9, -1e9])
def test_a_blend_on_a_transformed_target_ends_a_quarter_of_its_range_beyond_it_in_the_graph_too(
    kind: str, scale: float
) -> None:
    data = real_split("concrete", 200)
    fold_cache = FoldCache(data)
    names = ("ridge", "linear_regression", "svr")
    trials = [make_trial(fold_cache, Candidate(regressor(name), target_transform=kind), LIMITS) for name in names]
    trials = run_trials(fold_cache, trials, fold_cache.fold_numbers, LIMITS, ignore_progress)
    estimator = make_ensemble([(trial.label, trial.fitted) for trial in trials], [0.5, 0.3, 0.2])
    model = CompiledModel(*compile_pipeline(estimator, data.columns))
    far = data.train_x * scale
    predicted = model.run(raw_columns_of_frame(far, model.features))
    low, high = data.train_y.min(), data.train_y.max()
    room = MARGIN * (high - low)
    assert low - room - 1e-9 <= predicted.min()
    assert predicted.max() <= high + room + 1e-9
    assert check_parity(estimator, model, far) <= 1e-9
