"""Read pieces of an object by ranged requests."""

from pathlib import Path

from core.storage.s3.download import write_range
from core.storage.s3.object_store import ObjectStore
from core.storage.s3.store_errors import translate_errors


def read_range(store: ObjectStore, key: str, start: int, stop: int) -> bytes:
    """Return the bytes from `start` up to `stop` of an object; raises `MissingObjectError`, `UnavailableError`."""
    with translate_errors(key):
        answer = store.client.get_object(Bucket=store.bucket, Key=key, Range=f"bytes={start}-{stop - 1}")
        return answer["Body"].read()


def download_range(store: ObjectStore, key: str, start: int, stop: int, path: Path) -> None:
    """Write the bytes from `start` up to `stop` of an object to the same place of a file that is there.

    A range whose bytes break off goes on from where it broke off. Raises `MissingObjectError`, `UnavailableError`.
    """
    write_range(store.client, store.bucket, key, start, stop, path)
