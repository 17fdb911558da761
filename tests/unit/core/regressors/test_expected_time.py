"""How long a training is expected to take, by what a request chooses."""

from typing import Any

import pytest

from core.catalogue import CATALOGUE
from core.manifests import Column
from core.regressors.candidates import Candidate
from core.regressors.expected_time import expected_seconds, matrix_width
from core.regressors.limits import TrainingLimits

LIMITS = TrainingLimits(threads=2, model_bytes=64 << 20)
# What `template.yaml` lets an answer take.
ANSWER_SECONDS = 25.0


def expected(model_type: str, rows: int, columns: int = 12, **params: Any) -> float:
    return expected_seconds([Candidate(CATALOGUE[model_type], params)], rows, columns, LIMITS)


@pytest.mark.parametrize(
    ("model_type", "rows", "params"),
    [
        ("random_forest", 200, {"n_estimators": 5_000}),  # took 45 s
        ("extra_trees", 3_000, {"n_estimators": 1_000}),
        ("gradient_boosting", 400, {"n_estimators": 5_000, "loss": "quantile"}),
        ("gradient_boosting", 4_000, {"n_estimators": 500, "max_depth": None}),
        ("svr", 1_600, {"kernel": "linear", "C": 1e4}),
        ("svr", 1_600, {"kernel": "poly", "C": 1e4, "max_iter": 10_000_000}),
        ("knn", 6_000, {"n_neighbors": 1_000}),
        ("lasso", 16_000, {"tol": 1e-10, "max_iter": 100_000}),
    ],
)
def test_what_takes_long_is_expected_to(model_type: str, rows: int, params: dict[str, Any]) -> None:
    assert expected(model_type, rows, **params) > ANSWER_SECONDS
    assert expected(model_type, rows) < ANSWER_SECONDS


@pytest.mark.parametrize("model_type", CATALOGUE)
def test_a_small_table_is_expected_to_be_quick_with_the_defaults(model_type: str) -> None:
    assert expected(model_type, 300) < 4


@pytest.mark.parametrize("params", [{"max_depth": 2}, {"max_leaf_nodes": 4}, {"min_samples_leaf": 0.25}])
def test_small_trees_cost_less_to_store(params: dict[str, Any]) -> None:
    assert expected("random_forest", 3_000, **params) < expected("random_forest", 3_000) - 0.5


def test_the_steps_of_a_support_vector_machine_are_bounded_by_the_request() -> None:
    unbounded = expected("svr", 1_600, kernel="linear", C=1e4)
    assert expected("svr", 1_600, kernel="linear", C=1e4, max_iter=100_000) < unbounded / 10


def test_categories_are_as_wide_as_their_levels() -> None:
    kinds = [("category", 30), ("category", 500), ("date", 9), ("number", 77)]
    columns = [Column(name=f"c{n}", type=kind, missing=0, distinct=n) for kind, n in kinds]  # type: ignore[arg-type]
    assert matrix_width(columns) == 30 + 1 + 5 + 1
