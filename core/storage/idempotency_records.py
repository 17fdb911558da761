"""The records of `Idempotency-Key` in Redis: that a request is in progress, or what the answer was."""

import base64
import logging
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator

from core.settings import settings
from core.storage.redis.bounded_reads import read_value
from core.storage.redis.entries import pack, unpack
from core.storage.redis.keys import ANSWER_SECONDS
from core.storage.redis.redis_client import RedisClient

# The claim of a killed request expires after so long.
CLAIM_SECONDS = 30
# What an answer to a POST may have, so that whatever a record says, a browser never takes an answer for a page.
CONTENT_TYPES = (
    "application/json",
    "text/csv; charset=utf-8",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/x-ndjson",
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


log = logging.getLogger("regatta")


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


class Claim(BaseModel):
    """A request in progress as its record has it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    fingerprint: str
    token: str


class Record:
    """The record of one key in Redis: its request is in progress, or this was the answer.

    When Redis does not answer, or has something else there, the request is carried out as one without a key.
    """

    def __init__(self, redis: RedisClient, name: str, fingerprint: str) -> None:
        self._redis = redis
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

        earlier: Answer | Claim | None = self._redis.run_on(self._name, exchange, None)
        return earlier

    def _read_or_replace(self, client: Any) -> Answer | Claim | None:
        """Return what is there; claim the key in place of something that we have not stored."""
        from redis.exceptions import WatchError

        with client.pipeline() as pipeline:
            pipeline.watch(self._name)
            earlier = _parse_record(unpack(self._name, read_value(pipeline, self._name, _most_bytes())))
            # A claim that does not expire soon was put back by somebody else, and would refuse its key for ever.
            if earlier is None or (isinstance(earlier, Claim) and not 0 <= pipeline.ttl(self._name) <= CLAIM_SECONDS):
                pipeline.multi()
                pipeline.set(self._name, self._claim, ex=CLAIM_SECONDS)
                try:
                    pipeline.execute()
                except WatchError:  # another request with this key was faster
                    return Claim(fingerprint=self.fingerprint, token="")
                return None
            return earlier

    def renew(self) -> None:
        """Extend the claim while the request is in progress."""
        self._redis.run(lambda client: client.expire(self._name, CLAIM_SECONDS), None)

    def keep(self, status: int, headers: Mapping[str, str], body: bytes, most_bytes: int | None = None) -> int:
        """Store the answer, and return how many bytes Redis keeps; `headers` are by name, in small letters.

        One of an unknown type, or of more than `most_bytes`, is not stored.
        """
        try:
            answer = Answer(
                fingerprint=self.fingerprint,
                status=status,
                headers={name: value for name, value in headers.items() if name in KEPT_HEADERS},
                body=base64.b64encode(body).decode(),
            )
        except ValidationError:
            log.error("an answer of type %s is not kept for its Idempotency-Key", headers.get("content-type"))
            self.release()
            return 0
        stored = pack(self._name, answer.model_dump_json().encode())
        if most_bytes is not None and len(stored) > most_bytes:
            self.release()
            return 0
        self._redis.store(self._name, lambda client: client.set(self._name, stored, ex=ANSWER_SECONDS))
        return len(stored)

    def release(self) -> None:
        """Release the claim, if it is still ours."""

        def delete_own(client: Any) -> None:
            if read_value(client, self._name, len(self._claim)) == self._claim:
                client.delete(self._name)

        self._redis.run_on(self._name, delete_own, None)


def _parse_record(record: bytes | None) -> Answer | Claim | None:
    """Return what a record says; None where it says nothing that this version has stored."""
    for kind in (Answer, Claim):
        with suppress(ValidationError):
            return kind.model_validate_json(record or b"")
    return None


def _most_bytes() -> int:
    """Return the most bytes of a record: Base64 makes four of three, and JSON adds the headers."""
    return 2 * settings().cache_redis_entry_bytes + (64 << 10)
