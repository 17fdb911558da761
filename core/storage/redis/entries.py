"""What Regatta stores in Redis: values with an authentication code, so that nothing else is taken for them.

Redis may answer with what another program wrote under our key, with the value of another key, or with half of one. A
code over key and value shows it, and nobody makes one without the internal key of the deployment. An old value of the
same key has a right code: what changes says for how long it is believed.
"""

import hmac
from dataclasses import dataclass

from core.storage.signing import Subject, code_bytes

CODE_BYTES = 16
# The stamps of a document are this wide, so that a script in Redis can compare them: 10 digits, a dot, 6 digits.
STAMP = "{:017.6f}"
STAMP_WIDTH = 17


def pack(key: str, value: bytes) -> bytes:
    """Return the entry that holds `value` under `key`."""
    return _code(key, value) + value


def unpack(key: str, entry: bytes | None) -> bytes | None:
    """Return the value that an entry holds; None where there is no entry, or one that was not made for this key."""
    if entry is None:
        return None
    value = entry[CODE_BYTES:]
    return value if _is_code(entry[:CODE_BYTES], key, value) else None


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
        return stamps + _code(key, stamps + kept) + kept

    @classmethod
    def unpack(cls, key: str, entry: bytes | None) -> "DocumentEntry | None":
        """Return the entry; None where there is none, or one that was not made for this key."""
        stamps, newline, rest = (entry or b"").partition(b"\n")
        kept = rest[CODE_BYTES:]
        if not _is_code(rest[:CODE_BYTES], key, stamps + newline + kept):
            return None
        order, since = map(float, stamps.split())
        return cls(order, since, kept[1:] if kept[:1] == b"+" else None)


def _code(key: str, value: bytes) -> bytes:
    return code_bytes(Subject("redis", "", key), value)[:CODE_BYTES]


def _is_code(code: bytes, key: str, value: bytes) -> bool:
    return hmac.compare_digest(code, _code(key, value))
