"""Fits AutoGluon, FLAML or LightGBM, and measures it. `bench.quality` runs this where they are installed.

Called as `python _automl_process.py SYSTEM TRAIN.csv TEST.csv TARGET SECONDS CORES`; the last line printed is a JSON
object. It imports nothing of Regatta, which is not installed there.
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


def fit_autogluon(train: Any, target: str, seconds: float, cores: int, folder: Path) -> Predict:
    """Fit AutoGluon with its strongest preset; return its predictor."""
    from autogluon.tabular import TabularPredictor

    def fitted(path: Path, **options: Any) -> Any:
        kind = {"problem_type": "regression", "eval_metric": "r2", "verbosity": 0}
        predictor = TabularPredictor(label=target, path=path, **kind)
        return predictor.fit(train, presets="best_quality", time_limit=seconds, num_cpus=cores, num_gpus=0, **options)

    try:
        predictor = fitted(folder)
    except AssertionError:
        # Where its trial of stacking runs out of time, AutoGluon says that it is already fitted. It begins anew.
        predictor = fitted(folder.with_name("again"), dynamic_stacking=False)
    predictor.persist()
    predict: Predict = predictor.predict
    return predict


def fit_flaml(train: Any, target: str, seconds: float, cores: int, folder: Path) -> Predict:
    """Fit FLAML as the first example of its documentation does; return its predictor."""
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


def fit_lightgbm(train: Any, target: str, _seconds: float, cores: int, _folder: Path) -> Predict:
    """Fit LightGBM with its defaults and its own handling of categories; return its predictor."""
    import pandas as pd
    from lightgbm import LGBMRegressor

    features = train.drop(columns=target)
    levels = {name: features[name].dropna().unique() for name in features.select_dtypes(exclude=["number", "bool"])}

    def prepared(rows: Any) -> Any:
        coded = {name: pd.Categorical(rows[name], categories=known) for name, known in levels.items()}
        # LightGBM takes no column names with JSON's special characters.
        return rows.assign(**coded).set_axis([f"column_{place}" for place in range(rows.shape[1])], axis=1)

    model = LGBMRegressor(n_jobs=cores, random_state=0, verbosity=-1).fit(prepared(features), train[target])
    return lambda rows: model.predict(prepared(rows))


# By system the function that fits it, and the package that has its version.
SYSTEMS = {
    "autogluon": (fit_autogluon, "autogluon.tabular"),
    "flaml": (fit_flaml, "FLAML"),
    "lightgbm": (fit_lightgbm, "lightgbm"),
}


def main(system: str, train_csv: str, test_csv: str, target: str, seconds: str, cores: str) -> None:
    """Fit one system, test it on the test rows, time it on one of them, and print the results."""
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
    result = {"r2": float(score), "seconds": taken, "latency_us": 1e6 * median(latencies), "size_bytes": size}
    print(json.dumps({**result, "version": version(package)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
