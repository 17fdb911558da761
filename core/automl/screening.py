"""Decide how many rows and folds a portfolio search uses."""

import time
from dataclasses import replace

import numpy as np
from sklearn.model_selection import KFold

from core.automl.forecast import Forecast
from core.automl.portfolio import yardstick
from core.catalogue import SEED
from core.catalogue_entry import REFERENCE_COLUMNS
from core.regressors.expected_time import coded_width, matrix_width
from core.regressors.fold_cache import FoldCache
from core.regressors.limits import TrainingLimits
from core.regressors.splits import Fold, Split, evenly_spaced, subsample
from core.regressors.thread_limits import one_core_per_fit, openmp_limited

# Below the first number of rows five folds leave too few train rows; below the second one division is a matter of luck.
FINE_ROWS, REPEATED_ROWS = 3_000, 500
FINE_FOLDS, COARSE_FOLDS, REPEATS = 8, 5, 3
# From so many rows on a fold has thousands of test rows: three of the five are as informative and leave time for more
# candidates.
MANY_ROWS, JUDGING_FOLDS = 10_000, 3
# Rows for each second of the time limit on which one fit of a boosted tree takes about a tenth of it, on a table of
# usual width.
ROWS_A_SECOND = 4_500
FEWEST_ROWS = 5_000
# The holdout only reports, so more rows would only cost time.
HOLDOUT_ROWS = 20_000
# The rows by which the pace of the machine is measured, and how many fits: the first one in a process loads a library.
PACE_ROWS, PACE_FITS = 2_000, 3


def measure_pace(data: Split, limits: TrainingLimits) -> tuple[Forecast, float]:
    """Fit a few trees of a boosted tree; return the forecast that recorded it, and the pace of the machine.

    The pace is the time they took as a multiple of the time on the catalogue's machine; never below 1.
    """
    short = yardstick()
    few = subsample(data, min(len(data.train_y), PACE_ROWS))
    fold_cache = FoldCache(replace(few, test_x=few.test_x.iloc[:1], test_y=few.test_y[:1]), kept=False)
    prepared = fold_cache.prepared(fold_cache.holdout_fold, codes=short.takes_codes)
    rows, forecast = len(prepared.train_y), Forecast(matrix_width(data.columns), coded_width(data.columns))
    estimator, _ = short.make_estimator(rows, limits, data.columns, prepared.train_y)
    seconds = []
    with one_core_per_fit(), openmp_limited():
        for _ in range(PACE_FITS):
            begun = time.perf_counter()
            estimator.fit(prepared.train_x, prepared.train_y)
            seconds.append(time.perf_counter() - begun)
    return forecast, max(1.0, forecast.learn(short, rows, min(seconds)))


def rows_to_compare(rows: int, columns: int, seconds: float, pace: float) -> int:
    """Return how many of `rows` rows the candidates are compared on, so that there is time for several of them."""
    width = min(1.0, REFERENCE_COLUMNS / columns)
    return min(rows, max(FEWEST_ROWS, int(ROWS_A_SECOND * width * seconds / pace)))


def subsample_split(data: Split, rows: int, holdout_rows: int = HOLDOUT_ROWS) -> Split:
    """Return the split with at most `rows` train rows and a holdout that takes no time, both evenly spaced."""
    chosen = evenly_spaced(len(data.test_y), holdout_rows)
    data = data if rows >= len(data.train_y) else subsample(data, rows)
    if len(chosen) == len(data.test_y):
        return data
    return replace(data, test_x=data.test_x.iloc[chosen], test_y=data.test_y[chosen])


def with_finer_folds(data: Split) -> tuple[Split, int]:
    """Return the split with the folds of a search, and how many of them make one division; the others repeat it.

    A small table gets more folds, which leaves more train rows, and a very small one three divisions of them,
    each shuffled by a seed of its own; a large one runs on some of the folds only. Folds by time or group stay as
    they are.
    """
    rows = len(data.train_y)
    if rows >= MANY_ROWS and data.validation.kind == "random":
        data = replace(data, folds=data.folds[:JUDGING_FOLDS])
    if rows >= FINE_ROWS or data.validation.kind != "random":
        return data, len(data.folds)
    repeats = REPEATS if rows < REPEATED_ROWS else 1
    count = FINE_FOLDS if rows >= 2 * FINE_FOLDS else COARSE_FOLDS
    folds = [
        Fold(learn, judge)
        for repeat in range(repeats)
        for learn, judge in KFold(count, shuffle=True, random_state=SEED + repeat).split(np.arange(rows))
    ]
    return replace(data, folds=folds), count
