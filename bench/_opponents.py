"""The strongest AutoML systems, each in a process of the environment that they share: run by `bench.quality`.

Called as `python _opponents.py SYSTEM TRAIN.csv TEST.csv TARGET SECONDS CORES`; the last line printed is a JSON
document. It imports nothing of Regatta: none of that is installed there.
"""

import json
import pickle
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

TIMED_RUNS = 15

Predict = Callable[[Any], Any]


def autogluon(train: Any, target: str, seconds: float, cores: int, folder: Path) -> Predict:
    """AutoGluon with its strongest preset."""
    from autogluon.tabular import TabularPredictor

    predictor = TabularPredictor(label=target, problem_type="regression", eval_metric="r2", path=folder, verbosity=0)
    predictor.fit(train, presets="best_quality", time_limit=seconds, num_cpus=cores, num_gpus=0)
    predictor.persist()
    predict: Predict = predictor.predict
    return predict


def flaml(train: Any, target: str, seconds: float, cores: int, folder: Path) -> Predict:
    """FLAML as its documentation begins."""
    from flaml import AutoML

    automl = AutoML()
    automl.fit(
        train.drop(columns=target),
        train[target],
        task="regression",
        metric="r2",
        time_budget=seconds,
        n_jobs=cores,
        seed=0,
        verbose=0,
    )
    folder.mkdir()
    (folder / "model.pkl").write_bytes(pickle.dumps(automl.model))
    predict: Predict = automl.predict
    return predict


SYSTEMS = {"autogluon": (autogluon, "autogluon.tabular"), "flaml": (flaml, "FLAML")}


def main(system: str, train_csv: str, test_csv: str, target: str, seconds: str, cores: str) -> None:
    """Fit one system, judge it on the test rows and time it on one of them."""
    import pandas as pd
    from sklearn.metrics import r2_score

    fit, package = SYSTEMS[system]
    train, test = pd.read_csv(train_csv), pd.read_csv(test_csv)
    rows = test.drop(columns=target)
    with TemporaryDirectory(prefix="regatta-opponent-") as folder:
        begun = time.perf_counter()
        predict = fit(train, target, float(seconds), int(cores), Path(folder) / "model")
        taken = time.perf_counter() - begun
        score = r2_score(test[target], predict(rows))
        latencies = []
        for _ in range(TIMED_RUNS):
            begun = time.perf_counter()
            predict(rows.iloc[:1])
            latencies.append(time.perf_counter() - begun)
        size = sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())
    found = {"r2": float(score), "seconds": taken, "latency_us": 1e6 * median(latencies), "size_bytes": size}
    print(json.dumps({**found, "version": version(package)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
