"""An estimator that gets its rows in parts is the one that gets them together."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone

from core.array_types import Floats
from core.catalogue import CATALOGUE, regressor
from core.model_manifest import TargetTransformName
from core.preprocessing.target_transforms import inner_regressor
from core.regressors.candidates import Candidate
from core.regressors.fit_in_parts import MatrixParts, fit_in_parts
from core.regressors.limits import TrainingLimits

ROWS = 3_000
# Parts of any length, one of a single row, one that is larger than all others together.
BORDERS = [0, 700, 701, 1_400, ROWS]
LIMITS = TrainingLimits(threads=1, model_bytes=64 << 20)


def estimator_of(name: str, target_transform: TargetTransformName = "none", **params: Any) -> Any:
    return Candidate(regressor(name), params, target_transform).make_estimator(ROWS, LIMITS)[0]


def table(*, gaps: bool) -> tuple[Floats, Floats]:
    """A code, numbers, two columns that are one, and a target above 0."""
    random = np.random.default_rng(7)
    codes = random.integers(0, 5, ROWS)
    numbers = random.normal(5, 2, (ROWS, 4))
    y = 100 + 3 * numbers[:, 1] + codes + random.normal(size=ROWS)
    if gaps:
        numbers[random.random(ROWS) < 0.1, 0] = np.nan
    return np.column_stack([codes, numbers, codes == 0, codes != 0]).astype(np.float64), y


def in_parts(x: Floats) -> MatrixParts:
    def read() -> Iterator[Floats]:
        return (x[start:stop] for start, stop in pairwise(BORDERS))

    return MatrixParts([stop - start for start, stop in pairwise(BORDERS)], read)


@pytest.mark.parametrize("target_transform", ["none", "log"])
@pytest.mark.parametrize("params", [{}, {"subsample_for_bin": 400}, {"objective": "quantile", "boosting_type": "rf"}])
def test_lightgbm_grows_the_same_trees_to_the_bit(
    target_transform: TargetTransformName, params: dict[str, Any]
) -> None:
    estimator = estimator_of("lightgbm", target_transform, n_estimators=20, **params)
    inner_regressor(estimator).set_params(categorical_column=[0])
    x, y = table(gaps=True)
    steps: list[float] = []
    found = fit_in_parts(estimator, in_parts(x), y, (x[::10], y[::10]), steps.append)
    whole = clone(estimator).fit(x, y)
    assert found.predict(x).tolist() == whole.predict(x).tolist()
    trees, expected = (getattr(one, "regressor_", one).booster_.model_to_string() for one in (found, whole))
    assert trees == expected
    assert steps == sorted(steps)
    assert (len(steps), steps[-1]) == (len(BORDERS) - 1 + 20, 1.0)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("name", [name for name, one in CATALOGUE.items() if one.in_parts and one.scaled])
def test_a_linear_model_is_that_of_scikit_learn(name: str, fit_intercept: bool) -> None:
    estimator = estimator_of(name, fit_intercept=fit_intercept)
    x, y = table(gaps=False)
    found, whole = fit_in_parts(estimator, in_parts(x), y, (x, y)), clone(estimator).fit(x, y)
    assert found.get_params() == whole.get_params()
    assert found.coef_ == pytest.approx(whole.coef_, rel=1e-9, abs=1e-9 * np.abs(whole.coef_).max())
    assert found.intercept_ == pytest.approx(whole.intercept_, rel=1e-9)


def test_parts_are_read_from_the_first_one_on_where_an_earlier_one_is_asked_for() -> None:
    x, _ = table(gaps=False)
    parts = in_parts(x)
    for number in (0, 2, 2, 3, 1):
        assert parts[number].tolist() == x[BORDERS[number] : BORDERS[number + 1]].tolist()
