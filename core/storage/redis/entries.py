"""What Regatta stores in Redis beside its indexes: values with a digest, so that nothing wrong is taken for them.

Redis may answer with what another program wrote under our key, with the value of another key, or with half of one. A
digest over key and value shows it. It is no signature: whoever writes to Redis on purpose can make one. So a model is
used only with a valid signature, wherever it was read.
"""

import hashlib
from dataclasses import dataclass

DIGEST_BYTES = 16
# The stamps of a document are this wide, so that a script in Redis can compare them: 10 digits, a dot, 6 digits.
STAMP = "{:017.6f}"
STAMP_WIDTH = 17


def pack(key: str, value: bytes) -> bytes:
    """Return the entry that holds `value` under `key`."""
    return _digest(key, value) + value


def unpack(key: str, entry: bytes | None) -> bytes | None:
    """Return the value that an entry holds; None where there is no entry, or one that was not made for this key."""
    if entry is None:
        return None
    value = entry[DIGEST_BYTES:]
    return value if entry[:DIGEST_BYTES] == _digest(key, value) else None


@dataclass(frozen=True)
class DocumentEntry:
    """A document as the bucket had it, and when; times are in seconds since 1970."""

    # By this, of two entries the newer one stays: when the read began, or when the write was acknowledged.
    order: float
    # The bucket had this document at this time or later: when the request that read or wrote it began.
    since: float
    # None for a document that was deleted.
    body: bytes | None

    def pack(self, key: str) -> bytes:
        """Return the entry as Redis stores it; it begins with `order`."""
        stamps = f"{STAMP.format(self.order)} {STAMP.format(self.since)}\n".encode()
        kept = b"+" + self.body if self.body is not None else b"-"
        return stamps + _digest(key, stamps + kept) + kept

    @classmethod
    def unpack(cls, key: str, entry: bytes | None) -> "DocumentEntry | None":
        """Return the entry; None where there is none, or one that was not made for this key."""
        stamps, newline, rest = (entry or b"").partition(b"\n")
        kept = rest[DIGEST_BYTES:]
        if rest[:DIGEST_BYTES] != _digest(key, stamps + newline + kept):
            return None
        order, since = map(float, stamps.split())
        return cls(order, since, kept[1:] if kept[:1] == b"+" else None)


def _digest(key: str, value: bytes) -> bytes:
    digest = hashlib.blake2b(key.encode(), digest_size=DIGEST_BYTES)
    digest.update(b"\0")
    digest.update(value)
    return digest.digest()
