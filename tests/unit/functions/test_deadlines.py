"""The deadline of a request: what answers it inherits it, and who waits hears of it in time."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from fastapi import APIRouter, Request

from core.deadlines import deadline, remaining
from core.settings import Settings
from functions import deadlines
from functions.deadlines import DeadlineMiddleware, seconds_for
from functions.http import create_app

CHOSEN = Settings(request_seconds=28, predict_seconds=5, status_seconds=2, job_seconds=3600)
# Nothing takes as long, unless what is tested is broken.
NEVER = 60.0


@pytest.mark.parametrize(
    ("path", "seconds"),
    [
        ("/", 28),
        ("/data/info", 28),
        ("/jobs/1/cancel", 28),
        ("/predict", 5),
        ("/system/status", 2),
        ("/v2/health/ready", 2),
        ("/readyz", 2),
        ("/predict/batch", 3630),
        ("/model/train", 3630),
        ("/data/files/1/reading", 3630),
        ("/v2/models/boat/versions/1/infer", 3630),
        ("/model/artifact/boat", 3630),
    ],
)
def test_the_deadline_is_that_of_the_kind_of_request(path: str, seconds: float) -> None:
    assert seconds_for(path, CHOSEN) == seconds


def exchange(router: APIRouter, method: str, path: str, answered: Event) -> list[dict[str, Any]]:
    """Return the messages with which the app answers; `answered` is set once the answer is complete."""
    scope = {"type": "http", "method": method, "path": path, "root_path": "", "query_string": b"", "headers": []}
    messages: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        messages.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            answered.set()

    app: Any = create_app(router)
    with ThreadPoolExecutor(1) as thread:  # Mangum's loop is this thread's
        thread.submit(asyncio.run, app(scope, receive, send)).result(NEVER)
    return messages


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "settings", lambda: Settings(request_seconds=0.05, predict_seconds=0.05))


@pytest.mark.parametrize(
    ("method", "path", "words"),
    [
        ("GET", "/slow", "Try again"),
        ("POST", "/slow", "may have been carried out all the same"),
        ("POST", "/predict", "Try again"),
    ],
)
def test_who_waits_too_long_is_answered_while_the_work_goes_on(short: None, method: str, path: str, words: str) -> None:
    router, answered = APIRouter(), Event()

    @router.api_route(path, methods=[method])
    def slow() -> str:
        assert answered.wait(NEVER), "the answer waits for the work"
        return "late"

    start, body = exchange(router, method, path, answered)
    headers = dict(start["headers"])
    assert (start["status"], headers[b"retry-after"]) == (503, b"1")
    assert headers[b"content-type"] == b"application/problem+json"
    assert b"urn:regatta:problem:deadline-exceeded" in body["body"]
    assert words.encode() in body["body"]
    assert b"regatta-version" in headers


def test_a_body_that_comes_too_slowly_is_no_fault_of_ours(short: None) -> None:
    router, messages = APIRouter(), []

    @router.post("/slow")
    async def read(request: Request) -> str:
        return (await request.body()).decode()

    async def upload() -> None:
        begun = iter([{"type": "http.request", "body": b"a", "more_body": True}])
        answered = asyncio.Event()

        async def receive() -> dict[str, Any]:
            if (message := next(begun, None)) is not None:
                return message
            await answered.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            messages.append(message)
            answered.set()

        scope = {"type": "http", "method": "POST", "path": "/slow", "root_path": "", "query_string": b"", "headers": []}
        await create_app(router)(scope, receive, send)

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, upload()).result(NEVER)
    start, body = messages
    headers = dict(start["headers"])
    assert (start["status"], headers[b"connection"]) == (408, b"close")
    assert b"urn:regatta:problem:slow-body" in body["body"]


def test_an_answer_that_has_begun_goes_on() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def talk() -> None:
        receive: Any = send
        answer = deadlines._Answer({"type": "http"}, 1.0, receive, send)
        for message in ("start", "body"):
            await answer.send({"type": f"http.response.{message}"})
            answer.give_up()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, talk()).result(NEVER)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]


def test_what_answers_a_request_inherits_its_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "settings", lambda: CHOSEN)
    router = APIRouter()

    @router.get("/thread")
    def thread() -> float | None:
        return remaining()

    @router.get("/loop")
    async def loop() -> float | None:
        return remaining()

    for path in ("/thread", "/loop"):
        _, body = exchange(router, "GET", path, Event())
        assert 0 < float(body["body"]) <= CHOSEN.request_seconds
    assert remaining() is None


def test_an_app_that_ends_in_the_moment_of_the_deadline_leaves_an_answer() -> None:
    async def answers_too_late(scope: Any, receive: Any, send: Any) -> None:
        send.__self__.give_up()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    messages: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        messages.append(message)

    scope = {"type": "http", "method": "GET", "path": "/readyz", "root_path": "", "query_string": b"", "headers": []}

    async def statuses() -> list[int | None]:
        await DeadlineMiddleware(answers_too_late)(scope, receive, send)
        return [message.get("status") for message in messages]

    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(asyncio.run, statuses()).result(NEVER) == [503, None]


@pytest.mark.parametrize(
    ("method", "path", "words"),
    [
        ("POST", "/model/train", b"respond-async"),
        ("POST", "/data/files/1/reading", b"respond-async"),
        ("POST", "/predict/batch", b"respond-async"),
        ("GET", "/data/download", b"ask for less"),
    ],
)
def test_an_invocation_that_ends_is_left_with_an_answer(method: str, path: str, words: bytes) -> None:
    router, left, messages = APIRouter(), Event(), []

    @router.api_route(path, methods=[method])
    def slow() -> str:
        assert left.wait(NEVER), "the call of the app waits for the work"
        return "late"

    bodies = iter([{"type": "http.request", "body": b""}])

    async def receive() -> dict[str, Any]:
        if (message := next(bodies, None)) is None:
            await asyncio.Event().wait()
        return message or {}

    async def send(message: Any) -> None:
        messages.append(message)

    def invoke() -> None:
        scope = {"type": "http", "method": method, "path": path, "root_path": "", "query_string": b"", "headers": []}
        app: Any = create_app(router)
        loop = asyncio.new_event_loop()
        with deadline(0.05):
            loop.run_until_complete(app(scope, receive, send))
        left.set()
        loop.run_until_complete(
            asyncio.gather(*asyncio.all_tasks(loop), return_exceptions=True)
        )  # as the next invocation does
        loop.close()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(invoke).result(NEVER)
    start, body = messages
    assert (start["status"], dict(start["headers"])[b"content-type"]) == (503, b"application/problem+json")
    assert words in body["body"]
