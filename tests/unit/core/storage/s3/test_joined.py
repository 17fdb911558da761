"""Objects and bytes are joined in order, whatever their sizes, and what S3 can copy is copied."""

from collections.abc import Callable

import pytest

from core.errors import UnavailableError
from core.storage.s3 import joined
from core.storage.s3.joined import LEAST_PART_BYTES, StoredPiece, join_objects
from core.storage.s3.object_store import MissingObjectError, ObjectStore

MIB = 1 << 20


@pytest.fixture
def stored(bucket: ObjectStore) -> Callable[[int, bytes], StoredPiece]:
    """A function that stores an object of so many times a byte."""

    def store(size: int, byte: bytes) -> StoredPiece:
        bucket.put(f"parts/{byte.hex()}", byte * size)
        return StoredPiece(f"parts/{byte.hex()}", 0, size)

    return store


def test_what_is_small_is_sent_with_its_neighbours(
    bucket: ObjectStore, stored: Callable[[int, bytes], StoredPiece]
) -> None:
    sizes = [6 * MIB, 100, LEAST_PART_BYTES, 11 * MIB, 0, 7, 16 * MIB]
    pieces = [stored(size, bytes([65 + n])) for n, size in enumerate(sizes)]
    join_objects(bucket, "whole", [b"head", *pieces, b"tail"], "text/csv")
    body = b"".join(bytes([65 + n]) * size for n, size in enumerate(sizes))
    assert bucket.get("whole") == b"head" + body + b"tail"


def test_of_large_pieces_no_byte_is_read(
    bucket: ObjectStore, stored: Callable[[int, bytes], StoredPiece], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joined, "read_range", None)
    join_objects(bucket, "whole", [stored(LEAST_PART_BYTES, b"a"), stored(6 * MIB, b"b")], "text/csv")
    assert bucket.size("whole") == LEAST_PART_BYTES + 6 * MIB


def test_small_pieces_alone_are_one_object(bucket: ObjectStore, stored: Callable[[int, bytes], StoredPiece]) -> None:
    join_objects(bucket, "whole", [stored(3, b"a"), b"-", stored(2, b"b")], "text/csv")
    assert bucket.get("whole") == b"aaa-bb"


def test_where_a_piece_is_missing_nothing_is_left(
    bucket: ObjectStore, stored: Callable[[int, bytes], StoredPiece]
) -> None:
    pieces = [stored(6 * MIB, b"a"), StoredPiece("parts/none", 0, 6 * MIB)]
    with pytest.raises((MissingObjectError, UnavailableError)):
        join_objects(bucket, "whole", pieces, "text/csv")
    assert not list(bucket.open_parts())
    with pytest.raises(MissingObjectError):
        bucket.get("whole")
