"""Long work ends when its caller leaves; the log has that nobody was answered, and no fault of ours."""

import asyncio
import threading
from typing import Any

import pytest
from fastapi import APIRouter

from core.departures import check_departure, ends_with_caller
from functions.http import create_app
from tests.support.asgi import ask, run_async
from tests.support.waiting import wait_for

router = APIRouter()
began, ended = threading.Event(), threading.Event()


def _work() -> None:
    assert ends_with_caller()
    began.set()
    try:
        wait_for(check_departure)
    finally:
        ended.set()


@router.post("/model/train")
def train(body: dict[str, Any]) -> None:
    _work()


@router.get("/data/outliers")
def outliers() -> None:
    _work()


@router.post("/predict/batch")
def echo(body: dict[str, Any]) -> dict[str, Any]:
    return body


@router.get("/jobs")
def jobs() -> dict[str, bool]:
    return {"ends": ends_with_caller()}


app = create_app(router)


@pytest.mark.parametrize(("method", "path", "body"), [("POST", "/model/train", b"{}"), ("GET", "/data/outliers", b"")])
def test_work_ends_when_its_caller_leaves(method: str, path: str, body: bytes) -> None:
    began.clear()
    ended.clear()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))] if body else []
    scope = {"type": "http", "method": method, "path": path, "raw_path": b"", "query_string": b"", "headers": headers}
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop()
        while not began.is_set():
            await asyncio.sleep(0.01)
        return {"type": "http.disconnect"}

    sent = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    run_async(lambda: app(scope, receive, send))
    assert ended.is_set()
    assert sent[0]["status"] == 499


def test_short_requests_are_not_watched() -> None:
    assert ask(app, "GET", "/jobs").json() == {"ends": False}


def test_a_body_that_does_not_say_its_length_is_read() -> None:
    sent: list[dict[str, Any]] = []
    headers = [(b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/predict/batch", "raw_path": b"", "query_string": b""}
    messages = [{"type": "http.request", "body": b'{"x": 1}', "more_body": False}]

    async def receive() -> dict[str, Any]:
        if not messages:
            await asyncio.Event().wait()
        return messages.pop()

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def ask_with_patience() -> None:
        await asyncio.wait_for(app({**scope, "headers": headers}, receive, send), 60)

    run_async(ask_with_patience)
    assert sent[1]["body"] == b'{"x":1}'
