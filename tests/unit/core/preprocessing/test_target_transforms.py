"""Transformed targets: there and back, never far beyond what training saw, in the graph too."""

import numpy as np
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PowerTransformer, StandardScaler
from sklearn.tree import DecisionTreeRegressor

from core.automl.training import train
from core.catalogue import regressor
from core.compiler.compile import check_parity, compile_pipeline
from core.errors import TargetError
from core.inference.session import CompiledModel
from core.model_manifest import TargetTransformName
from core.preprocessing.target_transforms import MARGIN, OnTrend, TargetTransformer
from core.regressors.candidates import Candidate
from tests.support.training import LIMITS, real_split, split_text

CASES = {
    "positive": np.exp(np.random.default_rng(0).normal(3, 1, 400)),
    "with zeros": np.random.default_rng(1).poisson(2, 400).astype(float),
    "both signs": np.random.default_rng(2).normal(0, 5, 400) ** 3,
}


@pytest.mark.parametrize("kind", ["log", "yeo_johnson"])
@pytest.mark.parametrize("case", CASES)
def test_there_and_back_again(kind: TargetTransformName, case: str) -> None:
    y = CASES[case].reshape(-1, 1)
    if kind == "log" and case == "both signs":
        with pytest.raises(TargetError, match=r"no logarithm.*yeo_johnson"):
            TargetTransformer(kind).fit(y)
        return
    transform = TargetTransformer(kind).fit(y)
    z = transform.transform(y)
    assert (z.mean(), z.std()) == (pytest.approx(0, abs=1e-9), pytest.approx(1))
    assert transform.inverse_transform(z) == pytest.approx(y, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("case", CASES)
def test_yeo_johnson_is_scikit_learns(case: str) -> None:
    y = CASES[case].reshape(-1, 1)
    expected = PowerTransformer("yeo-johnson").fit(y)
    assert TargetTransformer("yeo_johnson").fit(y).transform(y) == pytest.approx(expected.transform(y), rel=1e-9)


@pytest.mark.parametrize("kind", ["log", "yeo_johnson"])
@pytest.mark.parametrize("far", [-1e300, -50.0, 50.0, 1e300])
def test_the_way_back_ends_a_quarter_of_the_range_beyond_it(kind: TargetTransformName, far: float) -> None:
    y = CASES["positive"].reshape(-1, 1)
    room = MARGIN * np.ptp(y)
    back = TargetTransformer(kind).fit(y).inverse_transform(np.array([[far]]))
    assert np.isfinite(back).all()
    assert y.min() - room - 1e-9 <= back[0, 0] <= y.max() + room + 1e-9


@pytest.mark.parametrize("kind", ["log", "yeo_johnson", "trend"])
@pytest.mark.parametrize("name", ["ridge", "svr", "knn", "gradient_boosting"])
def test_the_graph_takes_the_same_way_back(kind: TargetTransformName, name: str) -> None:
    data = real_split("concrete", 300)
    done = train(data, Candidate(regressor(name), target_transform=kind), LIMITS)
    model = CompiledModel(*compile_pipeline(done.pipeline, data.columns))
    assert check_parity(done.pipeline, model, data.train_x * 1000) <= 1e-9
    assert done.target_transform == kind


def test_the_trend_alone_is_a_ridge_on_standardised_features() -> None:
    random = np.random.default_rng(5)
    x = random.normal([0, 1e6, -3], [1, 1e4, 0], (100, 3))
    y = x @ [2, 1e-3, 1] + random.normal(0, 1, 100)
    expected = make_pipeline(StandardScaler(), Ridge()).fit(x, y).predict(x)
    assert OnTrend(DummyRegressor()).fit(x, y).predict(x) == pytest.approx(expected, rel=1e-9)


def test_what_a_line_says_trees_need_not_learn_and_beyond_the_training_it_goes_on_to_the_bound() -> None:
    x = np.linspace(0, 1, 400).reshape(-1, 1)
    y = 100 * x[:, 0] + 5 * (x[:, 0] > 0.3)
    tree = DecisionTreeRegressor(max_leaf_nodes=8, random_state=0)
    on_trend = OnTrend(tree).fit(x, y)
    errors = [np.abs(model.predict(x) - y).max() for model in (on_trend, tree.fit(x, y))]
    assert errors[0] < errors[1] / 4
    beyond = on_trend.predict(np.array([[1.1], [9.0]]))
    assert y.max() < beyond[0] < beyond[1] == pytest.approx(y.max() + MARGIN * np.ptp(y))


def test_a_target_that_grows_by_shares_is_found_to_want_its_logarithm() -> None:
    random = np.random.default_rng(4)
    x = random.uniform(0, 6, 200)
    y = np.exp(x + random.normal(0, 0.1, 200))
    rows = "\n".join(f"{a!r},{b!r}" for a, b in np.column_stack([x, y]).tolist())
    done = train(split_text(f"x,y\n{rows}"), Candidate(regressor("ridge")), LIMITS, any_target=True)
    assert done.target_transform == "log"
    assert [(trial.target_transform, trial.folds) for trial in done.trial_records] == [
        ("none", 5),
        ("log", 5),
        ("yeo_johnson", 5),
        ("trend", 5),
    ]
    means = [trial.mean for trial in done.trial_records]
    assert done.cross_validation.mean == max(mean for mean in means if mean is not None)


def test_where_a_logarithm_is_impossible_the_others_are_still_tried() -> None:
    rows = "\n".join(f"{i / 7},{i - 100}" for i in range(200))
    done = train(split_text(f"x,y\n{rows}"), Candidate(regressor("ridge")), LIMITS, any_target=True)
    assert done.target_transform in ("none", "yeo_johnson", "trend")
    assert "no logarithm" in str(done.trial_records[1].error)


@pytest.mark.parametrize("kind", ["none", "log", "trend"])
def test_a_solver_that_ran_out_of_steps_is_told_of_behind_every_transform(kind: TargetTransformName) -> None:
    done = train(real_split("concrete", 200), Candidate(regressor("svr"), {"max_iter": 5}, kind), LIMITS)
    assert any("max_iter" in note for note in done.notes)
