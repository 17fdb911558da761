"""Join objects and bytes to one object inside the store: a multipart upload whose parts are copied.

S3 takes no part below 5 MiB but the last one. So what is smaller is read and sent together with its neighbours, and of
everything else no byte passes through this process.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from core.context_threads import run_in_threads
from core.storage.s3.object_store import ObjectStore
from core.storage.s3.ranges import read_range
from core.storage.s3.store_errors import translate_errors

LEAST_PART_BYTES = 5 << 20
# S3 copies at most 5 GiB as one part.
MOST_PART_BYTES = 4 << 30
# How many parts are copied at a time.
COPIERS = 8


@dataclass(frozen=True)
class StoredPiece:
    """The bytes from `start` up to `stop` of an object."""

    key: str
    start: int
    stop: int


Piece = bytes | StoredPiece


def join_objects(
    store: ObjectStore,
    key: str,
    pieces: Iterable[Piece],
    content_type: str,
    report_share: Callable[[float], object] = lambda share: None,
) -> None:
    """Write the object `key`: the bytes of the pieces one after the other. It exists once all of them are there.

    `report_share` is called with the share that is done, also while small pieces are read. Raises what it raises, and
    `MissingObjectError` where an object of a piece is missing; then nothing is left.
    """
    parts = []
    for found in _parts(store, pieces):
        parts.append(found)
        report_share(0.0)
    if not any(isinstance(part, StoredPiece) for part in parts):
        store.put(key, b"".join(part for part in parts if isinstance(part, bytes)), content_type)
        return
    with translate_errors(key):
        upload = store.client.create_multipart_upload(Bucket=store.bucket, Key=key, ContentType=content_type)
    upload_id = upload["UploadId"]
    try:
        numbers = range(1, len(parts) + 1)

        def send(number: int) -> str:
            return _send(store, key, upload_id, number, parts[number - 1])

        etags = run_in_threads(send, numbers, COPIERS, report_share)
        store.join_parts(key, upload_id, dict(zip(numbers, etags, strict=True)))
    except BaseException:
        store.abort_parts(key, upload_id)
        raise


def _send(store: ObjectStore, key: str, upload_id: str, number: int, part: Piece) -> str:
    """Send or copy one part; return its ETag."""
    with translate_errors(key if isinstance(part, bytes) else part.key):
        if isinstance(part, bytes):
            return store.client.upload_part(
                Bucket=store.bucket, Key=key, UploadId=upload_id, PartNumber=number, Body=part
            )["ETag"]
        return store.client.upload_part_copy(
            Bucket=store.bucket,
            Key=key,
            UploadId=upload_id,
            PartNumber=number,
            CopySource={"Bucket": store.bucket, "Key": part.key},
            CopySourceRange=f"bytes={part.start}-{part.stop - 1}",
        )["CopyPartResult"]["ETag"]


def _parts(store: ObjectStore, pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Yield parts that S3 takes: a small piece is joined with the beginning of the next ones."""
    small = b""
    for piece in pieces:
        if isinstance(piece, bytes):
            small += piece
            continue
        start = piece.start
        if small or piece.stop - start < LEAST_PART_BYTES:
            stop = min(piece.stop, start + max(0, LEAST_PART_BYTES - len(small)))
            small += read_range(store, piece.key, start, stop) if stop > start else b""
            start = stop
        if len(small) >= LEAST_PART_BYTES:
            yield small
            small = b""
        if start < piece.stop < start + LEAST_PART_BYTES:
            small = read_range(store, piece.key, start, piece.stop)
            continue
        while start < piece.stop:
            # What is left of an object is never less than a part may be.
            is_rest = piece.stop - start < MOST_PART_BYTES + LEAST_PART_BYTES
            stop = piece.stop if is_rest else start + MOST_PART_BYTES
            yield StoredPiece(piece.key, start, stop)
            start = stop
    if small:
        yield small
