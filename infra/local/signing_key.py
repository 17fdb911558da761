"""The file of a deployment's keys: made for a new home of the embedded stack, and rotated."""

import os
import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.storage.keyring import Keyring, public_key

# For so long after a rotation models of versions before 0.3 are signed anew.
FORMER_DAYS = 90


def create_signing_key(path: Path) -> None:
    """Write keys at random, readable by the owner only; an existing file stays, that of an earlier version too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        seed, webhooks, internal = (secrets.token_bytes(32) for _ in range(3))
        write_keyring(path, Keyring(seed=seed, webhooks=webhooks, internal=internal))


def rotated(keys: Keyring) -> Keyring:
    """Return keys with a new private key; signatures of the former ones are accepted as well."""
    seed = secrets.token_bytes(32)
    until = keys.hmac_until or datetime.now(UTC).date() + timedelta(days=FORMER_DAYS)
    return replace(keys, seed=seed, hmac_until=until).with_verifying([public_key(seed)])


def write_keyring(path: Path, keys: Keyring) -> None:
    """Replace the file at once, so that there is never a half-written key; only the owner may read it."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(keys.dump())
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
