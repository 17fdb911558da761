"""Ids of requests: what a caller may choose, and where an id is known."""

from contextvars import copy_context
from threading import Thread

import pytest

from core.telemetry.request_id import new_request_id, request_id, serving_request, usable_request_id


@pytest.mark.parametrize(
    "chosen", ["7f", "a" * 128, "Root=1-67a-0b", "550e8400-e29b-41d4-a716-446655440000", "a/b:c@d"]
)
def test_a_plain_id_is_the_callers(chosen: str) -> None:
    assert usable_request_id(chosen) == chosen


@pytest.mark.parametrize(
    "chosen", [None, "", "a" * 129, "a b", 'a"b', "a\nb", "a\r\nSet-Cookie: x", "ä", "\x1b[31m", "<b>"]
)
def test_any_other_is_replaced_by_a_new_one(chosen: str | None) -> None:
    found = usable_request_id(chosen)
    assert found != chosen
    assert len(found) == 32
    assert found != usable_request_id(chosen)


def test_it_is_known_while_the_request_is_served_and_not_after() -> None:
    assert request_id() is None
    with serving_request("outer") as outer:
        with serving_request(None) as inner:
            assert request_id() == inner != outer
        assert request_id() == outer == "outer"
    assert request_id() is None


def test_a_thread_has_it_with_the_context_of_its_caller() -> None:
    found = []
    with serving_request("caller"):
        thread = Thread(target=copy_context().run, args=(lambda: found.append(request_id()),))
    thread.start()
    thread.join()
    assert found == ["caller"]


def test_new_ids_differ() -> None:
    assert len({new_request_id() for _ in range(1000)}) == 1000
