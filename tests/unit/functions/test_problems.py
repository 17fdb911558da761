"""`Retry-After`: on every error after which the same request may succeed, and on no other one."""

import json
from collections.abc import Iterator

import pytest
from fastapi import APIRouter

from core import errors
from core.errors import (
    MOST_DETAIL,
    MOST_ERRORS,
    MOST_MESSAGE,
    ConflictError,
    KeyInUseError,
    RegattaError,
    UnavailableError,
)
from functions.http import create_app
from tests.support.asgi import ask


def _all_errors(base: type[RegattaError] = RegattaError) -> Iterator[type[RegattaError]]:
    yield base
    for error in base.__subclasses__():
        if error.__module__ == errors.__name__:
            yield from _all_errors(error)


def _answer(error: RegattaError) -> tuple[int, str | None]:
    router = APIRouter()

    @router.get("/fails")
    def fail() -> None:
        raise error

    answer = ask(create_app(router), "GET", "/fails")
    return answer.status_code, answer.headers.get("Retry-After")


@pytest.mark.parametrize("error", [*_all_errors()], ids=lambda error: error.__name__)
def test_exactly_what_may_succeed_again_says_when(error: type[RegattaError]) -> None:
    repeatable = error.status in (429, 503) or error in (ConflictError, KeyInUseError)
    assert _answer(error("detail")) == (error.status, "1" if repeatable else None)


@pytest.mark.parametrize(("seconds", "header"), [(0.02, "1"), (1.2, "2"), (30, "30")])
def test_seconds_are_whole_and_never_too_short(seconds: float, header: str) -> None:
    assert _answer(UnavailableError("detail", retry_after=seconds)) == (503, header)


@pytest.mark.parametrize("value", ["\ufeff" * 100_000, ["\ufeff" * 100_000] * 100_000], ids=["text", "list"])
def test_an_answer_repeats_no_long_name_whole(value: str | list[str]) -> None:
    error = RegattaError("\ufeff" * 100_000, [{"field": value, "message": value}] * 100_000)
    # Each of the characters is three bytes.
    most = 3 * (MOST_DETAIL + MOST_ERRORS * 2 * MOST_ERRORS * (MOST_MESSAGE + 1)) + 10_000
    assert len(json.dumps(error.problem("/"), ensure_ascii=False).encode()) < most
