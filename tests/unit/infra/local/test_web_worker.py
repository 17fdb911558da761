"""A worker takes as many connections as it may open files for."""

import pytest

from infra.local.web_worker import LEAST_AT_ONCE, most_at_once


@pytest.mark.parametrize(("descriptors", "connections"), [(64, 8), (256, 72), (1024, None), (65_536, None)])
def test_few_descriptors_limit_the_connections(descriptors: int, connections: int | None) -> None:
    assert most_at_once(descriptors) == connections


def test_a_few_connections_are_always_taken() -> None:
    assert most_at_once(16) == LEAST_AT_ONCE
