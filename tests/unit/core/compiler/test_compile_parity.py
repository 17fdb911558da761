"""Every kind of model on every table: the graph gives what scikit-learn gives, whatever the rows hold."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from threadpoolctl import threadpool_limits

from core.compiler.compile import check_parity
from core.regressors.splits import Split
from tests.support.fitted_models import (
    ESTIMATORS,
    FLOAT32_MAX,
    TOLERANCE,
    compiled,
    difference,
    fit,
    hostile_rows,
    largest_number,
    make_ensemble,
)
from tests.support.tables import CSVS
from tests.support.training import real_split

ROWS = 500
# But for one that has numbers alone, as Concrete has.
TABLES = [name for name in CSVS if name != "energy_efficiency"]
# Of each kind of arithmetic one model on every table; the others on one of numbers, and on one with dates and texts.
EVERYWHERE = ("ridge", "random_forest", "hist_gradient_boosting", "lightgbm", "svr", "knn_by_distance")
CASES = [(name, table) for name in ESTIMATORS for table in (TABLES if name in EVERYWHERE else ("concrete", "taxis"))]
ENSEMBLE = ("ridge", "svr", "random_forest", "hist_gradient_boosting", "knn_by_distance")


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Threads that wait for each other take longer than these small tables, and much longer on a busy machine."""
    with threadpool_limits(1):
        yield


@cache
def gappy(table: str) -> Split:
    """A real table's first rows, with gaps in every column: more of them, in one, where the target is high."""
    data = real_split(table, ROWS)
    rng = np.random.default_rng(1)
    gaps = rng.random(data.train_x.shape) < 0.05
    gaps[:, 0] |= data.train_y > np.quantile(data.train_y, 0.8)
    return replace(data, train_x=data.train_x.mask(gaps))


@cache
def shared(table: str) -> tuple[ColumnTransformer, pd.DataFrame]:
    """What the models of a table have in common: the fitted preprocessing, and rows with extreme values."""
    data = gappy(table)
    return fit(data, "dummy")[0], hostile_rows(data.test_x)


@pytest.mark.parametrize(("name", "table"), CASES)
def test_the_graph_is_the_pipeline(name: str, table: str) -> None:
    data, (prepared, hostile) = gappy(table), shared(table)
    model = fit(data, name, prepared)
    graph = compiled(model, data)
    assert [feature.name for feature in graph.features] == list(dict.fromkeys(f.name for f in graph.features))
    assert difference(model, graph, data.train_x) <= TOLERANCE
    assert difference(model, graph, data.test_x) <= TOLERANCE
    assert difference(model, graph, hostile, limit=largest_number(name)) <= TOLERANCE
    assert check_parity(model, graph, data.train_x) <= TOLERANCE


@pytest.mark.parametrize("table", TABLES)
def test_the_graph_is_the_ensemble(table: str) -> None:
    data = gappy(table)
    shared = {True: fit(data, "ridge")[0], False: fit(data, "decision_tree")[0]}
    model = make_ensemble({name: fit(data, name, shared[ESTIMATORS[name][1]]) for name in ENSEMBLE}, [3, 1, 2, 4, 0.5])
    graph = compiled(model, data)
    assert difference(model, graph, data.train_x) <= TOLERANCE
    assert difference(model, graph, hostile_rows(data.test_x, most=FLOAT32_MAX)) <= TOLERANCE
    assert check_parity(model, graph, data.train_x) <= TOLERANCE
