"""A graph is compared with its pipeline on one core, however many there are."""

from typing import Any

import pytest
from sklearn.utils._openmp_helpers import _openmp_effective_n_threads
from threadpoolctl import threadpool_limits

from core.automl import verified_graph
from core.automl.verified_graph import verify_graph
from tests.support.training import fitted, real_split


def test_threads_that_would_wait_for_each_other_do_not_compare_a_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []

    def note(*_: Any) -> float:
        threads.append(_openmp_effective_n_threads())
        return 0.0

    monkeypatch.setattr(verified_graph, "check_parity", note)
    data = real_split("mpg", 100)
    pipeline = fitted(data, "hist_gradient_boosting")
    with threadpool_limits(2, user_api="openmp"):
        verify_graph(pipeline, data)
    assert threads == [1]
