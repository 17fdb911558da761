"""`Idempotency-Key` for requests that are answered at once: the first answer is kept for a day and repeated.

Training and comparing keep the key with a job in the bucket: see `functions.respond_async`.
"""

import asyncio
import base64
import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, Any

from fastapi import Header, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from core.errors import InvalidInputError, KeyInUseError, KeyReusedError
from core.settings import settings
from core.storage.container import container
from core.storage.idempotency_records import CLAIM_SECONDS, Answer, Claim, Record
from core.storage.redis.keys import idempotent_answer_key
from core.storage.redis.shares import RedisShares
from functions.http import caller_workspace
from functions.links import base_path
from functions.query_parameters import Handler, StrictRoute

KEY_CHARACTERS = 255
# A request in progress extends its claim several times before it would expire.
RENEW_SECONDS = CLAIM_SECONDS // 6
REPLAYED = "Idempotency-Replayed"
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
    workspace = await caller_workspace(request)
    name = idempotent_answer_key(workspace.name, digest)
    record = Record(container().redis, name, await _fingerprint(request))
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
    await run_in_threadpool(_keep, workspace.name, name, record, response)
    return response


def _replay(earlier: Answer | Claim, record: Record) -> Response:
    """Return the kept answer; raises `KeyReusedError` for another request, `KeyInUseError` while the first one runs."""
    if earlier.fingerprint != record.fingerprint:
        raise KeyReusedError(
            "This Idempotency-Key came with another request before. Send a new key with a new request."
        )
    if isinstance(earlier, Claim):
        raise KeyInUseError("The first request with this Idempotency-Key is being answered. Send it again in a moment.")
    response = Response(base64.b64decode(earlier.body), status_code=earlier.status)
    response.raw_headers = [(name.encode(), value.encode("latin-1")) for name, value in earlier.headers.items()]
    response.headers[REPLAYED] = "true"
    return response


def _keep(workspace: str, name: str, record: Record, response: Response) -> None:
    """Keep the answer; an error, a stream and what is too large are not kept, so that the key can be used again.

    It counts as what the workspace has in Redis.
    """
    body = getattr(response, "body", None)
    if response.status_code >= 400 or body is None or len(body) > settings().cache_redis_entry_bytes:
        record.release()
        return
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.raw_headers}
    share = container().quotas.ask(workspace).redis_bytes
    kept_bytes = record.keep(response.status_code, headers, body, share)
    if share is not None and kept_bytes:
        shares = RedisShares(container().redis, settings().cache_ttl_seconds)
        shares.answered(workspace, name, kept_bytes, share)


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
