"""Read an object in ranges, each of which goes on from where its bytes break off."""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.context_threads import run_in_threads
from core.storage.s3.client import expecting_large_answer
from core.storage.s3.store_errors import UNREACHABLE, BrokenBodyError, translate_errors

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

# "Typical sizes for byte-range requests are 8 MB or 16 MB."
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance-guidelines.html
RANGE_BYTES = 16 << 20
# How many ranges of a download are read at a time.
READERS = 4
# How much of a range is in memory.
CHUNK_BYTES = 1 << 20
# How often a range is asked for whose bytes break off.
READS = 3


def download_in_ranges(client: "S3Client", bucket: str, key: str, path: Path) -> str:
    """Write an object's bytes to a file; return their ETag.

    Raises what `translate_errors` does: `LostRaceError` where the object is replaced meanwhile.
    """
    size, etag = _head(client, bucket, key)
    with path.open("wb") as file:
        file.truncate(size)
    starts = range(0, size, RANGE_BYTES)
    with expecting_large_answer():  # also to a range: some stores read the object whole for it
        run_in_threads(
            lambda start: write_range(client, bucket, key, start, min(start + RANGE_BYTES, size), path, etag),
            starts,
            READERS,
        )
    return etag


def digest_in_ranges(client: "S3Client", bucket: str, key: str) -> str:
    """Return the SHA-256 of an object in hexadecimal, a chunk of it at a time in memory.

    Raises as `download_in_ranges` does.
    """
    size, etag = _head(client, bucket, key)
    digest = hashlib.sha256()
    with expecting_large_answer():
        for start in range(0, size, RANGE_BYTES):
            _stream(client, bucket, key, start, min(start + RANGE_BYTES, size), digest.update, etag)
    return digest.hexdigest()


def write_range(
    client: "S3Client", bucket: str, key: str, start: int, stop: int, path: Path, etag: str | None = None
) -> None:
    """Write the bytes from `start` up to `stop` of an object, of this ETag, to the same place of a file that is there.

    Raises what `translate_errors` does, and `BrokenBodyError` where the bytes have broken off `READS` times.
    """
    with path.open("r+b") as file:
        file.seek(start)
        _stream(client, bucket, key, start, stop, file.write, etag)


def _head(client: "S3Client", bucket: str, key: str) -> tuple[int, str]:
    """Return size and ETag of an object."""
    with translate_errors(key):
        head = client.head_object(Bucket=bucket, Key=key)
    return head["ContentLength"], head["ETag"]


def _stream(
    client: "S3Client",
    bucket: str,
    key: str,
    start: int,
    stop: int,
    take: Callable[[bytes], object],
    etag: str | None,
) -> None:
    """Let `take` have the bytes from `start` up to `stop` of an object, in order and each once."""
    condition: Any = {} if etag is None else {"IfMatch": etag}
    for _ in range(READS):
        with suppress(BrokenBodyError), translate_errors(key):
            answer = client.get_object(Bucket=bucket, Key=key, Range=f"bytes={start}-{stop - 1}", **condition)
            for chunk in answer["Body"].iter_chunks(CHUNK_BYTES):
                take(chunk)
                start += len(chunk)
        if start == stop:
            return
    raise BrokenBodyError(UNREACHABLE)
