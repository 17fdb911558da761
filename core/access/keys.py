"""API keys: how one is written, made and compared. Light: needs the standard library only.

    rgt_{id}_{secret}{checksum}

The id (12 characters) names the key and is no secret; the secret has 32 random bytes. The checksum tells a typing error
from a key without asking anybody, on the side of the caller: a service refuses both in the same words. Only a digest of
the whole text is stored. A secret of 256 random bits cannot be tried out, so one SHA-256 is enough for it.
"""

import base64
import hashlib
import hmac
import re
import secrets
import zlib
from dataclasses import dataclass

from core.access.caller import KEY_PREFIX

ID_CHARACTERS = 12
SECRET_BYTES = 32
# Lower-case Base32 of the secret, and of the four bytes of its checksum.
SECRET_CHARACTERS, CHECKSUM_CHARACTERS = 52, 7
KEY = re.compile(rf"rgt_([a-z2-7]{{{ID_CHARACTERS}}})_[a-z2-7]{{{SECRET_CHARACTERS + CHECKSUM_CHARACTERS}}}")
KEY_ID = re.compile(rf"[a-z2-7]{{{ID_CHARACTERS}}}")
KEY_CHARACTERS = len(KEY_PREFIX) + ID_CHARACTERS + 1 + SECRET_CHARACTERS + CHECKSUM_CHARACTERS


@dataclass(frozen=True)
class NewKey:
    """A key that was just made: its id, the digest to store, and its text, which is shown once and kept nowhere."""

    key_id: str
    digest: str
    text: str

    def __repr__(self) -> str:
        return f"NewKey({self.key_id})"


def new_key() -> NewKey:
    """Make a key."""
    key_id = _base32(secrets.token_bytes(8))[:ID_CHARACTERS]
    body = f"{KEY_PREFIX}{key_id}_{_base32(secrets.token_bytes(SECRET_BYTES))}"
    text = body + _checksum(body)
    return NewKey(key_id, digest(text), text)


def digest(text: str) -> str:
    """Return what is stored of a key: the SHA-256 of its text in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def id_of(text: str) -> str | None:
    """Return the id of a text that is written as a key is; None for any other text, a mistyped key among them."""
    found = KEY.fullmatch(text)
    if found is None or text[-CHECKSUM_CHARACTERS:] != _checksum(text[:-CHECKSUM_CHARACTERS]):
        return None
    return found[1]


def is_key(text: str, stored_digest: str) -> bool:
    """Return whether a text is the key of this digest; the comparison takes constant time."""
    return hmac.compare_digest(digest(text), stored_digest)


def _checksum(body: str) -> str:
    return _base32(zlib.crc32(body.encode()).to_bytes(4, "big"))


def _base32(value: bytes) -> str:
    return base64.b32encode(value).decode().rstrip("=").lower()
