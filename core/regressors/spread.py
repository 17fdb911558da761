"""How far the errors of a model spread, row by row: a small forest that is learned from out-of-fold residuals.

The bounds of a row are its prediction plus and minus a quantile of |residual| / spread, times the spread of the row:
Lei et al., "Distribution-Free Predictive Inference for Regression", JASA 113 (2018), section 5.2.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.tree import DecisionTreeRegressor

from core.array_types import Floats, Ints
from core.catalogue import SEED
from core.regressors.metrics import INTERVAL_LEVELS, error_of_more_rows
from core.regressors.splits import Split, evenly_spaced
from core.regressors.spread_calibration import SpreadFactor

# With fewer rows the spread of one row cannot be told from that of another.
FEWEST_ROWS = 100
# More rows, or rows times columns, take longer and tell little more.
MOST_ROWS, MOST_CELLS = 10_000, 300_000
TREES, FEWEST_TREES = 40, 10
ROWS_A_TREE, ROWS_A_LEAF, LEAVES = 1_000, 20, 32
# A split chooses among this share of the features, and among so many at the most.
FEATURE_SHARE, MOST_FEATURES = 0.5, 24
# The share of the folds that a tree does not learn from, and into how many parts a single fold is divided for it.
LEFT_OUT, PARTS = 0.4, 5
# The least spread is this multiple of the mean; both are square roots.
LEAST = 0.3
# The levels at which bounds of adaptive and of equal width are compared, and the least gain that counts.
LEVELS, LEAST_GAIN = (0.8, 0.9, 0.95), 0.01
# From so many rows on the holdout alone calibrates the spread.
CALIBRATING_ROWS = 1_000
# A model is taken to learn no more from more than this multiple of the rows of a fold.
MOST_GROWTH = 1.25
# What a training spends on it at the most, and of a time limit this share.
DEFAULT_SECONDS, TIME_SHARE = 2.0, 0.1
# The seconds that it takes, as measured on the tables of `bench/intervals.py`: for any table, and for each cell.
SECONDS, SECONDS_A_CELL = 0.15, 2e-6


@dataclass(frozen=True)
class OutOfFold:
    """What models predicted of rows that they had not learned from: by fold of `data` its test rows, float64 (n,)."""

    data: Split
    predicted: Mapping[int, Floats]

    @cached_property
    def rows(self) -> Ints:
        """Return the positions of the test rows among the train rows; where folds are repeated, so are rows."""
        return np.concatenate([self.data.folds[number].test for number in self._folds])

    @cached_property
    def fold_numbers(self) -> Ints:
        """Return the fold of each of the `rows`."""
        return np.concatenate([np.full(len(self.data.folds[number].test), number) for number in self._folds])

    @cached_property
    def predictions(self) -> Floats:
        """Return the prediction of each of the `rows`, float64."""
        return np.concatenate([self.predicted[number] for number in self._folds])

    @cached_property
    def residuals(self) -> Floats:
        """Return the residual of each of the `rows`, actual minus predicted, float64."""
        return np.asarray(self.data.train_y[self.rows] - self.predictions, np.float64)

    @property
    def learned_rows(self) -> float:
        """Return from how many rows a model of a fold learned, as the mean over the folds."""
        return float(np.mean([len(self.data.folds[number].train) for number in self._folds]))

    @property
    def _folds(self) -> list[int]:
        return [number for number in range(len(self.data.folds)) if number in self.predicted]


@dataclass(frozen=True)
class FinalModel:
    """The model whose intervals these are: `holdout` is what it predicted of the holdout of `data`, float64 (n,).

    The train rows of `data` are those that it was fitted on.
    """

    data: Split
    holdout: Floats


@dataclass(frozen=True)
class Spread:
    """A learned spread: the mean of trees over the prepared features and the prediction, at least `least`, squared.

    The trees learned the square roots of absolute residuals. The spread is multiplied by `factor`. `quantiles` are
    those of |residual| / spread at `core.regressors.metrics.INTERVAL_LEVELS`.
    """

    preprocessor: ColumnTransformer
    estimators_: Sequence[DecisionTreeRegressor]
    least: float
    factor: SpreadFactor = field(default_factory=SpreadFactor)
    quantiles: list[float] = field(default_factory=list)

    def predict(self, rows: pd.DataFrame, predicted: Floats) -> Floats:
        """Return the spread of raw rows with these predictions, (n,) float64, in units of the target."""
        matrix = _matrix(self.preprocessor.transform(rows), predicted)
        return self.of_matrix(matrix) * self.factor.predict(predicted)

    def of_matrix(self, matrix: NDArray[np.float32]) -> Floats:
        """Return the spread before the factor, given the features that trees compare."""
        return _squared(np.mean([tree.predict(matrix) for tree in self.estimators_], axis=0), self.least)


@dataclass(frozen=True)
class _Sample:
    """The rows that the spread is learned from, each once: positions, folds, predictions, absolute residuals.

    A row of several folds has their mean prediction and mean absolute residual, and the first fold. `place` is by
    out-of-fold prediction the position of its row here, or -1.
    """

    rows: Ints
    folds: Ints
    predicted: Floats
    errors: Floats
    place: Ints

    @classmethod
    def of(cls, out_of_fold: OutOfFold) -> "_Sample":
        """Return the sample, evenly spaced where there are more rows than it may have."""
        rows, first, place = np.unique(out_of_fold.rows, return_index=True, return_inverse=True)
        chosen = evenly_spaced(len(rows), _most_rows(len(out_of_fold.data.columns)))
        times = np.bincount(place)
        sampled = np.full(len(rows), -1)
        sampled[chosen] = np.arange(len(chosen))

        def mean(values: Floats) -> Floats:
            return (np.bincount(place, weights=values) / times)[chosen]

        folds = np.unique(out_of_fold.fold_numbers[first[chosen]], return_inverse=True)[1]
        if folds.max(initial=0) == 0 and out_of_fold.data.keys is None:
            # A short race may know one fold only; rows at random are their own groups.
            folds = np.arange(len(chosen)) % PARTS
        errors = np.abs(out_of_fold.residuals)
        return cls(rows[chosen], folds, mean(out_of_fold.predictions), mean(errors), sampled[place])


def expected_seconds(rows: int, columns: int) -> float:
    """Return how long it should take to learn a spread from so many rows and raw columns; for planning only."""
    return SECONDS + SECONDS_A_CELL * min(rows, _most_rows(columns)) * columns


def fit_spread(
    out_of_fold: OutOfFold, final: FinalModel, seconds: float, clock: Callable[[], float] = time.monotonic
) -> Spread | None:
    """Learn the spread within so many `seconds`; return None where bounds of equal width are as good.

    So they are for fewer than `FEWEST_ROWS` rows, and where errors are alike everywhere; and there is no other choice
    where there is no time for `FEWEST_TREES` trees. No residual is divided by a spread that was learned from its fold.

    It is calibrated on the holdout of the `final` model, or out of fold where that has few rows. Models of the folds
    learned from fewer rows, so their residuals are reduced by what the others are worth.
    """
    deadline = clock() + seconds
    sample = _Sample.of(out_of_fold)
    if len(sample.rows) < FEWEST_ROWS or np.ptp(sample.errors) == 0 or seconds <= 0:
        return None
    data, roots = out_of_fold.data, np.sqrt(sample.errors)
    preprocessor = clone(data.preprocessor)
    matrix = _matrix(preprocessor.fit_transform(data.train_x.iloc[sample.rows], roots), sample.predicted)
    # A feature, or a prediction, may be beyond float32.
    if not np.isfinite(matrix).all():
        return None
    trees, unseen = _fit_trees(matrix, roots, sample.folds, lambda: clock() < deadline)
    if len(trees) < FEWEST_TREES or np.isnan(unseen).any():
        return None
    least = LEAST * float(np.mean(roots))
    known = sample.place >= 0
    spreads = _squared(unseen, least)[sample.place[known]]
    residuals = out_of_fold.residuals[known]
    if not _improves(np.abs(residuals), spreads):
        return None
    spread = Spread(preprocessor, trees, least)
    # Models of the folds learned from fewer rows.
    growth = min(MOST_GROWTH, max(1.0, len(final.data.train_y) / out_of_fold.learned_rows))
    scores = np.abs(residuals) / spreads * error_of_more_rows(growth)
    if holdout := _holdout_scores(spread, final):
        return _calibrated(spread, *holdout, len(holdout[0]))
    return _calibrated(spread, out_of_fold.predictions[known], scores, len(sample.rows))


def _holdout_scores(spread: Spread, final: FinalModel) -> tuple[Floats, Floats] | None:
    """Return the predictions of the holdout and |residual| / spread by row; None for fewer than `CALIBRATING_ROWS`."""
    rows = evenly_spaced(len(final.holdout), _most_rows(len(final.data.columns)))
    if len(rows) < CALIBRATING_ROWS:
        return None
    predicted = final.holdout[rows]
    matrix = _matrix(spread.preprocessor.transform(final.data.test_x.iloc[rows]), predicted)
    known = np.isfinite(matrix).all(axis=1)
    if known.sum() < CALIBRATING_ROWS:
        return None
    errors = np.abs(final.data.test_y[rows] - predicted)[known]
    return predicted[known], errors / spread.of_matrix(matrix[known])


def _calibrated(spread: Spread, predicted: Floats, scores: Floats, rows: int) -> Spread:
    """Return the spread with its factor and quantiles, by |residual| / spread of so many different rows."""
    factor = SpreadFactor.of(predicted, scores, rows)
    quantiles = np.quantile(scores / factor.predict(predicted), INTERVAL_LEVELS)
    return replace(spread, factor=factor, quantiles=quantiles.tolist())


def _most_rows(columns: int) -> int:
    return min(MOST_ROWS, MOST_CELLS // max(1, columns))


def _matrix(features: Floats, predicted: Floats) -> NDArray[np.float32]:
    """Return the features that trees compare: the prepared ones and the prediction, (n, width + 1)."""
    with np.errstate(over="ignore"):
        return np.column_stack([features, predicted]).astype(np.float32)


def _squared(roots: Floats, least: float) -> Floats:
    """Return the spread by row, given its square root."""
    return np.square(np.maximum(roots, least))


def _fit_trees(
    matrix: NDArray[np.float32], roots: Floats, folds: Ints, is_time: Callable[[], bool]
) -> tuple[list[DecisionTreeRegressor], Floats]:
    """Return as many trees as there is time for, and by row the mean of those that learned nothing from its fold.

    Each tree leaves out some of the folds in turn. The mean of no tree is NaN.
    """
    random = np.random.default_rng(SEED)
    count = int(folds.max()) + 1
    left_out = max(1, int(LEFT_OUT * count))
    features = max(1, min(int(FEATURE_SHARE * matrix.shape[1]), MOST_FEATURES))
    trees: list[DecisionTreeRegressor] = []
    total, times = np.zeros(len(roots)), np.zeros(len(roots))
    while len(trees) < TREES and count > 1 and is_time():
        unseen = (folds - left_out * len(trees)) % count < left_out
        others = np.flatnonzero(~unseen)
        learned = random.choice(others, min(ROWS_A_TREE, len(others)))
        tree = DecisionTreeRegressor(
            min_samples_leaf=ROWS_A_LEAF, max_leaf_nodes=LEAVES, max_features=features, random_state=len(trees)
        )
        tree.fit(matrix[learned], roots[learned])
        total[unseen] += tree.predict(matrix[unseen])
        times[unseen] += 1
        trees.append(tree)
    with np.errstate(invalid="ignore"):
        return trees, total / times


def _improves(errors: Floats, spreads: Floats) -> bool:
    """Return whether bounds by `spreads` have a lower interval score than those of equal width, at `LEVELS` together.

    The score is the width plus a penalty for what is outside: Gneiting and Raftery, "Strictly Proper Scoring Rules,
    Prediction, and Estimation", JASA 102 (2007), section 6.2.
    """
    equal = np.ones_like(spreads)
    ratios = [_interval_score(errors, spreads, level) / _interval_score(errors, equal, level) for level in LEVELS]
    return bool(np.mean(ratios) < 1 - LEAST_GAIN)


def _interval_score(errors: Floats, spreads: Floats, level: float) -> float:
    half_widths = np.quantile(errors / spreads, level, method="higher") * spreads
    outside = np.maximum(errors - half_widths, 0)
    return float(np.mean(2 * half_widths + 2 / (1 - level) * outside))
