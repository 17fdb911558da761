"""The door of the emulated AWS: who comes from a foreign page, or without the credentials of the home, stays outside.

MiniStack lets everybody do everything, and tells browsers so (`Access-Control-Allow-Origin: *`). Behind this door only
two things need no signature: the routes of the emulated API Gateway, which is as open as the web apps are, and
`/_ministack/health`.
"""

import hashlib
import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qs, quote
from uuid import uuid4

from ministack import app as ministack
from ministack.core.iam_actions import access_denied_response
from ministack.core.router import detect_service
from ministack.core.sigv4 import UNSIGNED_PAYLOAD, decode_header_value
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import ForeignPageError
from core.settings import Settings
from functions.browser_origin import FOREIGN_HOST, FOREIGN_PAGE, LOOPBACK, Doors
from functions.problems import PROBLEM_JSON
from infra.local.emulator_signatures import MISMATCH, Failure, Verifier, declared_digest, is_signed_in_chunks
from infra.local.signed_chunks import UNSIGNED_WITH_TRAILER, ChunkRefusedError

log = logging.getLogger("ministack")

HEALTH = "/_ministack/health"
GATEWAY = re.compile(r"/restapis/[^/]+/[^/]+/_user_request_(/.*)?", re.DOTALL)
BUCKET = re.compile(r"/[a-z0-9][a-z0-9.-]{2,62}/?")
# What a form may bring along: nothing that would lead MiniStack to another service.
FORM_HEADERS = frozenset(
    {"host", "content-type", "content-length", "transfer-encoding", "origin", "accept", "user-agent", "expect"}
)
# What a request says in place of a digest where its signature covers nothing of the body.
UNSIGNED_BODIES = (UNSIGNED_PAYLOAD, UNSIGNED_WITH_TRAILER)
# The bodies of requests whose headers have no digest: messages of queues, templates. Uploads have one.
MOST_BYTES = 64 << 20
POLICY_VIOLATION = 1008
CORS = b"access-control-"
# A page from the bucket may run its scripts, but is of no origin, so that it cannot call.
SANDBOX = (b"content-security-policy", b"sandbox allow-scripts allow-downloads allow-popups")


class BodyRefusedError(Exception):
    """The body is another one than was signed."""


class Door:
    """Wraps MiniStack: refuses, or passes a request on and takes its CORS headers off the answer."""

    def __init__(self, app: ASGIApp, settings: Settings, verifier: Verifier) -> None:
        self._app = app
        self._verifier = verifier
        doors = Doors.of(settings)
        names = [f"[{name}]" if ":" in name else name for name in LOOPBACK]
        own = {f"http://{name}:{settings.port}" for name in names}
        # The pages of the web apps upload to the bucket and download from it.
        self._doors = replace(doors, origins=doors.origins | own)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; refuse every WebSocket."""
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
        else:
            await self._app(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw, headers = dict(scope["headers"]), _headers(scope)
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        route = GATEWAY.fullmatch(scope["path"])
        if "host" not in headers or not self._doors.knows_host(raw[b"host"]):
            await _refuse_page(scope, send, FOREIGN_HOST)
            return
        if route or not _is_download(scope, raw, query):
            path = (route[1] or "/") if route else scope["path"]
            reason = self._doors.refusal(scope["method"], path, raw)
            if reason is not None:
                await _refuse_page(scope, send, reason)
                return
        if route and ministack._parse_execute_api_url(headers["host"], scope["path"]) is not None:
            await self._app(scope, receive, send)
            return
        origin = raw.get(b"origin")
        answer = _Answer(send, origin if origin is not None and self._doors.may_call(origin) else None)
        if scope["method"] == "OPTIONS":
            await self._answer_preflight(scope, send, answer)
        elif scope["path"] == HEALTH and scope["method"] == "GET":
            await self._app(scope, receive, answer)
        elif _is_form(scope, headers):
            kept = [(name, value) for name, value in scope["headers"] if name.decode("latin-1") in FORM_HEADERS]
            await self._app({**scope, "headers": kept}, receive, answer)
        else:
            await self._serve_signed(scope, headers, query, receive, answer)

    async def _serve_signed(
        self, scope: Scope, headers: dict[str, str], query: dict[str, Any], receive: Receive, answer: "_Answer"
    ) -> None:
        """Pass a request on that is signed; the body is read first where the signature covers no digest of it."""
        raw_path = (scope.get("raw_path") or quote(scope["path"]).encode()).decode("latin-1")
        signed = (scope["method"], raw_path, query, headers)
        digest, body = declared_digest(headers, query), None
        failure = self._verifier.request_failure(*signed)
        if digest is None and failure in (None, MISMATCH):  # only who names the access key is listened to
            body = await _read(receive)
            failure = self._verifier.request_failure(*signed, body)
        if failure is not None:
            await _refuse_caller(scope, headers, query, answer, failure)
            return
        try:
            await self._app(scope, self._verified(headers, digest or "", body, receive), answer)
        except BodyRefusedError:
            await _refuse_caller(scope, headers, query, answer, MISMATCH)

    def _verified(self, headers: dict[str, str], digest: str, body: bytes | None, receive: Receive) -> Receive:
        """Return a `receive` whose body is the signed one; `body` is what was read and verified already."""
        if body is not None:
            return _again(body, receive)
        if digest in UNSIGNED_BODIES:
            return receive
        if is_signed_in_chunks(digest):
            chunks = self._verifier.signed_chunks(headers)
            return _checking(receive, chunks.update, chunks.end)
        found = hashlib.sha256()

        def end() -> None:
            if found.hexdigest() != digest:
                raise BodyRefusedError

        return _checking(receive, found.update, end)

    async def _answer_preflight(self, scope: Scope, send: Send, answer: "_Answer") -> None:
        if answer.origin is None:
            await _refuse_page(scope, send, FOREIGN_PAGE)
            return
        headers = [
            (b"access-control-allow-methods", b"GET, PUT, POST, HEAD"),
            (b"access-control-allow-headers", b"*"),
            (b"access-control-max-age", b"600"),
        ]
        await _send(answer, 204, headers, b"")


class _Answer:
    """Sends an answer of MiniStack with CORS headers for a page that may call, and without any for others."""

    def __init__(self, send: Send, origin: bytes | None) -> None:
        self._send = send
        self.origin = origin

    async def __call__(self, message: Message) -> None:
        """Send one message."""
        if message["type"] == "http.response.start":
            kept = [(name, value) for name, value in message["headers"] if self._is_kept(name.lower())]
            message = {**message, "headers": [*kept, SANDBOX, *self._cors()]}
        await self._send(message)

    def _is_kept(self, name: bytes) -> bool:
        return not name.startswith(CORS) or (self.origin is not None and name != b"access-control-allow-origin")

    def _cors(self) -> list[tuple[bytes, bytes]]:
        if self.origin is None:
            return [(b"vary", b"Origin")]
        return [(b"access-control-allow-origin", self.origin), (b"vary", b"Origin")]


def _headers(scope: Scope) -> dict[str, str]:
    """Return the headers as MiniStack reads them: those with one name are joined."""
    headers: dict[str, str] = {}
    for raw_name, value in scope["headers"]:
        name, text = raw_name.decode("latin-1").lower(), decode_header_value(value)
        headers[name] = f"{headers[name]}, {text}" if name in headers else text
    return headers


def _is_download(scope: Scope, headers: Mapping[bytes, bytes], query: Mapping[str, Any]) -> bool:
    """Return whether a window of the browser opens a presigned URL; its signature has yet to be verified."""
    is_opened = headers.get(b"sec-fetch-mode") == b"navigate" and headers.get(b"sec-fetch-dest") == b"document"
    return scope["method"] == "GET" and is_opened and "X-Amz-Signature" in query


def _is_form(scope: Scope, headers: Mapping[str, str]) -> bool:
    """Return whether it is a form for a bucket: MiniStack checks its policy, and the verifier its signature there."""
    return (
        scope["method"] == "POST"
        and not scope["query_string"]
        and "authorization" not in headers
        and headers.get("content-type", "").startswith("multipart/form-data")
        and BUCKET.fullmatch(scope["path"]) is not None
        and detect_service("POST", scope["path"], {k: v for k, v in headers.items() if k in FORM_HEADERS}, {}) == "s3"
    )


async def _read(receive: Receive) -> bytes:
    """Return the body; what is beyond the limit is left out, so that the signature does not fit."""
    pieces, size = [], 0
    while size <= MOST_BYTES:
        message = await receive()
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if not message.get("more_body"):
            break
    return b"".join(pieces)


def _again(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives the body that was read, and then what comes after it."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def give() -> Message:
        return waiting.pop() if waiting else await receive()

    return give


def _checking(receive: Receive, update: Callable[[bytes], None], end: Callable[[], None]) -> Receive:
    """Return a `receive` that raises `BodyRefusedError` in place of a body, or its end, that is not what was signed.

    `update` takes each piece of it, `end` is called at its end; either raises.
    """

    async def check() -> Message:
        message = await receive()
        if message["type"] == "http.request":
            try:
                update(message.get("body", b""))
                if not message.get("more_body"):
                    end()
            except ChunkRefusedError as error:
                raise BodyRefusedError from error
        return message

    return check


async def _refuse_page(scope: Scope, send: Send, reason: str) -> None:
    log.warning("a request of a foreign page was refused (%s)", "host" if reason is FOREIGN_HOST else "origin")
    body = ForeignPageError(reason).problem(quote(scope["path"]))
    await _send(send, 403, [(b"content-type", PROBLEM_JSON.encode())], json.dumps(body).encode())


async def _refuse_caller(
    scope: Scope, headers: dict[str, str], query: dict[str, Any], send: Send, failure: Failure
) -> None:
    """Refuse a request without the right signature, in the form in which the service of AWS does."""
    log.warning("a request without the credentials of this home was refused (%s)", failure[0])
    service = detect_service(scope["method"], scope["path"], headers, query)
    code, message = failure
    _, found, body = access_denied_response(
        service, "", "", str(uuid4()), error_code=code, message=message, headers=headers
    )
    named = [(name.lower().encode(), str(value).encode()) for name, value in found.items()]
    await _send(send, 403, named, b"" if scope["method"] == "HEAD" else body)


async def _send(send: Send | _Answer, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    own = [(b"content-length", str(len(body)).encode()), (b"date", formatdate(usegmt=True).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *own]})
    await send({"type": "http.response.body", "body": body})
