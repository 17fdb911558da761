"""Send a large file in parts, each of which is repeated alone, and join them with a known outcome."""

from collections.abc import Mapping
from contextlib import suppress
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.context_threads import run_in_threads
from core.errors import RegattaError
from core.storage.s3.confirmed_writes import confirmed_write
from core.storage.s3.store_errors import translate_errors

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

# The size of a part: sent again in seconds where it fails, and answered at once by a store that digests it first. S3
# takes 10,000 parts, which are 640 GB of these.
PART_BYTES = 64 << 20
# How many parts are sent at a time, each read from disk as it is sent.
SENDERS = 2


def send_in_parts(client: "S3Client", bucket: str, key: str, path: Path, options: Mapping[str, Any]) -> str:
    """Write an object from a file in parts; return its ETag. No part stays where that fails.

    Parts are sent by threads that have the deadline of their caller. Where the answer to the last request is lost, the
    store is asked whether it has joined them. Raises what `translate_errors` does.
    """

    def send(metadata: Mapping[str, str]) -> str:
        begun = client.create_multipart_upload(Bucket=bucket, Key=key, Metadata=metadata, **options)
        upload_id = begun["UploadId"]
        try:
            parts: Any = _send_parts(client, bucket, key, upload_id, path)
            joined = client.complete_multipart_upload(
                Bucket=bucket, Key=key, UploadId=upload_id, MultipartUpload={"Parts": parts}
            )
        except Exception:
            # One that was joined although its answer was lost is no longer open, and cannot be aborted.
            with suppress(RegattaError), translate_errors(key):
                client.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload_id)
            raise
        return joined["ETag"]

    return confirmed_write(client, bucket, key, send)


def join_parts(client: "S3Client", bucket: str, key: str, upload_id: str, etags: Mapping[int, str]) -> None:
    """Join parts that somebody has sent, by their ETags; raises `MissingObjectError` where the upload is not open."""
    parts: Any = [{"PartNumber": number, "ETag": etags[number]} for number in sorted(etags)]
    with translate_errors(key):
        client.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload_id, MultipartUpload={"Parts": parts})


def _send_parts(client: "S3Client", bucket: str, key: str, upload_id: str, path: Path) -> list[dict[str, Any]]:
    """Send every part of a file; return their numbers and ETags in order."""

    def send(number: int) -> dict[str, Any]:
        with path.open("rb") as file:
            body: Any = _Part(file, (number - 1) * PART_BYTES)
            answer = client.upload_part(Bucket=bucket, Key=key, UploadId=upload_id, PartNumber=number, Body=body)
        return {"PartNumber": number, "ETag": answer["ETag"]}

    count = -(-path.stat().st_size // PART_BYTES)
    return run_in_threads(send, range(1, count + 1), SENDERS)


class _Part:
    """One part of a file as a file of its own, which can be read again from its start."""

    def __init__(self, file: BufferedReader, start: int) -> None:
        self._file = file
        self._start = start
        self._size = min(PART_BYTES, file.seek(0, 2) - start)
        file.seek(start)

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes, all that are left where that is negative."""
        left = self._size - self.tell()
        return self._file.read(left if size < 0 else min(size, left))

    def tell(self) -> int:
        """Return how many bytes of the part were read."""
        return self._file.tell() - self._start

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to an offset from the start of the part (`whence` 0), from here (1) or from its end (2); return it."""
        base = (0, self.tell(), self._size)[whence]
        return self._file.seek(self._start + base + offset) - self._start
