"""A model learns the same from numbers that are shifted or scaled, however far, and its graph predicts what it does."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import r2_score
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from core.array_types import Floats
from core.catalogue import CATALOGUE, regressor
from core.compiler.compile import check_parity, compile_pipeline, raw_columns_of_frame
from core.compiler.graph_builder import with_metadata
from core.errors import TrainingFailedError
from core.inference.contributions.background import background_metadata
from core.inference.contributions.explainer import Explainer
from core.inference.session import CompiledModel
from core.manifests import Column, Recipe
from core.preprocessing.former_names import FORMER_NAMES
from core.preprocessing.recentring import (
    FiniteImputer,
    RecentredColumns,
    RecentredTarget,
    is_awkward_column,
    is_awkward_target,
)
from core.regressors.candidates import Candidate
from core.regressors.fold_cache import FoldCache
from core.regressors.splits import Split, SplitOptions, split_table
from tests.support.training import LIMITS, quick

ROWS, TREES = 200, 20
# Those whose regressors have trees, or standardise the target.
NAMES = [name for name, entry in CATALOGUE.items() if entry.recentred_target]
SHIFTS = st.sampled_from([0.0, 1e3, 1.7e9, -1e12, 1e15])
# What shifted numbers are multiplied by has to leave them digits: a float64 has 16.
SCALES = st.sampled_from([1e-130, 1e-30, 1e-6, 1.0, 1e6, 1e60, 1e130])


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Threads that wait for each other take longer than these small tables, and much longer on a busy machine."""
    with threadpool_limits(1):
        yield


@cache
def drawn() -> tuple[Floats, Floats]:
    """Two features and a target, each with a spread of about 1."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(ROWS, 2))
    return x, np.sin(2 * x[:, 0]) + x[:, 1] + 0.05 * rng.normal(size=ROWS)


def split_of(x: Floats, y: Floats) -> Split:
    columns = [Column(name=name, type="number", missing=0, distinct=ROWS) for name in ("a", "b")]
    return split_table(pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "y": y}), SplitOptions(columns, Recipe(), "y", 0.2))


def fitted(data: Split, candidate: Candidate) -> Pipeline:
    """Fit a candidate on the train rows, as a trial does."""
    prepared, scaled = FoldCache(data).holdout, candidate.regressor.scaled
    estimator, _ = candidate.make_estimator(len(data.train_y), LIMITS, data.columns, data.train_y)
    return prepared.pipeline(estimator.fit(prepared.matrices(scaled=scaled)[0], data.train_y), scaled=scaled)


def candidate_of(name: str, target: Any = "none") -> Candidate:
    return Candidate(regressor(name), dict.fromkeys(quick(name), TREES), target)


@cache
def usual_score(name: str, target: str) -> float:
    """R2 of a model on the numbers as they were drawn."""
    data = split_of(*drawn())
    return float(r2_score(data.test_y, fitted(data, candidate_of(name, target)).predict(data.test_x)))


@settings(max_examples=25, deadline=None)
@given(
    name=st.sampled_from(NAMES),
    target=st.sampled_from(["none", "none", "trend", "yeo_johnson"]),
    shifts=st.tuples(SHIFTS, SHIFTS),
    scales=st.tuples(SCALES, SCALES),
)
def test_shift_and_scale_change_neither_what_is_learned_nor_the_graph(
    name: str, target: str, shifts: tuple[float, float], scales: tuple[float, float]
) -> None:
    x, y = drawn()
    # A spread of 100 beside a shift of 1e15 is 10 bits more than nothing.
    x, y = ((values + shift / 100) * scale for values, shift, scale in zip((x, y), shifts, scales, strict=True))
    data = split_of(x, y)
    model = fitted(data, candidate_of(name, target))
    assert r2_score(data.test_y, model.predict(data.test_x)) > usual_score(name, target) - 0.05
    graph = CompiledModel(*compile_pipeline(model, data.columns))
    assert check_parity(model, graph, data.test_x, data.test_y) <= 1e-9


@pytest.mark.parametrize(("shift", "scale"), [(1e15, 100.0), (0.0, 1e-30)])
def test_contributions_add_up_to_the_prediction(shift: float, scale: float) -> None:
    x, y = drawn()
    data = split_of(x, shift + scale * y)
    graph, features = compile_pipeline(fitted(data, candidate_of("lightgbm")), data.columns)
    raw = raw_columns_of_frame(data.test_x, features)
    compiled = CompiledModel(graph, features)
    explainer = Explainer.of(with_metadata(graph, background_metadata(raw)), compiled)
    assert explainer is not None
    assert explainer.method == "exact"
    predicted, rounding = compiled.run(raw), 4 * np.spacing(shift)
    total = explainer.base_value + explainer.contributions(raw).sum(axis=1)
    np.testing.assert_allclose(total, predicted, rtol=0, atol=1e-6 * scale + rounding)


@pytest.mark.parametrize(
    ("params", "shift", "scale"),
    [({"objective": "poisson"}, 1e9, 1.0), ({"reg_alpha": 0.1}, 0.0, 1e-60), ({"objective": "huber"}, 0.0, 1e60)],
)
def test_a_target_that_float32_would_lose_is_refused(params: dict[str, Any], shift: float, scale: float) -> None:
    data = split_of(drawn()[0], shift + scale * drawn()[1])
    with pytest.raises(TrainingFailedError, match="float32"):
        fitted(data, Candidate(regressor("lightgbm"), params))


def test_a_loss_that_counts_from_zero_is_only_scaled() -> None:
    x, y = drawn()
    data = split_of(x, 1e-20 * np.exp(y))
    candidate = Candidate(regressor("lightgbm"), {"objective": "poisson", "n_estimators": TREES})
    model = fitted(data, candidate)
    assert model[-1].transformer_.shift_ == 0
    assert r2_score(data.test_y, model.predict(data.test_x)) > 0.3


@pytest.mark.parametrize(
    "values",
    [
        [2019.0, 2020, 2021, 2022],
        [0.0] * 99 + [1.0],
        [1.0] * 9_999 + [0.0],
        [1.7e9, 1.6e9, np.nan, 1.5e9],
        [3.0, 3.0],
        [np.nan, np.nan],
        [np.nan, 1e-3, 2e-3],
    ],
)
def test_usual_columns_stay_as_they_are(values: list[float]) -> None:
    assert not is_awkward_column(np.array(values))


@pytest.mark.parametrize("values", [[1e15, 1e15 + 8, 1e15 + 16], [1.0, 2.0, 1.7e308], [1e-40, 2e-40, np.nan]])
def test_what_float32_does_not_hold_is_found(values: list[float]) -> None:
    assert is_awkward_column(np.array(values))


def test_an_ordinary_target_is_learned_as_it_is() -> None:
    assert not is_awkward_target(np.array([2000.0, 2010.0, 1950.0]))
    assert is_awkward_target(np.array([1e9, 1e9 + 1, 1e9 + 2]))


def test_extreme_columns_become_finite_numbers_in_their_order() -> None:
    x = np.array([[1.0, 1e200, 5e-324], [2.0, -1e200, 0.0], [1.7e308, 3e200, 1e-323], [3.0, 2e200, 2e-323]])
    found = RecentredColumns().fit(x).transform(x)
    assert np.isfinite(found.astype(np.float32)).all()
    assert (np.argsort(found, axis=0) == np.argsort(x, axis=0)).all()


def test_a_pipeline_of_awkward_numbers_refers_to_names_that_stay() -> None:
    x, y = drawn()
    model = fitted(split_of(1e15 + 100 * x, 1e-30 * y), candidate_of("decision_tree"))
    used = {
        (type(step).__module__, type(step).__name__) for step in (model[-1].transformer_, *model[0].transformers_[0][1])
    }
    assert {name for _, name in used} == {"FiniteImputer", "RecentredColumns", "RecentredTarget"}
    assert used <= {(now.__module__, now.__name__) for now in FORMER_NAMES.values()}


@pytest.mark.parametrize("strategy", ["mean", "median"])
def test_what_replaces_missing_numbers_is_a_number_where_their_sum_is_none(strategy: str) -> None:
    x = np.array([[1.7e308, 1.0, 1.7e308], [np.nan, np.nan, np.nan], [1.7e308, 3.0, -1.7e308]])
    filled = FiniteImputer(strategy=strategy).fit_transform(x)
    assert filled[1].tolist() == pytest.approx([1.7e308, 2.0, 0.0], rel=1e-15)


def test_a_target_comes_back_to_the_bit() -> None:
    y = (1e15 + np.arange(-500.0, 500.0)).reshape(-1, 1)
    recentred = RecentredTarget().fit(y)
    assert (recentred.inverse_transform(recentred.transform(y)) == y).all()
    assert np.abs(recentred.transform(y)).max() < 2
