"""Contributions are Shapley values: compared with those by the definition, on small models of every kind."""

from functools import cache
from itertools import product
from math import factorial

import numpy as np
import pytest

from core.array_types import Floats, RawColumns
from core.compiler.compile import compile_pipeline, raw_columns_of_frame
from core.compiler.graph_builder import with_metadata
from core.errors import TooLargeError
from core.inference.contributions import explainer, sampling
from core.inference.contributions.background import background_metadata, background_rows
from core.inference.contributions.explainer import Explainer
from core.inference.session import CompiledModel
from core.regressors.splits import Split
from tests.support.fitted_models import ESTIMATORS, fit, hostile_rows, make_ensemble
from tests.support.training import fitted
from tests.unit.core.compiler.test_compile_parity import gappy

EXACT = ("ridge", "svr_linear", "extra_trees", "gradient_boosting", "hist_gradient_boosting", "lightgbm")
# A logarithm of the target, distances: of seven columns every set is tried.
WITHOUT_STRUCTURE = ("ridge_log", "trees_on_trend", "hist_gradient_boosting_poisson", "knn_by_distance")
NATIVE = "lightgbm with categories of its own"
ROWS = 8


def data() -> Split:
    """Seven columns, a category among them, with gaps in all of them."""
    return gappy("mpg")


@cache
def explained(name: str) -> tuple[Explainer, CompiledModel]:
    """One of `ESTIMATORS`, or an ensemble, with an explainer against a few rows."""
    if name == "ensemble":
        shared = {True: fit(data(), "ridge")[0], False: fit(data(), "decision_tree")[0]}
        members = {one: fit(data(), one, shared[ESTIMATORS[one][1]]) for one in ("ridge", "extra_trees", "svr")}
        graph, features = compile_pipeline(make_ensemble(members, [3, 1, 2]), data().columns)
    elif name == NATIVE:
        # Categories as codes and sets of them, and missing values, as training has them.
        graph, features = compile_pipeline(fitted(data(), "lightgbm", n_estimators=20), data().columns)
    else:
        graph, features = compile_pipeline(fit(data(), name), data().columns)
    compiled = CompiledModel(graph, features)
    columns = raw_columns_of_frame(data().train_x, features)
    chosen = background_rows(compiled.run(columns))[::ROWS]
    background = {column: values[chosen] for column, values in columns.items()}
    found = Explainer.of(with_metadata(graph, background_metadata(background)), compiled)
    assert found is not None
    return found, compiled


def by_definition(compiled: CompiledModel, row: RawColumns, background: RawColumns) -> Floats:
    """The Shapley values of the game whose value is the mean prediction of the background with a set of columns."""
    names = list(background)
    sets = list(product([False, True], repeat=len(names)))
    values = {}
    for some in sets:
        mixed = {
            name: np.full(len(background[name]), row[name][0], background[name].dtype) if taken else background[name]
            for name, taken in zip(names, some, strict=True)
        }
        values[some] = compiled.run(mixed).mean()
    result = np.zeros(len(names))
    for some in sets:
        for column, taken in enumerate(some):
            if not taken:
                share = factorial(sum(some)) * factorial(len(names) - sum(some) - 1) / factorial(len(names))
                result[column] += share * (values[(*some[:column], True, *some[column + 1 :])] - values[some])
    return result


@pytest.mark.parametrize("name", [*EXACT, NATIVE, *WITHOUT_STRUCTURE, "ensemble"])
def test_contributions_are_the_shapley_values_of_the_columns(name: str) -> None:
    found, compiled = explained(name)
    rows = raw_columns_of_frame(hostile_rows(data().test_x, 2, most=1e6), compiled.features)
    values = compiled.run(rows)
    # A row as it is, one without its first value, and one without any.
    chosen = [0, 2, len(values) - 1]
    explanation = found.explain([{column: cells[chosen] for column, cells in rows.items()}])
    assert (explanation.method, explanation.samples) == ("exact", None)
    assert explanation.base_value == pytest.approx(compiled.run(found.background).mean(), rel=1e-12)
    sums = explanation.contributions.sum(axis=1) + explanation.base_value
    np.testing.assert_allclose(sums, values[chosen], rtol=1e-9, atol=1e-9)
    for number, row in enumerate(chosen):
        one = {column: cells[row : row + 1] for column, cells in rows.items()}
        expected = by_definition(compiled, one, found.background)
        np.testing.assert_allclose(explanation.contributions[number], expected, rtol=1e-9, atol=1e-9)


def test_a_strange_row_is_explained_as_it_is_predicted() -> None:
    found, compiled = explained("hist_gradient_boosting")
    rows = raw_columns_of_frame(hostile_rows(data().test_x, 1), compiled.features)
    sums = found.contributions(rows).sum(axis=1) + found.base_value
    np.testing.assert_allclose(sums, compiled.run(rows), rtol=1e-9)


@pytest.mark.parametrize(("name", "method"), [("ridge_log", "sampled"), ("ensemble", "mixed")])
def test_many_columns_without_structure_are_sampled_and_add_up(
    name: str, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact, compiled = explained(name)
    rows = raw_columns_of_frame(data().test_x.head(2), compiled.features)
    expected = exact.contributions(rows)
    monkeypatch.setattr(explainer, "FEW_COLUMNS", 3)
    explanation = exact.explain([rows])
    assert explanation.method == method
    assert explanation.samples == ROWS * sampling.orders_of(ROWS, len(rows))
    sums = explanation.contributions.sum(axis=1) + explanation.base_value
    np.testing.assert_allclose(sums, compiled.run(rows), rtol=1e-12)
    assert np.abs(explanation.contributions - expected).max() < 0.05 * np.abs(expected).max()
    # The same orders each time.
    np.testing.assert_array_equal(exact.contributions(rows), explanation.contributions)


def test_trees_that_are_too_large_are_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.inference.contributions.paths.MOST_NODES", 100)
    monkeypatch.setattr(explainer, "FEW_COLUMNS", 3)
    explained.cache_clear()
    found, _ = explained("extra_trees")
    explained.cache_clear()
    assert (found.method, found.additive) == ("sampled", None)


def test_too_many_rows_are_refused_with_the_limit_and_the_way_out() -> None:
    found, _ = explained("ridge")
    assert found.most_rows == explainer.MOST_NUMBERS // 7
    with pytest.raises(TooLargeError, match="parts of 7,142, or ask without explain"):
        found.check_rows(7143)


def test_a_model_without_a_background_has_no_explainer() -> None:
    graph, features = compile_pipeline(fit(data(), "ridge"), data().columns)
    assert Explainer.of(graph, CompiledModel(graph, features)) is None
