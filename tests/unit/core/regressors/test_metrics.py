"""Figures of a model beside the obvious ones: baseline, intervals, plots, importance."""

from typing import Any

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.dummy import DummyRegressor
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold, cross_val_score

from core.inference.intervals import interval_of
from core.regressors.importance import permutation_importance
from core.regressors.metrics import (
    INTERVAL_LEVELS,
    baseline,
    comparable_means,
    conformal_levels,
    cross_validation,
    evaluate,
    interval_quantiles,
    plots,
)
from tests.support.training import fitted, real_split, trained

RANDOM = np.random.default_rng(11)


def test_the_baseline_is_scikit_learns_dummy() -> None:
    data = real_split("mpg")
    found = baseline(data)
    dummy = DummyRegressor().fit(data.train_x, data.train_y)
    folds = KFold(5, shuffle=True, random_state=0)
    expected = cross_val_score(DummyRegressor(), data.train_x, data.train_y, cv=folds, scoring="r2")
    assert found.cross_validation.scores == pytest.approx(expected.tolist(), abs=1e-12)
    assert found.metrics["r2"] == pytest.approx(r2_score(data.test_y, dummy.predict(data.test_x)), abs=1e-12)


def test_a_share_of_zero_is_no_figure() -> None:
    assert evaluate(np.array([0.0, 1, 2]), np.array([1.0, 1, 2]))["mape"] is None
    assert evaluate(np.array([1.0, 2]), np.array([2.0, 2]))["mape"] == pytest.approx(0.5)


def test_train_metrics_are_those_of_rows_that_were_learned() -> None:
    done = trained(real_split("mpg"), "decision_tree")
    assert done.train_metrics["r2"] == pytest.approx(1)
    assert done.metrics["r2"] is not None
    assert done.metrics["r2"] < 0.95


def test_interval_quantiles_grow_from_the_smallest_to_the_largest_residual() -> None:
    residuals = RANDOM.normal(size=500)
    found = interval_quantiles(residuals)
    assert len(found) == 201
    assert found == sorted(found)
    assert (found[0], found[-1]) == (np.abs(residuals).min(), np.abs(residuals).max())
    assert np.mean(np.abs(residuals) <= found[180]) >= 0.9


def test_plots_hold_every_residual_and_at_most_so_many_points() -> None:
    actual = RANDOM.normal(size=5000)
    predicted = actual + RANDOM.normal(size=5000)
    found = plots(actual, predicted)
    assert sum(found["residuals"]["counts"]) == 5000
    assert len(found["residuals"]["edges"]) == len(found["residuals"]["counts"]) + 1
    points = found["predicted_vs_actual"]
    assert len(points["actual"]) == len(points["predicted"]) == 500
    assert set(points["actual"]) <= set(actual.tolist())
    assert found["residuals"]["mean"] == pytest.approx(np.mean(actual - predicted))


@pytest.mark.parametrize("off", [0.0, 3.0, 1e-12])
def test_residuals_that_are_all_the_same_make_one_bar(off: float) -> None:
    actual = np.arange(50.0)
    assert plots(actual, actual + off)["residuals"]["counts"] == [50]


def columns_of(rows: int) -> dict[str, Any]:
    return {"x": RANDOM.normal(size=rows), "noise": RANDOM.normal(size=rows), "kind": RANDOM.choice(["a", "b"], rows)}


def test_importance_is_the_fall_of_r2_when_a_column_is_shuffled() -> None:
    columns = columns_of(800)
    actual = 3 * columns["x"] + (columns["kind"] == "a")
    strong, weak, none = permutation_importance(lambda c: 3 * c["x"] + (c["kind"] == "a"), columns, actual)
    assert [one.feature for one in (strong, weak, none)] == ["x", "kind", "noise"]
    # Shuffling doubles what a column explains: R2 falls by twice its share of the variance.
    share = 9 * columns["x"].var() / actual.var()
    assert strong.mean == pytest.approx(2 * share, rel=0.1)
    assert 0 < weak.mean < 0.2
    assert (none.mean, none.std) == (0, 0)
    assert strong.std > 0


def test_importance_of_a_pipeline_names_source_columns() -> None:
    data = real_split("california_housing", 1500)
    pipeline = fitted(data, "random_forest")
    raw = {name: data.test_x[name].to_numpy() for name in data.test_x}
    found = permutation_importance(lambda c: pipeline.predict(data.test_x.__class__(c)), raw, data.test_y)
    assert sorted(one.feature for one in found) == sorted(column.name for column in data.columns)
    assert found[0].feature == "median_income"
    assert found[0].mean > found[-1].mean


def test_where_every_target_is_the_same_nothing_matters() -> None:
    columns = columns_of(20)
    found = permutation_importance(lambda c: c["x"], columns, np.ones(20))
    assert {one.mean for one in found} == {0.0}


def test_a_wide_table_gets_by_with_fewer_rows() -> None:
    columns = {f"x{i}": RANDOM.normal(size=1000) for i in range(400)}
    batch_rows: list[int] = []

    def predict(c: Any) -> Any:
        batch_rows.append(len(c["x0"]))
        return c["x0"]

    permutation_importance(predict, columns, columns["x0"])
    assert sum(batch_rows) < 450_000


def test_importance_takes_fewer_rows_of_the_columns_that_are_left_when_the_machine_becomes_slow() -> None:
    random, now, slow_from = np.random.default_rng(3), 0.0, 0.1
    columns = {f"x{i}": random.normal(size=1000) for i in range(60)}

    def predict(c: Any) -> Any:
        """Predict a row in a microsecond, and later in fifty."""
        nonlocal now
        now += len(c["x0"]) * (1e-6 if now < slow_from else 50e-6)
        return c["x0"] + 2 * c["x59"]

    actual = columns["x0"] + 2 * columns["x59"]
    exact = permutation_importance(lambda c: c["x0"] + 2 * c["x59"], columns, actual)
    found = permutation_importance(predict, columns, actual, seconds=0.5, clock=lambda: now)
    # All rows of all columns take .3 s, and from the moment when it becomes slow on 10 s.
    assert now < 1.0
    assert [one.feature for one in found[:2]] == [one.feature for one in exact[:2]] == ["x59", "x0"]
    assert found[0].mean == pytest.approx(exact[0].mean, rel=0.5)


def test_one_fold_has_no_standard_deviation() -> None:
    assert cross_validation([0.8]).std is None
    assert cross_validation([0.8, 0.6]).std == pytest.approx(0.1)


def test_trials_are_compared_on_the_folds_that_they_share() -> None:
    on_two, better, worse, none = [0.80, 0.90], [0.81], [0.79], []

    means = comparable_means([on_two, better, worse, none])

    assert means == pytest.approx([0.85, 0.86, 0.84, -np.inf])


def test_trials_of_the_same_folds_are_compared_by_their_means() -> None:
    assert comparable_means([[0.1, 0.3], [0.4, 0.2]]) == pytest.approx([0.2, 0.3])
    assert comparable_means([]) == []


def test_few_residuals_are_corrected_for_their_own_number_and_not_for_the_rows_of_the_training() -> None:
    rows, level = 10_000, 0.9
    drawn = np.random.default_rng(0).normal(size=(500, 29))

    def covered(known: int) -> float:
        """The share of new residuals within the bounds of 29, as a mean over the draws."""
        levels = conformal_levels(known, rows)
        widths = [interval_of(interval_quantiles(residuals, levels), level, rows).half_width for residuals in drawn]
        return float(np.mean(2 * norm.cdf(widths) - 1))

    assert level <= covered(29) <= level + 2 / 30
    assert covered(29) > covered(rows) + 0.5 / 30


def test_the_levels_of_residuals_of_all_rows_are_those_that_are_kept() -> None:
    assert conformal_levels(500, 500).tolist() == INTERVAL_LEVELS.tolist()
    assert conformal_levels(5, 500).max() == 1.0
