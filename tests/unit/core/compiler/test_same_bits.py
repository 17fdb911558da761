"""A row predicts to the same float64 alone, in any batch and at any place of it."""

from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from threadpoolctl import threadpool_limits

from core.compiler.compile import raw_columns_of_frame
from core.inference.session import CompiledModel
from core.regressors.splits import Split
from tests.support.fitted_models import ESTIMATORS, compiled, fit, make_ensemble
from tests.support.training import real_split

ROWS = 310
# Around every number of float64 that a processor computes at a time, and around the rows of one turn of a loop.
SIZES = (2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 100, 255, 257, 300)
MEMBERS = ("ridge_log", "svr", "random_forest", "hist_gradient_boosting_poisson", "knn")


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Threads that wait for each other take longer than these small tables."""
    with threadpool_limits(1):
        yield


@cache
def shared(table: str) -> tuple[Split, ColumnTransformer]:
    """A real table's first rows, and the fitted preprocessing that its models have in common."""
    data = real_split(table, 500)
    return data, fit(data, "dummy")[0]


def batches() -> Iterator[np.ndarray]:
    """Positions of rows: all, some from the first and from the second on, backwards, at random, and equal ones."""
    everything = np.arange(ROWS)
    yield everything
    yield everything[::-1]
    for size in SIZES:
        yield everything[:size]
        yield everything[1 : size + 1]
    random = np.random.default_rng(0)
    for size in (513, 1000, 1001):
        yield random.integers(0, ROWS, size)
    yield np.repeat(np.arange(7), 37)


def deviating_batches(model: CompiledModel, data: Split) -> list[int]:
    """Return the sizes of the batches in which some row predicts to other bits than alone."""
    columns = raw_columns_of_frame(data.train_x.head(ROWS), model.features)
    alone = np.concatenate(
        [model.run({name: values[[row]] for name, values in columns.items()}) for row in range(ROWS)]
    )
    return [
        len(rows)
        for rows in batches()
        if model.run({name: values[rows] for name, values in columns.items()}).tobytes() != alone[rows].tobytes()
    ]


@pytest.mark.parametrize("table", ["mpg", "taxis", "concrete"])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_row_predicts_to_the_same_bits_in_any_batch(name: str, table: str) -> None:
    data, prepared = shared(table)
    assert deviating_batches(compiled(fit(data, name, prepared), data), data) == []


def test_so_does_a_row_of_an_ensemble() -> None:
    data = real_split("mpg", 500)
    members = {name: fit(data, name) for name in MEMBERS}
    assert deviating_batches(compiled(make_ensemble(members, [3, 1, 2, 1, 2]), data), data) == []
