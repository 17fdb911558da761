"""moto's S3 without most of moto's work: it takes longer to read a request than botocore takes to make it.

The requests that the service makes all the time are answered right from moto's objects. Whatever else a request asks
for, moto answers itself.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from botocore.awsrequest import AWSPreparedRequest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import FakeBucket, FakeKey, s3_backends
from moto.s3.utils import metadata_from_headers

from tests.support.memory_s3 import RANGE, Answer, deleted_keys, listing, refusal, unmet_condition

HOST = re.compile(r"s3(\.[a-z0-9-]+)?\.amazonaws\.com")
# With another header, a request asks for something else.
HEADERS = re.compile(
    r"accept-encoding|authorization|content-(length|type|md5)|expect|if-(none-)?match|range|user-agent|"
    r"amz-sdk-(invocation-id|request)|x-amz-(content-sha256|date|security-token|sdk-checksum-algorithm|checksum-crc32|meta-.+)"
)
LISTED_BY = {"list-type", "prefix", "delimiter", "start-after", "max-keys", "encoding-type"}


class Listed:
    """An object of moto as `listing` takes it. S3 lists whole seconds."""

    def __init__(self, key: FakeKey) -> None:
        self._key = key

    @property
    def etag(self) -> str:
        """The MD5 of the bytes in quotes."""
        etag: str = self._key.etag
        return etag

    @property
    def size(self) -> int:
        """The number of bytes."""
        size: int = self._key.size
        return size

    @property
    def written(self) -> datetime:
        """When it was written."""
        written: datetime = self._key.last_modified.replace(microsecond=0)
        return written


def answer(request: AWSPreparedRequest) -> Answer | None:
    """Return status, headers and body of the answer; None where moto has to give it."""
    url = urlsplit(request.url)
    name, _, key = unquote(url.path).lstrip("/").partition("/")
    bucket = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets.get(name) if HOST.fullmatch(url.netloc) else None
    headers = {header.lower(): _text(value) for header, value in request.headers.items()}
    if bucket is None or bucket.is_versioned or not all(map(HEADERS.fullmatch, headers)):
        return None
    body = _read(request.body)
    query = {field: values[0] for field, values in parse_qs(url.query, keep_blank_values=True).items()}
    match request.method, bool(key):
        case "GET" | "HEAD", True if not query:
            return _get(bucket, key, request.method, headers)
        case "PUT", True if not query:
            return _put(bucket, key, headers, body)
        case "GET", False if query.keys() <= LISTED_BY and len(bucket.keys) <= int(query.get("max-keys", 1000)):
            return 200, {}, listing({key: Listed(found) for key, found in bucket.keys.items()}, query)
        case "POST", False if query.keys() == {"delete"}:
            return _delete(bucket, deleted_keys(body))
    return None


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _read(body: Any) -> bytes:
    """Return the bytes of the body of a request, which stays as it was: a file, bytes, or nothing."""
    if not hasattr(body, "read"):
        return body or b""
    start = body.tell()
    found: bytes = body.read()
    body.seek(start)
    return found


def _get(bucket: FakeBucket, key: str, method: str, headers: Mapping[str, str]) -> Answer | None:
    found = bucket.keys.get(key)
    if refused := unmet_condition(headers, None if found is None else found.etag):
        return refused
    if found is None:
        status, described, body = refusal(404, "NoSuchKey")
    else:
        status, described, body = 200, {**found.metadata, **found.response_dict}, found.value
        if "range" in headers:
            wanted = RANGE.fullmatch(headers["range"])
            if wanted is None or int(wanted[1]) >= found.size:
                return None
            start, end = int(wanted[1]), min(int(wanted[2]), found.size - 1)
            status, body = 206, body[start : end + 1]
            described |= {"content-range": f"bytes {start}-{end}/{found.size}", "content-length": str(len(body))}
    return status, described, body if method == "GET" else b""


def _put(bucket: FakeBucket, key: str, headers: Mapping[str, str], body: bytes) -> Answer:
    before = bucket.keys.get(key)
    if refused := unmet_condition(headers, None if before is None else before.etag):
        return refused
    stored = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].put_object(bucket.name, key, body)
    stored.set_metadata(metadata_from_headers(dict(headers)))
    return 200, {"ETag": stored.etag}, b""


def _delete(bucket: FakeBucket, keys: list[str]) -> Answer:
    for key in keys:
        if key in bucket.keys:
            bucket.keys.pop(key)
    return 200, {}, b"<DeleteResult/>"
