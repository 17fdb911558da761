"""What a configuration reaches on a table: R2 and RMSE by fold and CPU seconds of a fit, as lines of a CSV file."""

import csv
import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from sklearn.model_selection import KFold

from core.automl.fold_fit import fit_fold
from core.automl.forecast import Forecast
from core.automl.portfolio import PORTFOLIO, Preset
from core.automl.trial import make_trial
from core.catalogue import SEED
from core.errors import RegattaError
from core.model_manifest import TargetTransformName
from core.regressors.expected_time import matrix_width, width_for
from core.regressors.fold_cache import FoldCache
from core.regressors.limits import TrainingLimits
from core.regressors.splits import Fold, Split, subsample
from core.regressors.thread_limits import one_core_per_fit

CSV = Path(__file__).parent / "portfolio_results.csv"
# By the name of a size its train rows. Larger tables are reduced to them; one with fewer than `ENOUGH` of them is left
# out.
SIZES = {"small": 400, "medium": 2_000, "large": 8_000}
ENOUGH = 0.6
FOLDS = 2
# A configuration whose fit is expected to take longer is left out.
MOST_SECONDS = 0.8
FIELDS = ("size", "table", "configuration", "rows", "seconds", "r2", "rmse")
MODEL_BYTES = 100_000_000


@dataclass(frozen=True)
class Measured:
    """One configuration on one table of one size: R2 and RMSE by fold, and the mean CPU seconds of fit and predict."""

    size: str
    table: str
    configuration: str
    rows: int
    seconds: float
    r2: tuple[float, ...]
    rmse: tuple[float, ...]


def _leafwise(trees: int, rate: float, leaves: int, rows_a_leaf: int, columns: float, *, extra: bool = False) -> Preset:
    shape = {"n_estimators": trees, "learning_rate": rate, "num_leaves": leaves, "min_child_samples": rows_a_leaf}
    return Preset(
        "lightgbm", {**shape, "colsample_bytree": columns, **({"extra_trees": True} if extra else {})}, (1, 1, 1)
    )


def _by_split(trees: int, rate: float, leaves: int, rows_a_leaf: int, columns: float) -> Preset:
    shape = {"n_estimators": trees, "learning_rate": rate, "num_leaves": leaves, "min_child_samples": rows_a_leaf}
    return Preset("lightgbm", {**shape, "colsample_bytree": 1.0, "feature_fraction_bynode": columns}, (1, 1, 1))


def _binned(trees: int, rate: float, leaves: int, rows_a_leaf: int, features: float) -> Preset:
    shape = {"max_iter": trees, "learning_rate": rate, "max_leaf_nodes": leaves, "min_samples_leaf": rows_a_leaf}
    return Preset("hist_gradient_boosting", {**shape, "max_features": features}, (1, 1, 1), codes=True)


def grid() -> dict[str, Preset]:
    """Return the configurations to measure by name: those of today's portfolio, and others."""
    boosted = [
        _leafwise(150, 0.1, 15, 10, 0.5),
        _leafwise(300, 0.05, 15, 3, 0.5),
        _leafwise(400, 0.05, 31, 20, 1.0),
        _leafwise(500, 0.03, 31, 5, 0.8),
        _leafwise(400, 0.05, 31, 5, 0.5, extra=True),
        _leafwise(800, 0.05, 31, 3, 0.8, extra=True),
        _leafwise(500, 0.05, 4, 5, 0.5),
        _leafwise(1000, 0.02, 31, 20, 0.3),
        _binned(300, 0.05, 15, 10, 0.5),
        _binned(300, 0.05, 31, 20, 1.0),
    ]
    by_split = [
        _by_split(400, 0.05, 31, 10, 0.5),
        _by_split(400, 0.05, 31, 10, 0.3),
        _by_split(500, 0.05, 7, 3, 0.4),
        _by_split(800, 0.03, 15, 5, 0.3),
        _by_split(1200, 0.03, 15, 3, 0.4),
    ]
    # Configurations that the portfolio had before.
    former = [_leafwise(800, 0.03, 15, 5, 0.3)]
    targets: list[tuple[Preset, TargetTransformName]] = [
        (boosted[1], "trend"),
        (boosted[1], "yeo_johnson"),
        (boosted[3], "log"),
        (by_split[3], "trend"),
        (Preset("svr", {"C": 10.0, "gamma": 0.1, "max_iter": 40_000}, (1, 1, 1)), "log"),
        (Preset("ridge", {"alpha": 1.0}, (1, 1, 1)), "log"),
    ]
    others = [
        Preset("knn", {"n_neighbors": 10, "weights": "distance", "p": 1}, (1, 1, 1)),
        Preset("svr", {"C": 3.0, "gamma": 0.03, "max_iter": 40_000}, (1, 1, 1)),
        Preset("svr", {"C": 30.0, "gamma": 0.01, "max_iter": 40_000}, (1, 1, 1)),
        Preset("extra_trees", {"n_estimators": 100, "max_features": 1.0, "min_samples_leaf": 1}, (1, 1, 1)),
        Preset("extra_trees", {"n_estimators": 100, "max_features": 0.4, "min_samples_leaf": 1}, (1, 1, 1)),
    ]
    everything = [
        *PORTFOLIO,
        *boosted,
        *by_split,
        *former,
        *(replace(preset, target=name) for preset, name in targets),
        *others,
    ]
    return {name_of(preset): preset for preset in everything}


def name_of(preset: Preset) -> str:
    """Return the name of a configuration: its regressor, its target, and its parameters as JSON."""
    codes = "codes " if preset.codes else ""
    return f"{preset.model_type} {preset.target} {codes}{json.dumps(preset.params, separators=(',', ':'))}"


def with_size(data: Split, size: str) -> Split | None:
    """Return the split with the train rows of a size and `FOLDS` random folds; None where it has too few rows."""
    wanted = SIZES[size]
    if len(data.train_y) < ENOUGH * wanted:
        return None
    data = subsample(data, min(wanted, len(data.train_y)))
    divisions = KFold(FOLDS, shuffle=True, random_state=SEED).split(np.arange(len(data.train_y)))
    return replace(data, folds=[Fold(learn, judge) for learn, judge in divisions])


def measure_table(size: str, table: str, data: Split, done: Sequence[str], to: Path) -> int:
    """Measure every configuration of the grid that is not `done` on a split, and append each to a CSV file.

    Return how many were measured. Seconds are those of this thread on the CPU, so that other processes do not count.
    """
    fold_cache, limits = FoldCache(data), TrainingLimits(threads=1, model_bytes=MODEL_BYTES)
    columns, count = matrix_width(data.columns), 0
    for name, preset in grid().items():
        candidate = preset.candidate
        width = width_for(candidate, data.columns)
        if name in done or candidate.expected_seconds(fold_cache.train_rows(0), width) > MOST_SECONDS:
            continue
        fit = partial(fit_fold, fold_cache, make_trial(fold_cache, candidate, limits), forecast=Forecast(columns))
        fold_cache.prepared(0, codes=candidate.takes_codes)
        fold_cache.prepared(1, codes=candidate.takes_codes)
        with one_core_per_fit():
            begun = time.thread_time()
            try:
                results = [fit(fold_number=number, limits=limits) for number in range(FOLDS)]
            except (RegattaError, ValueError):
                continue
            seconds = (time.thread_time() - begun) / FOLDS
        scores = [result.score or 0.0 for result in results]
        errors = [
            float(np.sqrt(np.mean(np.square(data.train_y[fold.test] - result.predicted))))
            for fold, result in zip(data.folds, results, strict=True)
        ]
        append(to, Measured(size, table, name, len(data.train_y), seconds, tuple(scores), tuple(errors)))
        count += 1
    return count


def append(to: Path, result: Measured) -> None:
    """Append one result to the CSV file."""
    with to.open("a", newline="") as file:
        cells = [result.size, result.table, result.configuration, result.rows, f"{result.seconds:.4f}"]
        by_fold = [" ".join(f"{value:.5g}" for value in values) for values in (result.r2, result.rmse)]
        csv.writer(file, lineterminator="\n").writerow([*cells, *by_fold])


def begin(to: Path) -> None:
    """Make the CSV file with its header, unless it is there."""
    if not to.exists():
        to.write_text(",".join(FIELDS) + "\n")


def read(path: Path) -> list[Measured]:
    """Return the results of a CSV file."""
    with path.open(newline="") as file:
        return [_measured(line) for line in csv.DictReader(file)]


def write(to: Path, results: Iterable[Measured]) -> None:
    """Write the CSV file anew, in the order of size, table and configuration."""
    to.unlink(missing_ok=True)
    begin(to)
    for result in sorted(results, key=lambda each: (list(SIZES).index(each.size), each.table, each.configuration)):
        append(to, result)


def _measured(line: dict[str, str]) -> Measured:
    r2, rmse = (tuple(map(float, line[name].split())) for name in ("r2", "rmse"))
    return Measured(
        line["size"], line["table"], line["configuration"], int(line["rows"]), float(line["seconds"]), r2, rmse
    )
