"""How far the errors of a model spread, row by row: a small forest that is learned from residuals of unseen rows.

The bounds of a row are its prediction plus and minus a quantile of |residual| / spread, times the spread of the row:
Lei et al., "Distribution-Free Predictive Inference for Regression", JASA 113 (2018), section 5.2.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.tree import DecisionTreeRegressor

from core.array_types import Floats, Ints
from core.catalogue import SEED
from core.regressors.metrics import conformal_levels
from core.regressors.splits import evenly_spaced
from core.regressors.spread_calibration import SpreadFactor
from core.regressors.unseen_rows import CALIBRATING_ROWS, FinalModel, OutOfFold, UnseenRows

# With fewer rows the spread of one row cannot be told from that of another.
FEWEST_ROWS = 60
# More rows, or rows times columns, take longer and tell little more.
MOST_ROWS, MOST_CELLS = 10_000, 300_000
TREES, FEWEST_TREES = 40, 10
ROWS_A_TREE, ROWS_A_LEAF, LEAVES = 1_000, 20, 32
# A split chooses among this share of the features, and among so many at the most.
FEATURE_SHARE, MOST_FEATURES = 0.5, 24
# The share of the groups of rows that a tree does not learn from.
LEFT_OUT = 0.4
# The least spread is this multiple of the mean; both are square roots.
LEAST = 0.3
# The levels at which bounds of adaptive and of equal width are compared.
LEVELS = (0.8, 0.9, 0.95)
# Adaptive ones may have so much higher a score: a row is judged by the trees that learned nothing from its group, and
# the spread of a new row is that of all.
HIGHEST_SCORE = 1.01
# What a training spends on it at the most, and of a time limit this share.
DEFAULT_SECONDS, TIME_SHARE = 2.0, 0.1
# The seconds that it takes, as measured on the tables of `bench/intervals.py`: for any table, and for each cell.
SECONDS, SECONDS_A_CELL = 0.15, 2e-6


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
        return _squared(np.mean([_predict_tree(tree, matrix) for tree in self.estimators_], axis=0), self.least)


def expected_seconds(rows: int, columns: int) -> float:
    """Return how long it should take to learn a spread from so many rows and raw columns; for planning only."""
    return SECONDS + SECONDS_A_CELL * min(rows, _most_rows(columns)) * columns


def fit_spread(
    out_of_fold: OutOfFold, final: FinalModel, seconds: float, clock: Callable[[], float] = time.monotonic
) -> Spread | None:
    """Learn the spread within so many `seconds`; return None where bounds of equal width are as good.

    So they are for fewer than `FEWEST_ROWS` rows, and where errors are alike everywhere; and there is no other choice
    where there is no time for `FEWEST_TREES` trees. No residual is divided by a spread that was learned from its group.

    It is learned out of fold and calibrated on the holdout of the `final` model; where that has few rows, both rest on
    all unseen rows. Where another model stands in on further folds, the spread and its factor are learned from those
    rows too, and the quantiles are of the model's own residuals.
    """
    deadline = clock() + seconds
    unseen = UnseenRows.of(out_of_fold, final, _most_rows(len(out_of_fold.data.columns)))
    if len(unseen.errors) < FEWEST_ROWS or np.ptp(unseen.errors) == 0 or seconds <= 0:
        return None
    roots, preprocessor = np.sqrt(unseen.errors), clone(out_of_fold.data.preprocessor)
    matrix = _matrix(preprocessor.fit_transform(unseen.frame, roots), unseen.predicted)
    # A feature, or a prediction, may be beyond float32.
    if not np.isfinite(matrix).all():
        return None
    trees, others = _fit_trees(matrix, roots, unseen.groups, lambda: clock() < deadline)
    if len(trees) < FEWEST_TREES or np.isnan(others).any():
        return None
    least, residuals = LEAST * float(np.mean(roots)), unseen.residuals
    known = unseen.place >= 0
    spreads = _squared(others, least)[unseen.place[known]]
    if not _improves(residuals.values[known], spreads):
        return None
    rows, spread = len(final.data.train_y), Spread(preprocessor, trees, least)
    if holdout := _holdout_scores(spread, final):
        held_out = np.arange(len(holdout[0]))
        return _calibrated(spread, *holdout, held_out, len(held_out), rows)
    scores = residuals.values[known] / spreads
    return _calibrated(spread, residuals.predictions[known], scores, unseen.place[known], unseen.own, rows)


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


def _calibrated(spread: Spread, predicted: Floats, scores: Floats, place: Ints, own: int, rows: int) -> Spread:
    """Return the spread with its factor, by |residual| / spread, and its quantiles, by those of the model's own rows.

    `place` numbers the different rows of the scores, and the first `own` rows are the model's. `rows` is as for
    `conformal_levels`.
    """
    factor = SpreadFactor.of(predicted, scores, int(place.max()) + 1)
    known = (scores / factor.predict(predicted))[place < own]
    return replace(spread, factor=factor, quantiles=np.quantile(known, conformal_levels(own, rows)).tolist())


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
    matrix: NDArray[np.float32], roots: Floats, groups: Ints, is_time: Callable[[], bool]
) -> tuple[list[DecisionTreeRegressor], Floats]:
    """Return as many trees as there is time for, and by row the mean of those that learned nothing from its group.

    Each tree leaves out some of the groups in turn. The mean of no tree is NaN.
    """
    random = np.random.default_rng(SEED)
    count = int(groups.max()) + 1
    left_out = max(1, int(LEFT_OUT * count))
    features = max(1, min(int(FEATURE_SHARE * matrix.shape[1]), MOST_FEATURES))
    trees: list[DecisionTreeRegressor] = []
    total, times = np.zeros(len(roots)), np.zeros(len(roots))
    while len(trees) < TREES and count > 1 and is_time():
        unseen = (groups - left_out * len(trees)) % count < left_out
        others = np.flatnonzero(~unseen)
        learned = random.choice(others, min(ROWS_A_TREE, len(others)))
        tree = DecisionTreeRegressor(
            min_samples_leaf=ROWS_A_LEAF, max_leaf_nodes=LEAVES, max_features=features, random_state=len(trees)
        )
        # On few rows scikit-learn takes longer to check its arguments than to fit, and these are checked already.
        with config_context(skip_parameter_validation=True):
            tree.fit(matrix[learned], roots[learned], check_input=False)
        total[unseen] += _predict_tree(tree, matrix[unseen])
        times[unseen] += 1
        trees.append(tree)
    with np.errstate(invalid="ignore"):
        return trees, total / times


def _predict_tree(tree: DecisionTreeRegressor, matrix: NDArray[np.float32]) -> Floats:
    """Return the predictions of a fitted tree, (n,) float64, without a look at the matrix before."""
    predicted: Floats = tree.tree_.predict(matrix)[:, 0]
    return predicted


def _improves(errors: Floats, spreads: Floats) -> bool:
    """Return whether the interval score of bounds by `spreads` is below that of equal width, at `LEVELS` together.

    The score is the width plus a penalty for what is outside: Gneiting and Raftery, "Strictly Proper Scoring Rules,
    Prediction, and Estimation", JASA 102 (2007), section 6.2.
    """
    equal = np.ones_like(spreads)
    ratios = [_interval_score(errors, spreads, level) / _interval_score(errors, equal, level) for level in LEVELS]
    return bool(np.mean(ratios) < HIGHEST_SCORE)


def _interval_score(errors: Floats, spreads: Floats, level: float) -> float:
    half_widths = np.quantile(errors / spreads, level, method="higher") * spreads
    outside = np.maximum(errors - half_widths, 0)
    return float(np.mean(2 * half_widths + 2 / (1 - level) * outside))
