"""`Idempotency-Key` for requests that are answered at once: the first answer is kept for a day and repeated.

Training and comparing keep the key with a job in the bucket: see `functions.respond_async`.
"""

import asyncio
import base64
import hashlib
import json
import logging
import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, Any

from fastapi import Header, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator
from starlette.datastructures import UploadFile

from core.errors import InvalidInputError, KeyInUseError, KeyReusedError
from core.settings import settings
from core.storage.container import container
from core.storage.redis.bounded_reads import read_value
from core.storage.redis.entries import pack, unpack
from core.storage.redis.keys import ANSWER_SECONDS, idempotent_answer_key
from functions.http import caller_workspace
from functions.links import base_path
from functions.query_parameters import Handler, StrictRoute

log = logging.getLogger("regatta")

KEY_CHARACTERS = 255
# A request in progress extends its claim this often; the claim of a killed one expires after CLAIM_SECONDS.
RENEW_SECONDS = 5
CLAIM_SECONDS = 30
REPLAYED = "Idempotency-Replayed"
# What an answer to a POST may have, so that whatever a record says, a browser never takes an answer for a page.
CONTENT_TYPES = (
    "application/json",
    "text/csv; charset=utf-8",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
)
KEPT_HEADERS = (
    "content-disposition",
    "content-length",
    "content-type",
    "location",
    "preference-applied",
    "regatta-stale-seconds",
    "retry-after",
)
# A value with a line end would begin another header.
HEADER_VALUE = re.compile(r"[\x20-\x7e\x80-\xff]*")

KEY_DESCRIPTION = "the same key with the same request: done only once"
KEY_PARAMETER = {
    "name": "idempotency-key",
    "in": "header",
    "required": False,
    "description": KEY_DESCRIPTION,
    "schema": {"type": "string", "minLength": 1, "maxLength": KEY_CHARACTERS},
}

Key = Annotated[str | None, Header(min_length=1, max_length=KEY_CHARACTERS, description=KEY_DESCRIPTION)]


class IdempotentRoute(StrictRoute):
    """A route whose POST is carried out once for each key; other requests pass unchanged."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        """Make the route, and describe the key in the OpenAPI document of a POST."""
        if "POST" in (options.get("methods") or ()):
            described = dict(options.get("openapi_extra") or {})
            described["parameters"] = [*described.get("parameters", ()), KEY_PARAMETER]
            options["openapi_extra"] = described
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Handler:
        """Return the route's handler, preceded by the check of the key."""
        handle = super().get_route_handler()

        async def handle_once(request: Request) -> Response:
            key = request.headers.get("idempotency-key")
            if key is None or request.method != "POST" or not container().redis.configured:
                return await handle(request)
            if not 1 <= len(key) <= KEY_CHARACTERS:
                errors = [{"field": "idempotency-key", "message": f"has 1 to {KEY_CHARACTERS} characters"}]
                raise InvalidInputError("The Idempotency-Key is not usable. A random UUID is one.", errors)
            return await _carry_out_once(request, key, handle)

        return handle_once


async def _carry_out_once(request: Request, key: str, handle: Handler) -> Response:
    """Carry out a request and keep its answer, or repeat the answer of the first one with this key."""
    path = request.url.path.removeprefix(base_path())
    digest = hashlib.sha256(json.dumps([path, key]).encode()).hexdigest()
    record = Record(idempotent_answer_key((await caller_workspace(request)).name, digest), await _fingerprint(request))
    # In threads: Redis may be slow.
    earlier = await run_in_threadpool(record.claim)
    if earlier is not None:
        await request.close()
        return _replay(earlier, record)
    renewal = asyncio.create_task(_renew_claim(record))
    try:
        response = await handle(request)
    except BaseException:
        await run_in_threadpool(record.release)
        raise
    finally:
        renewal.cancel()
        with suppress(asyncio.CancelledError):
            await renewal
    await run_in_threadpool(record.keep, response)
    return response


def _check_base64(text: str) -> str:
    """Return the text if it is Base64; raises `ValueError`."""
    base64.b64decode(text, validate=True)
    return text


Base64 = Annotated[str, AfterValidator(_check_base64)]


class Answer(BaseModel):
    """The answer to a request as its record has it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    fingerprint: str
    status: int = Field(ge=200, lt=400)
    # By name, in small letters.
    headers: dict[str, str]
    body: Base64

    @field_validator("headers")
    @classmethod
    def _check_headers(cls, headers: dict[str, str]) -> dict[str, str]:
        """Raise `ValueError` for a header, or a type of content, that no answer of ours has."""
        is_known = (
            headers.keys() <= set(KEPT_HEADERS) and headers.get("content-type", CONTENT_TYPES[0]) in CONTENT_TYPES
        )
        if not is_known or not all(HEADER_VALUE.fullmatch(value) for value in headers.values()):
            raise ValueError("no answer has these headers")
        return headers

    def response(self) -> Response:
        """Return the answer once more."""
        response = Response(base64.b64decode(self.body), status_code=self.status)
        response.raw_headers = [(name.encode(), value.encode("latin-1")) for name, value in self.headers.items()]
        response.headers[REPLAYED] = "true"
        return response


class Claim(BaseModel):
    """A request in progress as its record has it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    fingerprint: str
    token: str


class Record:
    """The record of one key in Redis: its request is in progress, or this was the answer.

    When Redis does not answer, or has something else there, the request is carried out as one without a key.
    """

    def __init__(self, name: str, fingerprint: str) -> None:
        self.fingerprint = fingerprint
        self._name = name
        claim = Claim(fingerprint=fingerprint, token=secrets.token_hex(8))
        self._claim = pack(name, claim.model_dump_json().encode())

    def claim(self) -> Answer | Claim | None:
        """Claim the key; return None on success, else the record of the earlier request."""

        def exchange(client: Any) -> Answer | Claim | None:
            if client.set(self._name, self._claim, nx=True, ex=CLAIM_SECONDS):
                return None
            return self._read_or_replace(client)

        earlier: Answer | Claim | None = container().redis.run_on(self._name, exchange, None)
        return earlier

    def _read_or_replace(self, client: Any) -> Answer | Claim | None:
        """Return what is there; claim the key in place of something that we have not stored."""
        from redis.exceptions import WatchError

        with client.pipeline() as pipeline:
            pipeline.watch(self._name)
            earlier = _parse_record(unpack(self._name, read_value(pipeline, self._name, _most_bytes())))
            if earlier is None:
                pipeline.multi()
                pipeline.set(self._name, self._claim, ex=CLAIM_SECONDS)
                try:
                    pipeline.execute()
                except WatchError:  # another request with this key was faster
                    return Claim(fingerprint=self.fingerprint, token="")
            return earlier

    def renew(self) -> None:
        """Extend the claim while the request is in progress."""
        container().redis.run(lambda client: client.expire(self._name, CLAIM_SECONDS), None)

    def keep(self, response: Response) -> None:
        """Store the answer; an error is not stored, so that the key can be used again."""
        body = getattr(response, "body", None)
        if response.status_code >= 400 or body is None or len(body) > settings().cache_redis_entry_bytes:
            self.release()
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.raw_headers}
        try:
            answer = Answer(
                fingerprint=self.fingerprint,
                status=response.status_code,
                headers={name: value for name, value in headers.items() if name in KEPT_HEADERS},
                body=base64.b64encode(body).decode(),
            )
        except ValidationError:
            log.error("an answer of type %s is not kept for its Idempotency-Key", headers.get("content-type"))
            self.release()
            return
        stored = pack(self._name, answer.model_dump_json().encode())
        container().redis.store(self._name, lambda client: client.set(self._name, stored, ex=ANSWER_SECONDS))

    def release(self) -> None:
        """Release the claim, if it is still ours."""

        def delete_own(client: Any) -> None:
            if read_value(client, self._name, len(self._claim)) == self._claim:
                client.delete(self._name)

        container().redis.run_on(self._name, delete_own, None)


def _parse_record(record: bytes | None) -> Answer | Claim | None:
    """Return what a record says; None where it says nothing that this version has stored."""
    for kind in (Answer, Claim):
        with suppress(ValidationError):
            return kind.model_validate_json(record or b"")
    return None


def _most_bytes() -> int:
    """Return the most bytes of a record: Base64 makes four of three, and JSON adds the headers."""
    return 2 * settings().cache_redis_entry_bytes + (64 << 10)


def _replay(earlier: Answer | Claim, record: Record) -> Response:
    """Return the kept answer; raises `KeyReusedError` for another request, `KeyInUseError` while the first one runs."""
    if earlier.fingerprint != record.fingerprint:
        raise KeyReusedError(
            "This Idempotency-Key came with another request before. Send a new key with a new request."
        )
    if isinstance(earlier, Claim):
        raise KeyInUseError("The first request with this Idempotency-Key is being answered. Send it again in a moment.")
    return earlier.response()


async def _renew_claim(record: Record) -> None:
    """Renew the claim every few seconds until cancelled."""
    while True:
        await asyncio.sleep(RENEW_SECONDS)
        await run_in_threadpool(record.renew)


async def _fingerprint(request: Request) -> str:
    """Return the digest of a request; of a form that of its fields and files, since its bytes differ each time."""
    digest = hashlib.sha256(request.url.query.encode())
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        digest.update(await request.body())
        return digest.hexdigest()
    for name, value in (await request.form()).multi_items():
        if isinstance(value, UploadFile):
            digest.update(json.dumps([name, value.filename, value.size]).encode())
            while chunk := await value.read(1 << 20):
                digest.update(chunk)
            await value.seek(0)
        else:
            digest.update(json.dumps([name, value]).encode())
    return digest.hexdigest()
