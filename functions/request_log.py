"""The id of each request, the headers that every answer has, and the one line that the log has of it."""

import logging
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core import __version__
from core.telemetry.facts import Facts, collecting
from core.telemetry.log import log_event
from core.telemetry.metrics import count, observe
from core.telemetry.request_id import HEADER, serving_request
from core.telemetry.tracing import describe_span, is_tracing, span
from functions.operation_ids import OPERATION_IDS

if TYPE_CHECKING:
    from opentelemetry.trace import Span

VERSION_HEADER = (b"regatta-version", __version__.encode())
ID_HEADER = HEADER.lower().encode()
# The caller went away before there was an answer: nginx's number for it.
GONE = 499
NO_OPERATION = "none"
UNTRACED = nullcontext()

_is_cold = True


class RequestLogMiddleware:
    """Serves each request with the id of its X-Request-Id, or a new one, and writes a line about it.

    Every answer has the id, and Regatta-Version: a client knows by it that this is Regatta at all. The line has no
    path, query, header or body: the path of the route has the names of its parameters in place of their values.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start = time.perf_counter()
        status, has_gone = 0, False
        with (
            serving_request(_header(scope, ID_HEADER) or _id_of_gateway(scope)) as request_id,
            span("request", _header(scope, b"traceparent"), "server") if is_tracing() else UNTRACED as traced,
            collecting() as facts,
        ):
            headers = (VERSION_HEADER, (ID_HEADER, request_id.encode()))

            async def receive_or_note() -> Message:
                nonlocal has_gone
                message = await receive()
                has_gone = has_gone or (message["type"] == "http.disconnect" and not status)
                return message

            async def send_with_headers(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                    message = {**message, "headers": [*message.get("headers", ()), *headers]}
                await send(message)

            try:
                await self.app(scope, receive_or_note, send_with_headers)
            except Exception:
                # Starlette raises an unexpected error again after its answer, for servers that would log it.
                if not status:
                    raise
            finally:
                _finish(scope, GONE if has_gone else status or GONE, time.perf_counter() - start, facts, traced)


def _header(scope: Scope, name: bytes) -> str | None:
    value: bytes | None = next((value for found, value in scope["headers"] if found == name), None)
    return None if value is None else value.decode("latin-1")


def _id_of_gateway(scope: Scope) -> str | None:
    """Return the id that the gateway has in its access log; None where there is no gateway."""
    found: str | None = scope.get("aws.event", {}).get("requestContext", {}).get("requestId")
    return found


def _finish(scope: Scope, status: int, seconds: float, facts: Facts, traced: "Span | None") -> None:
    """Count the request and write its line."""
    global _is_cold  # noqa: PLW0603
    route = getattr(scope.get("route"), "path", None)
    operation = OPERATION_IDS.get((scope["method"], route or ""), NO_OPERATION)
    count("requests", operation, str(status))
    observe("request_seconds", seconds, operation)
    if "problem" in facts:
        count("errors", facts["problem"])
    fields: dict[str, Any] = {
        "workspace": facts.pop("workspace", None),
        "operation": operation,
        "method": scope["method"],
        "route": route,
        "status": status,
        "duration_ms": round(1000 * seconds, 2),
        "cold_start": _is_cold,
        **facts,
    }
    if (context := scope.get("aws.context")) is not None:
        fields["lambda_request_id"] = getattr(context, "aws_request_id", None)
    _is_cold = False
    describe_span(traced, f"{scope['method']} {route or ''}".rstrip(), fields, failed=status >= 500)
    log_event("request", logging.ERROR if status >= 500 else logging.INFO, **fields)
