"""An S3 in memory, for tests of what goes wrong on the way to it: `tests.support.fault_proxy` is that way.

It knows what the service asks for: objects with conditions, copies, listings and deletions of several keys. Each
request is atomic, as in S3. It checks no signature.
"""

import hashlib
import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from io import BytesIO
from threading import Lock
from typing import Any, Protocol
from urllib.parse import parse_qs, quote, unquote, urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from urllib3 import HTTPResponse

from core.storage.s3.object_store import ObjectStore
from tests.support.hasty_client import hasten

META = "x-amz-meta-"
RANGE = re.compile(r"bytes=(\d+)-(\d+)")
DELETED_KEY = re.compile(r"<Key>(.*?)</Key>", re.DOTALL)

Answer = tuple[int, dict[str, str], bytes]


class Listed(Protocol):
    """What a listing says of an object."""

    @property
    def etag(self) -> str:
        """The MD5 of the bytes in quotes."""

    @property
    def size(self) -> int:
        """The number of bytes."""

    @property
    def written(self) -> datetime:
        """When it was written."""


@dataclass(frozen=True)
class StoredObject:
    """An object: its bytes, the headers that it was written with, and when."""

    body: bytes
    headers: dict[str, str]
    written: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def etag(self) -> str:
        """The MD5 of the bytes in quotes."""
        return f'"{hashlib.md5(self.body, usedforsecurity=False).hexdigest()}"'

    @property
    def size(self) -> int:
        """The number of bytes."""
        return len(self.body)


class MemoryS3:
    """The objects of one bucket, whatever it is called."""

    def __init__(self) -> None:
        self.objects: dict[str, StoredObject] = {}
        self.lock = Lock()

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        """Return the status, the headers and the body of the answer to a request; `target` is its path and query."""
        url = urlsplit(target)
        key = unquote(url.path).lstrip("/").partition("/")[2]
        query = {name: values[0] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
        with self.lock:
            status, described, content = _answer(self, method, key, query, headers, body)
        return status, {"Content-Length": str(len(content)), **described}, content

    def store(self, bucket: str) -> ObjectStore:
        """Return a store whose requests are answered in this process: a third of the work of a way over sockets."""

        def send(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
            headers = {name: _text(value) for name, value in request.headers.items()}
            body = request.body.read() if hasattr(request.body, "read") else request.body or b""
            status, described, content = self.answer(request.method, _target(request.url), headers, body)
            raw = HTTPResponse(
                BytesIO(content), described, status, preload_content=False, request_method=request.method
            )
            return AWSResponse(request.url, status, raw.headers, raw)

        store = ObjectStore(bucket, "http://127.0.0.1:9")  # where nobody answers
        hasten(store.client)
        store.client.meta.events.register_last("before-send.s3", send)
        return store


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _target(url: str) -> str:
    """Return the path of a URL, with its query."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def _answer(s3: MemoryS3, method: str, key: str, query: dict[str, str], headers: dict[str, str], body: bytes) -> Answer:
    if method == "PUT":
        return _put(s3, key, {name.lower(): value for name, value in headers.items()}, body)
    if method == "POST":
        for name in deleted_keys(body):
            s3.objects.pop(name, None)
        return 200, {}, b"<DeleteResult/>"
    if not key:
        return 200, {}, b"" if method == "HEAD" else listing(s3.objects, query)
    return _get(s3, method, key, {name.lower(): value for name, value in headers.items()})


def _get(s3: MemoryS3, method: str, key: str, headers: Mapping[str, str]) -> Answer:
    found = s3.objects.get(key)
    if found is None:
        return refusal(404, "NoSuchKey")
    if refused := unmet_condition(headers, found.etag):
        return refused
    described = {"ETag": found.etag, "Last-Modified": format_datetime(found.written, usegmt=True), **found.headers}
    if method == "HEAD":
        return 200, {**described, "Content-Length": str(len(found.body))}, b""
    if wanted := RANGE.fullmatch(headers.get("range", "")):
        start, end = int(wanted[1]), min(int(wanted[2]), found.size - 1)
        return 206, {**described, "Content-Range": f"bytes {start}-{end}/{found.size}"}, found.body[start : end + 1]
    return 200, described, found.body


def _put(s3: MemoryS3, key: str, headers: dict[str, str], body: bytes) -> Answer:
    before = s3.objects.get(key)
    if refused := unmet_condition(headers, None if before is None else before.etag):
        return refused
    kept = {name: value for name, value in headers.items() if name.startswith(META) or name == "content-type"}
    if source := headers.get("x-amz-copy-source"):
        original = s3.objects.get(unquote(source).lstrip("/").partition("/")[2])
        if original is None:
            return refusal(404, "NoSuchKey")
        kept = kept if headers.get("x-amz-metadata-directive") == "REPLACE" else original.headers
        body = original.body
    s3.objects[key] = stored = StoredObject(body, kept)
    copied = f"<CopyObjectResult><ETag>{html.escape(stored.etag)}</ETag></CopyObjectResult>" if source else ""
    return 200, {"ETag": stored.etag}, copied.encode()


def unmet_condition(headers: Mapping[str, str], etag: str | None) -> Answer | None:
    """Return the refusal of a write, by the ETag of the object that is there; None where its conditions hold."""
    if "if-none-match" in headers and etag is not None:
        return refusal(412, "PreconditionFailed")
    if "if-match" in headers and etag != headers["if-match"]:
        return refusal(404, "NoSuchKey") if etag is None else refusal(412, "PreconditionFailed")
    return None


def deleted_keys(body: bytes) -> list[str]:
    """Return the keys that a request for the deletion of several objects names."""
    return [html.unescape(name) for name in DELETED_KEY.findall(body.decode())]


def listing(objects: Mapping[str, Listed], query: Mapping[str, str]) -> bytes:
    """Return everything below the prefix on one page, as `list_objects_v2` does."""
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    after = query.get("start-after", "")
    items, folders = [], dict[str, None]()
    for key, stored in sorted(objects.items()):
        if not key.startswith(prefix) or key <= after:
            continue
        inner = key[len(prefix) :]
        if delimiter and delimiter in inner:
            folders[prefix + inner.partition(delimiter)[0] + delimiter] = None
            continue
        written = stored.written.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        items.append(
            f"<Contents><Key>{quote(key)}</Key><ETag>{html.escape(stored.etag)}</ETag><Size>{stored.size}</Size>"
            f"<LastModified>{written}</LastModified></Contents>"
        )
    common = "".join(f"<CommonPrefixes><Prefix>{quote(name)}</Prefix></CommonPrefixes>" for name in folders)
    inside = f"<EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>{''.join(items)}{common}"
    return f"<ListBucketResult>{inside}</ListBucketResult>".encode()


def refusal(status: int, code: str) -> Answer:
    """Return the answer of S3 that refuses a request."""
    return status, {}, f"<Error><Code>{code}</Code></Error>".encode()
