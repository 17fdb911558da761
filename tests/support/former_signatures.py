"""Signatures of versions before 0.3: HMAC-SHA256 with the text of the key, over a manifest without its place."""

import hashlib
import hmac
import os


def sign_before(content: bytes, key: str | None = None) -> str:
    """Return the signature of a manifest's fields, by `key` or by that of the settings."""
    secret = (key or os.environ["REGATTA_SIGNING_KEY"]).encode()
    return hmac.new(secret, len(content).to_bytes(8, "big") + content, hashlib.sha256).hexdigest()
