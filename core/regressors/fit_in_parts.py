"""Fit an estimator on a matrix that comes in parts, because there is no memory for all of its rows together.

LightGBM keeps one byte of each number, which says in which bin it is (`lightgbm.Sequence`). Of linear models with a
squared error a triangle is enough, which is as wide as the matrix.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from math import sqrt
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import ElasticNet, LinearRegression, Ridge

from core.array_types import Floats

# The part of the work that is done when all rows were read, where trees are fitted then.
READING_SHARE = 0.3
# The seed by which LightGBM draws the rows that its bins are chosen by, among the parameters of a model's text.
DATA_SEED = re.compile(r"^\[data_random_seed: (\d+)\]$", re.MULTILINE)

# Called with the share of the work that is done, 0 to 1; may raise to end it.
OnStep = Callable[[float], None]


class MatrixParts:
    """A matrix of float64 in parts that follow each other; the latest one stays in memory."""

    def __init__(self, lengths: Sequence[int], read: Callable[[], Iterator[Floats]]) -> None:
        """Take the number of rows of each part, and what reads all parts from the first one on."""
        self.lengths = lengths
        self._read = read
        self._parts: Iterator[Floats] = iter(())
        # The number of the latest part, and that part.
        self._latest: tuple[int, Floats] = (len(lengths), np.empty((0, 0)))

    def __getitem__(self, number: int) -> Floats:
        """Return a part; those before the latest one are read again from the first one on."""
        if number < self._latest[0]:
            self._parts = self._read()
            self._latest = (-1, self._latest[1])
        while self._latest[0] < number:
            self._latest = (self._latest[0] + 1, next(self._parts))
        return self._latest[1]


def fit_in_parts(
    estimator: Any, parts: MatrixParts, y: Floats, some: tuple[Floats, Floats], on_step: OnStep = lambda _: None
) -> Any:
    """Return a copy of the estimator, fitted on all rows of `parts` and their target `y`, (n,) float64.

    It is one of a catalogue entry with `in_parts`, or that on a transformed target. `some` are a few thousand of the
    rows and their target, by which the estimator checks its parameters. Raises what `fit` and `on_step` raise.
    """
    if isinstance(estimator, TransformedTargetRegressor):
        # Fitted without the transform, which some rows may not allow.
        fitted = clone(estimator).set_params(transformer=None).fit(*some)
        fitted.set_params(transformer=estimator.transformer)
        fitted.transformer_ = clone(estimator.transformer).fit(y[:, np.newaxis])
        transformed = fitted.transformer_.transform(y[:, np.newaxis])[:, 0]
        few = some[0], fitted.transformer_.transform(some[1][:, np.newaxis])[:, 0]
        fitted.regressor_ = fit_in_parts(estimator.regressor, parts, transformed, few, on_step)
        return fitted
    if isinstance(estimator, LinearRegression | Ridge | ElasticNet):
        return _fit_linear(estimator, parts, y, on_step)
    return _fit_trees(estimator, parts, y, some, on_step)


def _fit_linear(estimator: Any, parts: MatrixParts, y: Floats, on_step: OnStep) -> Any:
    """Fit a linear model to the triangle R of A = QR, where A is the matrix with the target as its last column.

    |Aw| = |Rw| for every w, so R has the same squared errors as all rows, and the digits that X'X would lose. R of a
    part below the R of those before it is that of both: Demmel, Grigori, Hoemmen and Langou, "Communication-optimal
    parallel and sequential QR and LU factorizations" (2012), section 2. With a first column of ones, the rows of R but
    for the first are those of the centred matrix.
    """
    ones = int(estimator.fit_intercept)
    offset = float(y.mean()) if ones else 0.0
    triangle, row = np.empty((0, ones + parts[0].shape[1] + 1)), 0
    for number, length in enumerate(parts.lengths):
        part = parts[number]
        block = np.column_stack([np.ones((length, ones)), part, y[row : row + length] - offset])
        triangle = np.asarray(np.linalg.qr(np.vstack([triangle, block]), mode="r"))
        row += length
        on_step(row / len(y))
    rest = triangle[ones:, ones:]
    if isinstance(estimator, ElasticNet):
        # Its squared errors are divided by the number of rows.
        rest = rest * sqrt(len(rest) / len(y))
    fitted = clone(estimator).set_params(fit_intercept=False).fit(rest[:, :-1], rest[:, -1])
    if ones:
        means = triangle[0, 1:] / triangle[0, 0]
        fitted.intercept_ = float(means[-1] + offset - means[:-1] @ fitted.coef_)
    return fitted.set_params(fit_intercept=estimator.fit_intercept)


def _fit_trees(estimator: Any, parts: MatrixParts, y: Floats, some: tuple[Floats, Floats], on_step: OnStep) -> Any:
    """Fit LightGBM's trees to a dataset of bins. A row for the bins is drawn as from a matrix: so the trees are too."""
    import lightgbm

    class Part(lightgbm.Sequence):
        """One of the parts, as LightGBM asks for it: single rows, which it draws for the bins, then all."""

        def __init__(self, number: int) -> None:
            self.batch_size = parts.lengths[number]
            self._number = number

        def __len__(self) -> int:
            return parts.lengths[self._number]

        def __getitem__(self, rows: Any) -> Floats:
            if isinstance(rows, slice):
                on_step(READING_SHARE * (self._number + 1) / len(parts.lengths))
            return np.asarray(parts[self._number][rows])

    def report(environment: Any) -> None:
        on_step(READING_SHARE + (1 - READING_SHARE) * (environment.iteration + 1) / environment.end_iteration)

    fitted = clone(estimator).set_params(n_estimators=1).fit(*some)
    # From sequences rows are drawn by a seed of their own, which LightGBM otherwise derives from that of the estimator.
    drawn_by = DATA_SEED.search(fitted.booster_.model_to_string())
    params = {**fitted.booster_.params, "num_iterations": estimator.n_estimators}
    params["data_random_seed"] = int(drawn_by[1]) if drawn_by else 1
    bins = lightgbm.Dataset([Part(number) for number in range(len(parts.lengths))], y, params=params)
    # There is no public way from a booster to an estimator.
    fitted._Booster = lightgbm.train(params, bins, callbacks=[report])
    return fitted.set_params(n_estimators=estimator.n_estimators)
