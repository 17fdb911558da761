"""The keys of a deployment, as their file, secret or variable has them.

A text has one key a line:

    signing BASE64            the Ed25519 key that signs from now on, 32 bytes
    verifying BASE64          a public key: what it signed is still accepted
    hmac 2027-02-25 TEXT      the key of a version before 0.3: until that day its models are signed anew
    hmac64 2027-02-25 BASE64  the same, where its bytes are no text of one line
    webhooks HEX              signs webhooks
    internal HEX              makes the codes by which the processes of a deployment know each other's entries and jobs

Another text is a key of a version before 0.3, and all keys are derived from it. So what looks like the lines above, and
is none of them, is refused: other keys would sign from then on in silence.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from core.errors import InvalidSettingError

KEY_BYTES = 32
# Of the texts that earlier versions took as keys.
KEY_BYTES_MIN = 16
# A random key of 16 bytes has fewer different ones once in 10^13, and one in hexadecimal digits once in 10^4.
DISTINCT_BYTES_MIN = 8
RUNS = (b"0123456789abcdefghijklmnopqrstuvwxyz", b"qwertyuiopasdfghjklzxcvbnm")
# What examples have in the place of a key.
PLACEHOLDERS = (b"changeme", b"change-me", b"change_me", b"password", b"your-key", b"your_key", b"yourkey", b"...")
WORDS = ("signing", "verifying", "hmac", "hmac64", "webhooks", "internal")
# A word, and a key behind it: in another case, mistyped, with quotes or a colon, or in UTF-16.
NEARLY_A_LINE = re.compile(rb"[A-Za-z]{3,12}[ \t:=\"']{1,6}([A-Za-z0-9+/]{43}=|[0-9A-Fa-f]{64})")
ONE_LINE = re.compile(rb"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Keyring:
    """The keys that a process holds; one that only verifies holds public keys alone."""

    # The private key: an Ed25519 seed.
    seed: bytes | None = field(default=None, repr=False)
    # By id the public keys, that of `seed` too.
    verifying: Mapping[str, bytes] = field(default_factory=dict)
    hmac_key: bytes | None = field(default=None, repr=False)
    # The last day on which `hmac_key` counts; None where it counts until it is removed.
    hmac_until: date | None = None
    webhooks: bytes | None = field(default=None, repr=False)
    internal: bytes | None = field(default=None, repr=False)
    # When the file that has them was written, if they are in one.
    modified_ns: int | None = None

    def usable_hmac_key(self) -> bytes | None:
        """Return the key of earlier versions, or None where there is none or its time is over."""
        over = self.hmac_until is not None and datetime.now(UTC).date() > self.hmac_until
        return None if over else self.hmac_key

    def with_verifying(self, keys: Iterable[bytes]) -> "Keyring":
        """Return a keyring that accepts the signatures of these public keys as well."""
        return replace(self, verifying={**self.verifying, **{key_id(key): key for key in keys}})

    def dump(self) -> str:
        """Return the text of the keys; `parse_keyring` reads it."""
        own = None if self.seed is None else key_id(public_key(self.seed))
        lines = ["# The keys of Regatta: docs/stored-state.md says what each is for. Only the owner may read them."]
        if self.seed is not None:
            lines.append(f"signing {base64.b64encode(self.seed).decode()}")
        lines += [f"verifying {base64.b64encode(key).decode()}" for one, key in self.verifying.items() if one != own]
        if self.hmac_key is not None and self.hmac_until is not None:
            lines.append(_hmac_line(self.hmac_until, self.hmac_key))
        for word, secret in (("webhooks", self.webhooks), ("internal", self.internal)):
            if secret is not None:
                lines.append(f"{word} {secret.hex()}")
        return "\n".join(lines) + "\n"


def public_key(seed: bytes) -> bytes:
    """Return the public key of a private one, 32 bytes."""
    # Loaded by the first signature: functions that need none start without it.
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def key_id(public: bytes) -> str:
    """Return the id of a public key, 16 hexadecimal digits of its SHA-256; signatures name it."""
    return hashlib.sha256(public).hexdigest()[:16]


def parse_keyring(text: bytes, source: str) -> Keyring:
    """Return the keys of a text; raises `InvalidSettingError` about `source` where one is damaged or weak."""
    text = text.removeprefix(BYTE_ORDER_MARK)  # as some editors write it
    lines = [line for line in (line.strip() for line in text.splitlines()) if line and not line.startswith(b"#")]
    words = [line.split(None, 1)[0].decode("latin-1") for line in lines]
    if not any(word in WORDS for word in words):
        if not lines:
            raise InvalidSettingError(f"{source} has no key. `openssl rand -hex 32` makes a good one.")
        if NEARLY_A_LINE.search(text.replace(b"\0", b"")):
            raise InvalidSettingError(
                f"{source} is not usable: a line is one of {', '.join(WORDS)}, a blank and the key, in plain text."
            )
        return _derived(text.strip(), source)
    keyring = Keyring()
    for number, (word, line) in enumerate(zip(words, lines, strict=True), 1):
        try:
            keyring = _with_key(keyring, word, line[len(word) :].strip())
        except ValueError:
            raise InvalidSettingError(f"{source}: key {number} ({word[:20]!r}) is not usable.") from None
    for secret in (keyring.seed, keyring.hmac_key, keyring.webhooks, keyring.internal):
        if secret is not None:
            check_strength(secret, source)
    return keyring if keyring.seed is None else keyring.with_verifying([public_key(keyring.seed)])


def parse_public_keys(text: str, source: str) -> list[bytes]:
    """Return the public keys of a list with commas; raises `InvalidSettingError` about `source`."""
    try:
        return [_decode_key(one.strip().encode()) for one in text.split(",") if one.strip()]
    except ValueError:
        raise InvalidSettingError(
            f"{source} is not usable: it has to be public keys in Base64, separated by commas, as `regatta keys "
            "verifying` prints them."
        ) from None


def derive(secret: bytes, purpose: str) -> bytes:
    """Return a key of 32 bytes for one purpose; it says nothing about the secret or the keys of other purposes."""
    return hmac.digest(secret, f"regatta/{purpose}".encode(), hashlib.sha256)


def check_strength(key: bytes, source: str) -> None:
    """Raise `InvalidSettingError` about `source` for a key that can be guessed."""
    how = (
        f"has {len(key)} bytes; it must have at least {KEY_BYTES_MIN}"
        if len(key) < KEY_BYTES_MIN
        else "has all bytes equal"
        if len(set(key)) == 1
        else f"has {len(set(key))} different bytes; a random key has at least {DISTINCT_BYTES_MIN}"
        if len(set(key)) < DISTINCT_BYTES_MIN
        else "repeats itself"
        if key in (key + key)[1:-1]
        else "is an example or a row of the keyboard"
        if _is_example(key.lower())
        else None
    )
    if how is not None:
        raise InvalidSettingError(f"The key in {source} {how}. `openssl rand -hex 32` makes a good one.")


def _is_example(key: bytes) -> bool:
    """Return whether what is left of a key without placeholders and runs of the alphabet is short."""
    for row in RUNS:
        for start in range(len(row) - 5):
            end = next((end for end in range(len(row), start + 5, -1) if row[start:end] in key), None)
            if end is not None:
                key = key.replace(row[start:end], b"")
    for placeholder in PLACEHOLDERS:
        key = key.replace(placeholder, b"")
    return len(key) < DISTINCT_BYTES_MIN


def _with_key(keyring: Keyring, word: str, value: bytes) -> Keyring:
    """Return the keyring with the key of one line; raises `ValueError` where it is none."""
    match word:
        case "signing" if keyring.seed is None:
            return replace(keyring, seed=_decode_key(value))
        case "verifying":
            return keyring.with_verifying([_decode_key(value)])
        case "hmac" if keyring.hmac_key is None:
            until, _, key = value.partition(b" ")
            return replace(keyring, hmac_until=date.fromisoformat(until.decode("ascii")), hmac_key=key.strip())
        case "hmac64" if keyring.hmac_key is None:
            until, _, key = value.partition(b" ")
            secret = base64.b64decode(key.strip(), validate=True)
            return replace(keyring, hmac_until=date.fromisoformat(until.decode("ascii")), hmac_key=secret)
        case "webhooks" if keyring.webhooks is None:
            return replace(keyring, webhooks=bytes.fromhex(value.decode("ascii")))
        case "internal" if keyring.internal is None:
            return replace(keyring, internal=bytes.fromhex(value.decode("ascii")))
    raise ValueError(word)


def _hmac_line(until: date, key: bytes) -> str:
    """Return the line of a key of an earlier version, which was any text or bytes."""
    if ONE_LINE.fullmatch(key):
        return f"hmac {until.isoformat()} {key.decode('ascii')}"
    return f"hmac64 {until.isoformat()} {base64.b64encode(key).decode()}"


def _decode_key(value: bytes) -> bytes:
    key = base64.b64decode(value, validate=True)
    if len(key) != KEY_BYTES:
        raise ValueError(len(key))
    return key


def _derived(secret: bytes, source: str) -> Keyring:
    """Return the keys that are derived from a key of an earlier version, which signed with that itself."""
    check_strength(secret, source)
    seed = derive(secret, "signing")
    # Receivers of webhooks have this secret, so it stays as it was: the HMAC over a part and its length.
    webhooks = hmac.digest(secret, len(b"webhooks").to_bytes(8, "big") + b"webhooks", hashlib.sha256)
    keyring = Keyring(seed=seed, hmac_key=secret, webhooks=webhooks, internal=derive(secret, "internal"))
    return keyring.with_verifying([public_key(seed)])
