"""Signatures (Ed25519) of models, and authentication codes (HMAC) of what processes of a deployment tell each other.

Both cover a subject, which is the kind of thing, its workspace, its name and its version, and then the content. So
what was signed in one place is refused in every other one.

| what | made with | by whom | checked with |
| --- | --- | --- | --- |
| signature | the signing key | functions that publish or rename models | public keys, which everyone may know |
| authentication code | the internal key | every process of the deployment | the same key |

A code is for what lives shortly and is made by many: entries in Redis, jobs. The internal key makes no model.
"""

import base64
import hashlib
import hmac
import logging
import secrets
import sys
from dataclasses import replace
from functools import cache
from importlib import import_module
from threading import Thread
from typing import NamedTuple

from core.errors import InvalidSettingError, UnavailableError
from core.settings import settings
from core.storage.keyring import Keyring, check_strength, derive, key_id, parse_keyring, parse_public_keys

SCHEME = "ed25519"
ED25519 = "cryptography.hazmat.primitives.asymmetric.ed25519"
NO_KEY = "Set REGATTA_SIGNING_KEY_FILE: models cannot be signed without a key."
NO_VERIFYING_KEY = "Set REGATTA_VERIFYING_KEYS or REGATTA_SIGNING_KEY_FILE: models cannot be checked without a key."

log = logging.getLogger("regatta")


class Subject(NamedTuple):
    """What a signature or a code is about. It holds for nothing else, whatever the content is."""

    kind: str
    workspace: str
    name: str
    version: int = 0


def load_ahead() -> None:
    """Begin to load, in a thread, what checks a signature: a new process waits for storage meanwhile."""
    if ED25519 not in sys.modules:
        Thread(target=import_module, args=(ED25519,), name="load-ahead", daemon=True).start()


def sign(subject: Subject, *parts: bytes) -> str:
    """Return the signature of the parts as this subject: scheme, id of the key and Base64, with dots between them."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    seed = newest_keyring().seed
    if seed is None:
        raise InvalidSettingError(NO_KEY)
    key = Ed25519PrivateKey.from_private_bytes(seed)
    signature = base64.b64encode(key.sign(_message(subject, parts))).decode()
    return f"{SCHEME}.{key_id(key.public_key().public_bytes_raw())}.{signature}"


def is_signed(signature: str, subject: Subject, *parts: bytes) -> bool:
    """Return whether `signature` is that of one of our keys over these parts as this subject."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    scheme, _, rest = signature.partition(".")
    name, _, encoded = rest.partition(".")
    if scheme != SCHEME:
        return False
    public = _public_key(name)
    if public is None:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(
            base64.b64decode(encoded, validate=True), _message(subject, parts)
        )
    except (InvalidSignature, ValueError):
        return False
    return True


def authenticate(subject: Subject, *parts: bytes) -> str:
    """Return the code of the parts as this subject, in hexadecimal: another process of the deployment can check it."""
    return code_bytes(subject, *parts).hex()


def is_authentic(code: str, subject: Subject, *parts: bytes) -> bool:
    """Return whether `code` was made by this deployment over these parts as this subject; it takes constant time."""
    return hmac.compare_digest(authenticate(subject, *parts).encode(), code.encode("utf-8", "replace"))


def code_bytes(subject: Subject, *parts: bytes) -> bytes:
    """Return the code as 32 bytes."""
    return hmac.digest(derive_internal(subject.kind), _message(subject, parts), hashlib.sha256)


def is_signed_by_hmac(signature: str, content: bytes) -> bool:
    """Return whether a version before 0.3 signed this content, and its key still counts.

    Only the migration and the reader of `model_data` ask this. Such a signature names no workspace.
    """
    key = keyring().usable_hmac_key()
    if key is None:
        return False
    expected = hmac.digest(key, len(content).to_bytes(8, "big") + content, hashlib.sha256).hex()
    return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace"))


def may_sign_anew() -> bool:
    """Return whether this process has the key of a version before 0.3 that still counts, and one to sign with."""
    return keyring().seed is not None and keyring().usable_hmac_key() is not None


def may_be_older() -> bool:
    """Return whether this deployment may have begun with a version before 0.3, as far as this process knows its keys.

    It has not where the signing key is here and no key of such a version counts.
    """
    keys = keyring()
    return keys.seed is None or keys.usable_hmac_key() is not None


def webhook_secret() -> bytes:
    """Return the secret that signs webhooks, which their receivers hold as well."""
    secret = keyring().webhooks
    if secret is None:
        raise InvalidSettingError(NO_KEY)
    return secret


def keyring() -> Keyring:
    """Return the keys of this process: from the file, the secret or the variable of the settings, in this order.

    Raises `InvalidSettingError` where one is unreadable, damaged or weak.
    """
    return kept_keyring()[0]


@cache
def kept_keyring() -> list[Keyring]:
    """Return the keys of this process as the one item of a list, which `newest_keyring` replaces."""
    return [_read_keyring()]


def _read_keyring() -> Keyring:
    chosen, modified_ns = settings(), _modified_ns()
    found = Keyring()
    if chosen.signing_key_file is not None:
        try:
            found = parse_keyring(chosen.signing_key_file.read_bytes(), "REGATTA_SIGNING_KEY_FILE")
        except OSError as error:
            raise InvalidSettingError(f"REGATTA_SIGNING_KEY_FILE cannot be read: {error.strerror}.") from error
    elif chosen.signing_key_secret is not None:
        found = parse_keyring(_from_secrets_manager(chosen.signing_key_secret), "REGATTA_SIGNING_KEY_SECRET")
    elif chosen.signing_key is not None:
        found = parse_keyring(chosen.signing_key.reveal().encode(), "REGATTA_SIGNING_KEY")
    if chosen.verifying_keys is not None:
        found = found.with_verifying(_given_keys(chosen.verifying_keys).values())
    return replace(found, modified_ns=modified_ns)


def newest_keyring() -> Keyring:
    """Return the keys as their file has them now, so that a rotation reaches processes that run.

    Where the file cannot be used any more, they stay as they were.
    """
    kept = kept_keyring()
    if _modified_ns() != kept[0].modified_ns:
        try:
            kept[0] = _read_keyring()
        except InvalidSettingError as error:
            log.error("the keys stay as they were: %s", error)
    return kept[0]


@cache
def internal_key() -> bytes:
    """Return the key that the processes of this deployment share; without one, a key of this process alone."""
    chosen = settings().internal_key
    if chosen is not None:
        secret = chosen.reveal().encode()
        check_strength(secret, "REGATTA_INTERNAL_KEY")
        return secret
    shared = keyring().internal
    if shared is None:
        log.warning("REGATTA_INTERNAL_KEY is not set: this process believes nothing that another one stored in Redis")
        return secrets.token_bytes(32)
    return shared


@cache
def derive_internal(kind: str) -> bytes:
    """Return the key of the codes of one kind of thing."""
    return derive(internal_key(), kind)


def _public_key(name: str) -> bytes | None:
    """Return the public key with this id, or None; a process that has it in its settings reads no private key."""
    chosen = settings().verifying_keys
    if chosen is not None and (given := _given_keys(chosen).get(name)) is not None:
        return given
    if not keyring().verifying:
        raise InvalidSettingError(NO_VERIFYING_KEY)
    return keyring().verifying.get(name) or newest_keyring().verifying.get(name)


@cache
def _given_keys(text: str) -> dict[str, bytes]:
    """Return by id the public keys that a setting lists."""
    return {key_id(key): key for key in parse_public_keys(text, "REGATTA_VERIFYING_KEYS")}


def check_keys() -> Keyring:
    """Return the keys of this process before it serves; raises `InvalidSettingError` where one is missing or weak."""
    keys = keyring()
    internal_key()
    if not keys.verifying:
        raise InvalidSettingError(NO_VERIFYING_KEY)
    return keys


def check_given_keys() -> None:
    """Raise `InvalidSettingError` where a key is missing or weak, of those that the settings themselves have.

    It asks nobody: the key in a secret was looked at when its stack was created.
    """
    chosen = settings()
    if chosen.internal_key is not None:
        check_strength(chosen.internal_key.reveal().encode(), "REGATTA_INTERNAL_KEY")
    if chosen.verifying_keys is None and chosen.signing_key_secret is None:
        check_keys()


def verifying_keys(keys: Keyring) -> str:
    """Return the public keys of a keyring as REGATTA_VERIFYING_KEYS takes them."""
    return ",".join(base64.b64encode(key).decode() for key in keys.verifying.values())


def _message(subject: Subject, parts: tuple[bytes, ...]) -> bytes:
    """Return what is signed: each field and part behind its length, so that no two splits agree."""
    fields = (b"regatta/1", *(str(one).encode("utf-8", "surrogatepass") for one in subject), *parts)
    return b"".join(len(one).to_bytes(8, "big") + one for one in fields)


def _modified_ns() -> int | None:
    """Return when the file of the keys was written; None where there is no file."""
    path = settings().signing_key_file
    try:
        return None if path is None else path.stat().st_mtime_ns
    except OSError:
        return None


def _from_secrets_manager(arn: str) -> bytes:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        secret = boto3.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    except (BotoCoreError, ClientError) as error:
        raise UnavailableError("The signing key could not be read from Secrets Manager; try again.") from error
    return str(secret).encode()
