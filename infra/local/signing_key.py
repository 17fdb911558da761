"""The signing key of the embedded stack."""

import os
import secrets
from pathlib import Path


def create_signing_key(path: Path) -> None:
    """Write 32 random bytes in hexadecimal digits, readable by the owner only; an existing key stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    if not path.exists():
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32) + "\n")
        draft.replace(path)  # at once, so that there is never a half-written key
