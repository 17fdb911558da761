"""Files: `client.data`."""

from pathlib import Path
from typing import Any

from regatta._async.connection import AsyncConnection
from regatta.answers import Dataset


class AsyncData:
    """Uploads files, describes them, and cleans them for training."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def upload(self, source: str | Path | bytes, *, filename: str | None = None, **reading: Any) -> Dataset:
        """Upload a table and return it as a dataset, which is the current file then."""
        content = source if isinstance(source, bytes) else Path(source).read_bytes()
        name = filename or ("data.csv" if isinstance(source, bytes) else Path(source).name)
        files = {"file": (name, content)}
        return Dataset.of(await self._connection.json("POST", "/data/upload", keyed=True, files=files, data=reading))
