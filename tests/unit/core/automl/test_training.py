"""Training gives what a plain scikit-learn pipeline gives, written out here a second time."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import ElasticNet, Lasso, LinearRegression, Ridge
from sklearn.metrics import (
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    median_absolute_error,
    r2_score,
)
from sklearn.model_selection import KFold, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeRegressor

from core.catalogue import CATALOGUE
from core.compiler.compile import check_parity, compile_pipeline
from core.errors import TrainingFailedError
from core.inference.session import CompiledModel
from core.manifests import Recipe
from core.regressors import splits
from tests.support.tables import CSVS, noisy
from tests.support.training import quick, real_split, split_text, trained

PLAIN: dict[str, Any] = {
    "linear_regression": LinearRegression(),
    "ridge": Ridge(alpha=1.0),
    "lasso": Lasso(alpha=1.0, max_iter=10_000, random_state=0),
    "elastic_net": ElasticNet(alpha=0.01, l1_ratio=0.5, max_iter=10_000, random_state=0),
    "decision_tree": DecisionTreeRegressor(random_state=0),
}


def by_hand(name: str, target: str, estimator: Any, strategy: str, rows: int) -> tuple[dict[str, float], list[float]]:
    """Holdout metrics and fold scores of a pipeline that owes nothing to core."""
    table = pd.read_csv(CSVS[name][0]).head(rows)
    x, y = table.drop(columns=target), table[target].to_numpy(float)
    numbers = list(x.select_dtypes("number"))
    words = [column for column in x if column not in [*numbers, "name"]]
    x[words] = x[words].astype(object)
    scale = [] if isinstance(estimator, DecisionTreeRegressor) else [StandardScaler()]
    rare = max(1, min(10, rows // 200))
    encoder = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=rare, sparse_output=False)
    prepare = ColumnTransformer(
        [
            ("n", make_pipeline(SimpleImputer(strategy=strategy), *scale), numbers),
            ("c", make_pipeline(SimpleImputer(strategy="most_frequent"), encoder), words),
        ]
    )
    pipeline = make_pipeline(prepare, estimator)
    train_x, test_x, train_y, test_y = train_test_split(x, y, test_size=0.2, random_state=0)
    folds = KFold(5, shuffle=True, random_state=0)
    scores = cross_val_score(pipeline, train_x, train_y, cv=folds, scoring="r2")
    predicted = pipeline.fit(train_x, train_y).predict(test_x)
    mse = mean_squared_error(test_y, predicted)
    metrics = {
        "mse": mse,
        "rmse": mse**0.5,
        "mae": mean_absolute_error(test_y, predicted),
        "median_ae": median_absolute_error(test_y, predicted),
        "mape": mean_absolute_percentage_error(test_y, predicted),
        "r2": r2_score(test_y, predicted),
    }
    return metrics, scores.tolist()


# Of tables without gaps or texts one is enough for the others.
@pytest.mark.parametrize(
    ("name", "table", "rows"),
    [
        *((name, "mpg", 398) for name in PLAIN),
        ("ridge", "california_housing", 1500),
        ("decision_tree", "concrete", 1030),
        ("lasso", "diamonds", 500),
    ],
)
def test_metrics_and_scores_are_those_of_a_plain_pipeline(name: str, table: str, rows: int) -> None:
    metrics, scores = by_hand(table, CSVS[table][1], PLAIN[name], "median", rows)
    done = trained(real_split(table, rows), name)
    assert done.metrics == pytest.approx(metrics, rel=1e-12)
    assert done.cross_validation.scores == pytest.approx(scores, rel=1e-12)
    assert done.cross_validation.mean == pytest.approx(np.mean(scores), rel=1e-12)
    assert done.cross_validation.std == pytest.approx(np.std(scores), rel=1e-12)


@pytest.mark.parametrize(("handle_missing", "strategy"), [("mean", "mean"), ("mode", "most_frequent")])
def test_the_recipe_decides_how_gaps_are_filled(handle_missing: Any, strategy: str) -> None:
    recipe = Recipe(handle_missing=handle_missing)
    metrics, scores = by_hand("mpg", "mpg", Ridge(alpha=1.0), strategy, 398)
    done = trained(real_split("mpg", recipe=recipe), "ridge")
    assert done.metrics == pytest.approx(metrics, rel=1e-12)
    assert done.cross_validation.scores == pytest.approx(scores, rel=1e-12)


def test_training_twice_gives_the_same_model() -> None:
    data = real_split("concrete")
    once, twice = (trained(data, "random_forest", {"n_estimators": 5}) for _ in range(2))
    assert once.metrics == twice.metrics
    assert once.cross_validation == twice.cross_validation


def test_a_forest_on_the_whole_housing_table_beats_a_line() -> None:
    data = real_split("california_housing")
    assert (len(data.train_x), len(data.test_x)) == (16512, 4128)
    forest = trained(data, "random_forest", {"n_estimators": 4})
    line = trained(data, "linear_regression")
    assert 0.60 < line.metrics["r2"] < 0.65
    assert 0.75 < forest.metrics["r2"] < 0.82


@pytest.mark.usefixtures("two_folds")
@pytest.mark.parametrize("name", CATALOGUE)
def test_a_shuffled_target_teaches_nothing(name: str) -> None:
    honest = real_split("concrete")
    shuffled = np.random.default_rng(3).permutation
    data = replace(honest, train_y=shuffled(honest.train_y), test_y=shuffled(honest.test_y))
    done = trained(data, name, quick(name))
    assert done.cross_validation.mean < 0.05
    assert done.metrics["r2"] < 0.05


@pytest.mark.parametrize("name", CATALOGUE)
def test_an_honest_target_teaches_something(name: str) -> None:
    done = trained(split_text(noisy(200)), name, quick(name))
    assert done.cross_validation.mean > 0.7
    assert done.seconds > 0


def test_the_parameters_are_all_there_but_the_threads() -> None:
    done = trained(split_text(noisy(40)), "random_forest", {"n_estimators": 3})
    assert done.parameters["n_estimators"] == 3
    assert done.parameters["max_features"] == 0.5
    assert "n_jobs" not in done.parameters


def test_a_solver_that_stops_early_is_noted() -> None:
    data = real_split("concrete")
    stopped = trained(data, "lasso", {"max_iter": 1, "alpha": 0.001})
    assert any("before it converged" in note for note in stopped.notes)
    assert trained(data, "lasso").notes == []


def test_neighbours_by_distance_are_exact_however_many_columns_there_are() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(200, 20)).round(2) * 1000
    rows = np.column_stack([x, x[:, 0] + random.normal(size=200)])
    header = ",".join([*(f"x{i}" for i in range(20)), "y"])
    data = split_text(f"{header}\n" + "\n".join(",".join(map(repr, row)) for row in rows.tolist()))
    done = trained(data, "knn", {"weights": "distance"})
    assert done.train_metrics["r2"] == 1
    model = CompiledModel(*compile_pipeline(done.pipeline, data.columns))
    assert check_parity(done.pipeline, model, data.train_x) <= 1e-9


def test_scores_that_are_not_finite_are_never_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    # Such a target is refused before; what is stored does not rely on it.
    monkeypatch.setattr(splits, "check_target_spread", lambda values, target: None)
    text = "x,y\n" + "".join(f"{i},{1e200 * (i % 7)}\n" for i in range(60))
    with pytest.raises(TrainingFailedError, match="finite"), np.errstate(all="ignore"):
        trained(split_text(text), "ridge")
