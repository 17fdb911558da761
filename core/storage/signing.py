"""HMAC-SHA256 signatures of models, by the key of this deployment."""

import hashlib
import hmac
from functools import cache

from core.errors import InvalidSettingError, UnavailableError
from core.settings import settings

KEY_BYTES_MIN = 16


@cache
def signing_key() -> bytes:
    """Return the deployment's key, from the file, the secret or the variable that the settings name (in this order).

    Raises `InvalidSettingError` when none is set, unreadable or shorter than 16 bytes.
    """
    chosen = settings()
    if chosen.signing_key_file is not None:
        try:
            key = chosen.signing_key_file.read_bytes().strip()
        except OSError as error:
            raise InvalidSettingError(f"REGATTA_SIGNING_KEY_FILE cannot be read: {error.strerror}.") from error
    elif chosen.signing_key_secret is not None:
        key = _from_secrets_manager(chosen.signing_key_secret)
    elif chosen.signing_key is not None:
        key = chosen.signing_key.reveal().encode()
    else:
        raise InvalidSettingError("Set REGATTA_SIGNING_KEY_FILE: models cannot be signed or checked without a key.")
    if len(key) < KEY_BYTES_MIN:
        raise InvalidSettingError(f"The signing key has {len(key)} bytes; it must have at least {KEY_BYTES_MIN}.")
    return key


def _from_secrets_manager(arn: str) -> bytes:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        secret = boto3.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    except (BotoCoreError, ClientError) as error:
        raise UnavailableError("The signing key could not be read from Secrets Manager; try again.") from error
    return str(secret).encode()


def sign(*parts: bytes) -> str:
    """Return the hexadecimal HMAC-SHA256 over the parts, each preceded by its length, so that no two splits agree."""
    mac = hmac.new(signing_key(), digestmod=hashlib.sha256)
    for part in parts:
        mac.update(len(part).to_bytes(8, "big"))
        mac.update(part)
    return mac.hexdigest()


def is_signed(signature: str, *parts: bytes) -> bool:
    """Return whether `signature` is ours over these parts; the comparison takes constant time."""
    return hmac.compare_digest(sign(*parts).encode(), signature.encode("utf-8", "replace"))


def webhook_secret() -> bytes:
    """Return the secret that signs webhooks. It is derived from the key, so that its receivers cannot sign a model."""
    return bytes.fromhex(sign(b"webhooks"))
