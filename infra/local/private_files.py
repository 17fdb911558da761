"""Files and folders of the embedded stack that no other user of the machine may read, whatever the umask is."""

import os
from pathlib import Path


class NotPrivateError(PermissionError):
    """A file or folder belongs to somebody else; the message says which, and what to do."""


def make_private_folder(folder: Path) -> None:
    """Make a folder that its owner alone may enter; one that exists becomes so.

    Raises `NotPrivateError` for a folder of another user, and for another user's symbolic link.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _check_owner(folder)
    folder.chmod(0o700)


def write_private(path: Path, text: str) -> None:
    """Write a file that its owner alone may read, at once, so that nobody finds half of it."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    draft.replace(path)


def read_private(path: Path) -> str | None:
    """Return the text of a file, which nobody else may read from now on; None where there is none.

    Raises `NotPrivateError` for a file of another user, and for another user's symbolic link.
    """
    try:
        _check_owner(path)
    except FileNotFoundError:
        return None
    path.chmod(0o600)
    return path.read_text()


def _check_owner(path: Path) -> None:
    """Look at a link and at what it leads to: where others may write, they can put one in our way."""
    if {path.lstat().st_uid, path.stat().st_uid} != {os.getuid()}:
        raise NotPrivateError(f"{path} belongs to another user")
