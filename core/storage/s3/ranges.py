"""Read pieces of an object by ranged requests."""

from pathlib import Path

from core.storage.s3.object_store import CHUNK_BYTES, ObjectStore
from core.storage.s3.store_errors import UNREACHABLE, BrokenBodyError, translate_errors

# How often a range is asked for whose bytes break off.
READS = 3


def read_range(store: ObjectStore, key: str, start: int, stop: int) -> bytes:
    """Return the bytes from `start` up to `stop` of an object; raises `MissingObjectError`, `UnavailableError`."""
    with translate_errors(key):
        answer = store.client.get_object(Bucket=store.bucket, Key=key, Range=f"bytes={start}-{stop - 1}")
        return answer["Body"].read()


def download_range(store: ObjectStore, key: str, start: int, stop: int, path: Path) -> None:
    """Write the bytes from `start` up to `stop` of an object to the same place of a file that is there.

    A range whose bytes break off goes on from where it broke off. Raises `MissingObjectError`, `UnavailableError`.
    """
    for attempt in range(READS):
        try:
            with translate_errors(key), path.open("r+b") as file:
                file.seek(start)
                answer = store.client.get_object(Bucket=store.bucket, Key=key, Range=f"bytes={start}-{stop - 1}")
                for chunk in answer["Body"].iter_chunks(CHUNK_BYTES):
                    file.write(chunk)
                    start += len(chunk)
        except BrokenBodyError:
            if attempt == READS - 1:
                raise
        if start == stop:
            return
    raise BrokenBodyError(UNREACHABLE)
