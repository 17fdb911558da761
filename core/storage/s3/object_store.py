"""The object store: any S3 endpoint, reached by boto3, made on first use and never at import."""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path, PurePath
from threading import Lock
from typing import IO, TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from core.storage.aws_session import AwsSession
from core.storage.s3.client import create_client
from core.storage.s3.confirmed_writes import confirmed_delete, confirmed_write
from core.storage.s3.download import READS, digest_in_ranges, download_in_ranges
from core.storage.s3.multipart import join_parts, send_in_parts
from core.storage.s3.object_metadata import ObjectHead, ObjectSummary, OpenMultipart, UploadedPart
from core.storage.s3.signed_get import SignedGet
from core.storage.s3.store_errors import BrokenBodyError, LostRaceError, MissingObjectError, translate_errors

if TYPE_CHECKING:
    from boto3.s3.transfer import TransferConfig
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import ListObjectsV2OutputTypeDef

# A larger file is sent in parts, because no single request of S3 takes more than 5 GB, and a failed one is sent again.
MOST_AT_ONCE_BYTES = 256 << 20
# A copy inside the store moves nothing, so its parts are larger; S3 takes up to 5 GiB.
COPY_BYTES = 2 << 30
# S3 lists at most this many keys in one request.
LIST_KEYS = 1000
# Below a prefix that probes may read.
PING_KEY = "queue/ping"
# Characters that a file name may not have where quotes, paths and bytes beyond ASCII are not understood.
NOT_PLAIN = re.compile(r"[^A-Za-z0-9._ -]")
__all__ = ["MissingObjectError", "ObjectStore", "disposition"]

T = TypeVar("T")


class ObjectStore:
    """Reads and writes whole objects of one bucket; conditional writes return whether they won.

    Every method raises `UnavailableError` when the endpoint cannot be reached or refuses the credentials. A read whose
    bytes break off is repeated, and a write whose answer is lost is looked for.
    """

    def __init__(self, bucket: str, endpoint: str | None) -> None:
        """Connect to nothing yet; `endpoint` is None for AWS."""
        self.bucket = bucket
        self.endpoint = endpoint
        # For other services of the same account too.
        self.session = AwsSession()
        self._client: S3Client | None = None
        self._making = Lock()
        self._signed_get = SignedGet(bucket, endpoint)

    @property
    def client(self) -> "S3Client":
        """Return the boto3 client, made on first use by one of the threads that need it."""
        if self._client is None:
            with self._making:
                if self._client is None:
                    self._client = create_client(self.session, self.endpoint)
                    self._signed_get.retire()
        return self._client

    def get(self, key: str) -> bytes:
        """Return the object's bytes; raises `MissingObjectError`."""
        # Without boto3 while nothing else has loaded it.
        first = self._signed_get.get(key) if self._client is None else None
        return first if first is not None else self.get_with_etag(key)[0]

    def get_with_etag(self, key: str) -> tuple[bytes, str]:
        """Return the object's bytes and its ETag, for a later `replace`; raises `MissingObjectError`."""

        def read() -> tuple[bytes, str]:
            answer = self.client.get_object(Bucket=self.bucket, Key=key)
            return answer["Body"].read(), answer["ETag"]

        return self._read(key, read)

    def put(self, key: str, body: bytes, content_type: str = "application/octet-stream") -> str:
        """Write the object, whatever was there; return its ETag."""
        return self._put(key, body, {"ContentType": content_type})

    def put_file(self, key: str, path: Path, content_type: str = "application/octet-stream") -> None:
        """Write the object from a file, which is never in memory whole; a large one in parts."""
        if path.stat().st_size > MOST_AT_ONCE_BYTES:
            send_in_parts(self.client, self.bucket, key, path, {"ContentType": content_type})
            return
        with path.open("rb") as file:
            self._put(key, file, {"ContentType": content_type})

    def download(self, key: str, path: Path) -> str:
        """Write the object's bytes to a file, a large object in ranges; return their ETag.

        Raises `MissingObjectError`. An object that is replaced meanwhile is read again from its start.
        """
        return _unreplaced(lambda: download_in_ranges(self.client, self.bucket, key, path))

    def copy(self, source: str, key: str) -> None:
        """Write the object from another one, inside the store; raises `MissingObjectError`.

        A copy onto itself changes no byte, and the bucket sends its event as for a new object.
        """
        # S3 refuses a copy onto itself that changes nothing, so the metadata gets the time of the copy.
        changed = {"MetadataDirective": "REPLACE", "Metadata": {"copied-at": str(time.time_ns())}}
        with translate_errors(source):
            self.client.copy(
                {"Bucket": self.bucket, "Key": source},
                self.bucket,
                key,
                ExtraArgs=changed if source == key else None,
                Config=_copying(),
            )

    def sha256(self, key: str) -> str:
        """Return the SHA-256 of the object in hexadecimal, read as `download` does; raises `MissingObjectError`."""
        return _unreplaced(lambda: digest_in_ranges(self.client, self.bucket, key))

    def head(self, key: str) -> ObjectHead:
        """Return the object's metadata; raises `MissingObjectError`."""
        with translate_errors(key):
            answer = self.client.head_object(Bucket=self.bucket, Key=key)
        return ObjectHead(answer["ETag"], answer["ContentLength"], answer["LastModified"], answer["Metadata"])

    def size(self, key: str) -> int:
        """Return the object's size in bytes; raises `MissingObjectError`."""
        return self.head(key).size

    def create(self, key: str, body: bytes) -> str | None:
        """Write the object only if there is none; return its ETag, or None when another writer was first."""
        return self._put_if(key, body, {"IfNoneMatch": "*"})

    def replace(self, key: str, body: bytes, etag: str) -> str | None:
        """Write the object only if it still has `etag`; return its new ETag, or None when another writer was first."""
        return self._put_if(key, body, {"IfMatch": etag})

    def _put_if(self, key: str, body: bytes, condition: dict[str, Any]) -> str | None:
        try:
            return self._put(key, body, condition)
        except (LostRaceError, MissingObjectError):
            return None

    def _put(self, key: str, body: bytes | IO[bytes], options: dict[str, Any]) -> str:
        def send(metadata: Mapping[str, str]) -> str:
            return self.client.put_object(Bucket=self.bucket, Key=key, Body=body, Metadata=metadata, **options)["ETag"]

        return confirmed_write(self.client, self.bucket, key, send, created="IfNoneMatch" in options)

    def _read(self, key: str, read: Callable[[], T]) -> T:
        """Return what `read` returns; repeat it where the connection breaks in the middle of the bytes."""
        for _ in range(READS - 1):
            with suppress(BrokenBodyError), translate_errors(key):
                return read()
        with translate_errors(key):
            return read()

    def list(self, prefix: str, after: str = "", page_keys: int = LIST_KEYS) -> Iterator[ObjectSummary]:
        """Yield every object below `prefix` whose key comes after `after`, in key order.

        They are asked for as they are consumed, `page_keys` in a request.
        """
        for page in self._pages(prefix, after, page_keys):
            for item in page.get("Contents", []):
                yield ObjectSummary(item["Key"], item["ETag"], item["Size"], item["LastModified"].timestamp())

    def folders(self, prefix: str, after: str = "", page_keys: int = LIST_KEYS) -> Iterator[str]:
        """Yield the names of the folders right below `prefix`, which ends with a slash or is empty, in key order.

        Only those that come after the folder `after`; they are asked for as `list` does.
        """
        # A folder's keys begin with its name and a slash, and no key of it comes after a tilde there.
        for page in self._pages(prefix, f"{prefix}{after}/~" if after else "", page_keys, Delimiter="/"):
            for item in page.get("CommonPrefixes", []):
                name = item["Prefix"].removeprefix(prefix).rstrip("/")
                if name != after:
                    yield name

    def _pages(self, prefix: str, after: str, page_keys: int, **options: str) -> "Iterator[ListObjectsV2OutputTypeDef]":
        asked: dict[str, Any] = {"Bucket": self.bucket, "Prefix": prefix, "PaginationConfig": {"PageSize": page_keys}}
        asked |= {"StartAfter": after, **options} if after else options
        with translate_errors(prefix):
            yield from self.client.get_paginator("list_objects_v2").paginate(**asked)

    def delete(self, keys: Iterable[str]) -> None:
        """Delete these objects; missing ones do not matter. Raises `UnavailableError` unless all of them are gone."""
        confirmed_delete(self.client, self.bucket, list(keys))

    def presign(self, key: str, filename: str, seconds: int) -> str:
        """Return a URL that downloads the object as `filename` for the next `seconds`, without credentials.

        It is signed for the endpoint that this process uses, so callers must be able to reach that one.
        """
        params = {"Bucket": self.bucket, "Key": key, "ResponseContentDisposition": disposition(filename)}
        return self.client.generate_presigned_url("get_object", Params=params, ExpiresIn=seconds)

    def presign_form(
        self, key: str, max_bytes: int, seconds: int, metadata: Mapping[str, str] | None = None
    ) -> tuple[str, dict[str, str]]:
        """Return URL and fields of a form whose `file` becomes exactly this object, of 1 to `max_bytes` bytes."""
        fields = {f"x-amz-meta-{name}": value for name, value in (metadata or {}).items()}
        conditions: list[Any] = [["content-length-range", 1, max_bytes], *({name: fields[name]} for name in fields)]
        form = self.client.generate_presigned_post(
            self.bucket, key, Fields=fields, Conditions=conditions, ExpiresIn=seconds
        )
        return form["url"], form["fields"]

    def presign_part(self, key: str, upload_id: str, number: int, size: int, seconds: int) -> str:
        """Return a URL that takes a PUT of one part of a multipart upload, of exactly `size` bytes."""
        params = {"Bucket": self.bucket, "Key": key, "UploadId": upload_id, "PartNumber": number, "ContentLength": size}
        return self.client.generate_presigned_url("upload_part", Params=params, ExpiresIn=seconds)

    def begin_parts(self, key: str) -> str:
        """Begin a multipart upload; return its id."""
        with translate_errors(key):
            return self.client.create_multipart_upload(Bucket=self.bucket, Key=key)["UploadId"]

    def list_parts(self, key: str, upload_id: str) -> tuple[UploadedPart, ...]:
        """Return the parts in the bucket; raises `MissingObjectError` when the upload was completed or aborted."""
        with translate_errors(key):
            pages = self.client.get_paginator("list_parts").paginate(Bucket=self.bucket, Key=key, UploadId=upload_id)
            return tuple(
                UploadedPart(p["PartNumber"], p["ETag"], p["Size"]) for page in pages for p in page.get("Parts", [])
            )

    def join_parts(self, key: str, upload_id: str, etags: Mapping[int, str]) -> None:
        """Complete the upload from these ETags by part number; raises `MissingObjectError` as `list_parts` does."""
        join_parts(self.client, self.bucket, key, upload_id, etags)

    def open_parts(self, prefix: str = "") -> Iterator[OpenMultipart]:
        """Yield every multipart upload below `prefix` that is neither completed nor aborted."""
        with translate_errors(prefix):
            pages = self.client.get_paginator("list_multipart_uploads").paginate(Bucket=self.bucket, Prefix=prefix)
            for page in pages:
                for upload in page.get("Uploads", []):
                    yield OpenMultipart(upload["Key"], upload["UploadId"], upload["Initiated"].timestamp())

    def abort_parts(self, key: str, upload_id: str) -> None:
        """Abort a multipart upload and delete its parts; one that is over already does not matter."""
        with suppress(MissingObjectError), translate_errors(key):
            self.client.abort_multipart_upload(Bucket=self.bucket, Key=key, UploadId=upload_id)

    def ping(self) -> None:
        """Make one cheap request; raises `UnavailableError` when the bucket cannot be reached.

        It asks for an object that need not be there: the bucket itself is looked at by the right to list all of it.
        """
        with suppress(MissingObjectError), translate_errors(PING_KEY):
            self.client.get_object(Bucket=self.bucket, Key=PING_KEY)["Body"].read()


def disposition(filename: str) -> str:
    """Return the Content-Disposition (RFC 6266) of a file to be saved as `filename`, whatever characters it has.

    The first of the two names is for clients that do not know the second one (RFC 8187), and may hold ASCII only.
    """
    name = PurePath(filename)
    plain = (NOT_PLAIN.sub("", name.stem).strip("-. ") or "download") + NOT_PLAIN.sub("", name.suffix)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"


def _unreplaced(read: Callable[[], T]) -> T:
    """Return what `read` returns; repeat it where the object is replaced meanwhile."""
    for _ in range(READS - 1):
        with suppress(LostRaceError):
            return read()
    return read()


def _copying() -> "TransferConfig":
    """Return how the store copies: without other threads, which would not know the deadline."""
    from boto3.s3.transfer import TransferConfig

    return TransferConfig(multipart_threshold=COPY_BYTES, multipart_chunksize=COPY_BYTES, use_threads=False)
