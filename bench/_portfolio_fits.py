"""Fit each configuration of the grid on folds of a table, and keep what it predicts and how long it takes."""

import time
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.stats import skew
from sklearn.model_selection import KFold

from bench._portfolio_grid import grid
from core.array_types import Floats
from core.automl.fold_fit import fit_fold
from core.automl.forecast import Forecast
from core.automl.portfolio import suits
from core.automl.trial import make_trial
from core.catalogue import SEED
from core.errors import RegattaError
from core.regressors.candidates import Candidate
from core.regressors.expected_time import matrix_width, width_for
from core.regressors.fold_cache import FoldCache
from core.regressors.limits import TrainingLimits
from core.regressors.splits import Fold, Split, subsample
from core.regressors.thread_limits import one_core_per_fit

# By the name of a size its train rows, on how many of the `DIVISION` folds configurations are fitted, and the longest
# that a fit may be expected to take, in seconds. Larger tables are reduced to these rows; one with fewer than `ENOUGH`
# of them is left out.
SIZES = {"small": 800, "medium": 4_000, "large": 16_000}
FOLDS = {"small": 5, "medium": 3, "large": 2}
SLOWEST = {"small": 2.0, "medium": 3.0, "large": 6.0}
DIVISION, ENOUGH = 5, 0.34
MODEL_BYTES = 100_000_000


@dataclass(frozen=True)
class Fits:
    """The c configurations `names` on one table of one size, each fitted on some folds of n test rows.

    `predicted` is (folds, c, n) and `actual` (folds, n), in units of the target; `seconds` (c,) are those of a fit and
    its predictions on the CPU, as the mean over the folds.
    """

    names: list[str]
    seconds: Floats
    predicted: Floats
    actual: Floats

    @property
    def errors(self) -> Floats:
        """Return predicted minus actual, (folds, c, n)."""
        return self.predicted - self.actual[:, np.newaxis]

    def only(self, wanted: Collection[str]) -> "Fits":
        """Return those of the wanted configurations."""
        kept = [place for place, name in enumerate(self.names) if name in wanted]
        names = [self.names[place] for place in kept]
        return Fits(names, self.seconds[kept], self.predicted[:, kept], self.actual)

    def with_fit(self, name: str, seconds: float, predicted: Floats) -> "Fits":
        """Return them with one configuration more, which predicted (folds, n)."""
        together = np.concatenate([self.predicted, predicted[:, np.newaxis]], axis=1)
        return Fits([*self.names, name], np.append(self.seconds, seconds), together, self.actual)

    def save(self, path: Path) -> None:
        """Write them to a file, which is whole or not there."""
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.npz")
        np.savez(part, names=self.names, seconds=self.seconds, predicted=self.predicted, actual=self.actual)
        part.replace(path)

    @classmethod
    def load(cls, path: Path) -> "Fits":
        """Return those of a file."""
        with np.load(path) as arrays:
            return cls(arrays["names"].tolist(), arrays["seconds"], arrays["predicted"], arrays["actual"])


def with_size(data: Split, size: str) -> Split | None:
    """Return the split with the train rows and the random folds of a size; None where it has too few rows."""
    wanted = SIZES[size]
    if len(data.train_y) < ENOUGH * wanted:
        return None
    # A multiple of the folds, so that these are of equal length.
    divided = with_rows(data, min(wanted, len(data.train_y)) // DIVISION * DIVISION, DIVISION)
    return replace(divided, folds=divided.folds[: FOLDS[size]])


def with_rows(data: Split, rows: int, folds: int) -> Split:
    """Return the split with so many of its train rows, and with so many random folds."""
    data = subsample(data, rows)
    divisions = KFold(folds, shuffle=True, random_state=SEED).split(np.arange(rows))
    return replace(data, folds=[Fold(learn, judge) for learn, judge in divisions])


def fit_grid(data: Split, size: str, path: Path) -> Fits:
    """Fit what the file of this table does not have yet, write it anew, and return what the grid has.

    A configuration is left out where its fit is expected to take too long, where it cannot be fitted, and where a race
    would not try its target transform.
    """
    fold_cache, actual = FoldCache(data), np.stack([data.train_y[fold.test] for fold in data.folds])
    nothing = Fits([], np.zeros(0), np.zeros((len(actual), 0, actual.shape[1])), actual)
    kept = Fits.load(path).only(grid()) if path.exists() else nothing
    # Fits of other rows, as of another version of the table, are worth nothing.
    fits = kept if np.array_equal(kept.actual, actual) else nothing
    skewness = float(skew(data.train_y))
    for name, preset in grid().items():
        if name not in fits.names and suits(preset.target, skewness):
            fitted = _fit(fold_cache, preset.candidate, SLOWEST[size])
            fits = fits.with_fit(name, *fitted) if fitted else fits
    fits.save(path)
    return fits


def _fit(fold_cache: FoldCache, candidate: Candidate, slowest: float) -> tuple[float, Floats] | None:
    """Return the mean seconds of a fit, and what is predicted, (folds, n); None where it takes too long, or fails.

    Seconds are those of this thread, so that other processes do not count, and without the preparation of a fold.
    """
    data, limits = fold_cache.data, TrainingLimits(threads=1, model_bytes=MODEL_BYTES)
    if candidate.expected_seconds(fold_cache.train_rows(0), width_for(candidate, data.columns)) > slowest:
        return None
    folds = range(len(data.folds))
    for number in folds:
        fold_cache.prepared(number, codes=candidate.takes_codes)
    trial, forecast = make_trial(fold_cache, candidate, limits), Forecast(matrix_width(data.columns))
    if trial.failure is not None:
        return None
    with one_core_per_fit():
        begun = time.thread_time()
        try:
            predicted = [fit_fold(fold_cache, trial, number, limits, forecast).predicted for number in folds]
        except (RegattaError, ValueError):
            return None
        return (time.thread_time() - begun) / len(folds), np.stack(predicted)
