"""The credentials of the emulated AWS of one home: made at random, and the only ones that it takes.

They are in a file as the AWS command line reads it (`AWS_SHARED_CREDENTIALS_FILE`).
"""

import base64
import secrets
from configparser import ConfigParser, Error
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from infra.local.private_files import read_private, write_private

FILE = "credentials"
PROFILE = "default"


@dataclass(frozen=True)
class Credentials:
    """An access key and its secret."""

    access_key_id: str
    secret_access_key: str

    @property
    def variables(self) -> dict[str, str]:
        """Return the variables of the environment by which AWS's libraries find them."""
        return {"AWS_ACCESS_KEY_ID": self.access_key_id, "AWS_SECRET_ACCESS_KEY": self.secret_access_key}

    @property
    def arguments(self) -> dict[str, str]:
        """Return the arguments of a session of boto3."""
        return {"aws_access_key_id": self.access_key_id, "aws_secret_access_key": self.secret_access_key}


def credentials_of(home: Path) -> Credentials:
    """Return the credentials of a home, and make them where it has none that can be read.

    Raises `NotPrivateError` where the file is another user's.
    """
    path = home / FILE
    found = _parse(read_private(path))
    if found is None:
        found = Credentials(f"REGATTA{base64.b32encode(secrets.token_bytes(8))[:13].decode()}", secrets.token_hex(20))
        write_private(path, _text(found))
    return found


def _parse(text: str | None) -> Credentials | None:
    parser = ConfigParser(interpolation=None)
    try:
        parser.read_string(text or "")
        section = parser[PROFILE]
        return Credentials(section["aws_access_key_id"], section["aws_secret_access_key"])
    except (Error, KeyError):
        return None


def _text(credentials: Credentials) -> str:
    parser = ConfigParser(interpolation=None)
    parser[PROFILE] = {
        "aws_access_key_id": credentials.access_key_id,
        "aws_secret_access_key": credentials.secret_access_key,
    }
    text = StringIO()
    parser.write(text)
    return text.getvalue()
