"""Which upload a file belongs to, on this disk, so that one that broke off goes on where it was."""

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from regatta.sources import Source


class UploadRecord:
    """The file_id of the upload of one source to one service, in the cache folder of the user.

    The same service, bytes and reading are the same upload. Where the folder cannot be written, nothing is resumed.
    """

    def __init__(self, url: str, source: Source, reading: Mapping[str, Any]) -> None:
        identity = json.dumps([url, *source.identity(), reading], sort_keys=True)
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        self._file = cache / "regatta" / "uploads" / hashlib.sha256(identity.encode()).hexdigest()[:32]

    def read(self) -> str | None:
        """Return the file_id of the upload; None where there is none."""
        try:
            return self._file.read_text().strip() or None
        except OSError:
            return None

    def write(self, file_id: str) -> None:
        """Write the file_id of the upload."""
        with suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.write_text(file_id)

    def delete(self) -> None:
        """Delete the record, because the upload is over."""
        with suppress(OSError):
            self._file.unlink(missing_ok=True)
