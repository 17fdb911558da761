"""A service by script for tests of the Python client, and clients of it that wait for nothing."""

from collections.abc import Callable
from typing import Any

import httpx

from regatta import AsyncRegatta, Regatta, Retries, __version__

URL = "http://service"
VERSION = {"Regatta-Version": __version__}
# Full jitter without any luck: no pause at all.
AT_ONCE = Retries(random=lambda: 0.0)

Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class ScriptedService:
    """Answers each call with the next of its answers; the last one stays. It keeps the requests."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            # A response can be read once.
            return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)
        return answer(request)

    @property
    def calls(self) -> list[str]:
        """What was called, as `GET /data/files`."""
        return [f"{request.method} {request.url.path}" for request in self.requests]


def answer(body: Any = None, status: int = 200, **headers: str) -> httpx.Response:
    """An answer of Regatta; `headers` with underscores for hyphens."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json={} if body is None else body, headers={**VERSION, **sent})


def problem(slug: str, status: int, detail: str = "Do this.", **more: Any) -> httpx.Response:
    """A refusal of Regatta. `retry_after` is a header, anything else a field of the document."""
    headers = {"Retry_After": more.pop("retry_after")} if "retry_after" in more else {}
    body = {"type": f"urn:regatta:problem:{slug}", "title": "T", "status": status, "detail": detail, **more}
    return answer(body, status, **headers)


def regatta(service: Callable[[httpx.Request], httpx.Response], url: str = URL, **options: Any) -> Regatta:
    """A client of a service in this process."""
    transport = httpx.MockTransport(service)
    return Regatta(url, transport=transport, **{"retries": AT_ONCE, **options})


def async_regatta(service: Callable[[httpx.Request], httpx.Response], url: str = URL, **options: Any) -> AsyncRegatta:
    """The same client as coroutines."""
    transport = httpx.MockTransport(service)
    return AsyncRegatta(url, transport=transport, **{"retries": AT_ONCE, **options})
