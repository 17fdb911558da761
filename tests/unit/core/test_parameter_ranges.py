"""Each parameter of the catalogue has a range, and what a request may give it costs no more than a job may."""

from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone

from core.automl.portfolio import PORTFOLIO
from core.catalogue import CATALOGUE
from core.errors import ParameterError
from core.parameter_ranges import OURS, PARAMETERS, check_parameters, range_of


@pytest.mark.parametrize("name", CATALOGUE)
def test_each_parameter_has_a_range_or_is_the_services(name: str) -> None:
    known = set(CATALOGUE[name].build({}).get_params())
    assert known - OURS == set(PARAMETERS[name])
    assert all(range_of(name, parameter) for parameter in PARAMETERS[name])


@pytest.mark.parametrize("name", CATALOGUE)
def test_what_the_service_uses_itself_is_within_the_ranges(name: str) -> None:
    presets = [preset.params for preset in PORTFOLIO if preset.model_type == name]
    cells = [{parameter: value} for parameter, values in CATALOGUE[name].grid.items() for value in values]
    for params in (CATALOGUE[name].defaults, *presets, *cells):
        check_parameters(name, params)


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("random_forest", {"n_estimators": 10**9}),
        ("random_forest", {"n_estimators": 10**5000}),
        ("random_forest", {"n_estimators": 2.5}),
        ("random_forest", {"n_estimators": True}),
        ("random_forest", {"n_estimators": [10] * 9}),
        ("random_forest", {"n_jobs": 500}),
        ("random_forest", {"verbose": 3}),
        ("gradient_boosting", {"max_depth": 10**6}),
        ("lasso", {"max_iter": 10**9}),
        ("lasso", {"tol": 0}),
        ("lasso", {"alpha": float("nan")}),
        ("lasso", {"alpha": float("inf")}),
        ("lasso", {"precompute": True}),
        ("svr", {"cache_size": 1e9}),
        ("svr", {"kernel": "precomputed"}),
        ("knn", {"metric": "mahalanobis"}),
        ("hist_gradient_boosting", {"max_iter": 100_000}),
        ("hist_gradient_boosting", {"loss": None}),
    ],
)
def test_a_value_without_bounds_is_refused_with_the_range(name: str, params: dict[str, Any]) -> None:
    with pytest.raises(ParameterError) as refused:
        check_parameters(name, params)
    (parameter,) = params
    (error,) = refused.value.errors
    assert error["field"] == f"params.{parameter}"
    allowed = range_of(name, parameter)
    assert error["message"] == (
        f"has to be {allowed.describe()}" if allowed else "is chosen by the service; leave it out"
    )
    assert error["message"] in refused.value.detail


WORDS = [
    (name, parameter, word)
    for name in CATALOGUE
    for parameter in PARAMETERS[name]
    if (allowed := range_of(name, parameter))
    for word in allowed.words
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "parameter", "word"), WORDS)
def test_a_word_of_a_range_trains_or_is_the_callers_error(name: str, parameter: str, word: str) -> None:
    draw = np.random.default_rng(0)
    rows = draw.random((20, 2))
    # Training copies an estimator for each fold.
    estimator = clone(CATALOGUE[name].build({parameter: word}))
    with suppress(ValueError, TypeError):  # what the word does not go with
        estimator.fit(rows, rows.sum(axis=1))
