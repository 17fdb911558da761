"""From the bytes of a CSV to a stored dataset: read, typed, profiled, and kept with its source untouched."""

import json
import secrets
import time
from collections.abc import Callable
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import Any

from core.errors import TooLargeError
from core.manifests import DatasetManifest, Reading, now
from core.settings import settings
from core.storage.datasets import COLUMNS, PROFILE, SOURCE, TABLE
from core.storage.wiring import storage
from core.tables.columns import PACKED_ROWS, pack
from core.tables.dialect import Dialect, find_dialect
from core.tables.profile import profile
from core.tables.reading import read_table
from core.tables.table import Table
from core.tables.text import Text, read_text

FILENAME_CHARACTERS = 200

# Hears what is being done ("reading", "profiling", "storing") and the share of the whole that is behind.
Progress = Callable[[str, float], None]


def ingest(
    workspace: str,
    filename: str,
    source: Path,
    reading: Reading = Reading(),  # noqa: B008 - frozen
    *,
    file_id: str | None = None,
    progress: Progress = lambda stage, share: None,
) -> DatasetManifest:
    """Store a CSV as a dataset and make it the workspace's current file, in memory for one column at a time.

    `reading` overrules what would be found out; `file_id` is the one that a large upload was given beforehand.
    Raises `TooLargeError`, `NotACsvError`, `InvalidInputError`, `UnavailableError`; then nothing is stored.
    """
    with TemporaryDirectory(prefix="regatta-") as name:
        folder = Path(name)
        progress("reading", 0.0)
        text = read_text(source, folder, reading.encoding, max_bytes=settings().max_file_bytes)
        dialect = find_dialect(text, folder, reading.delimiter, reading.has_header)
        table = read_table(dialect, folder, lambda share: progress("reading", 0.05 + 0.45 * share))
        progress("profiling", 0.5)
        profiled = profile(table)
        manifest = _manifest(file_id or new_file_id(), filename, text, dialect, table, profiled)
        progress("storing", 0.8)
        storage().datasets.add(workspace, manifest, _files(folder, source, table, profiled))
    return manifest


def new_file_id() -> str:
    """Unique, and in the order of creation when sorted: milliseconds in hexadecimal, then 40 random bits."""
    return f"{time.time_ns() // 1_000_000:011x}{secrets.token_hex(5)}"


def check_request_size(size: int) -> None:
    """Raise `TooLargeError` for more bytes than one request may bring."""
    limit = settings().max_upload_bytes
    if size > limit:
        raise TooLargeError(
            f"The file has {size:,} bytes; one request takes at most {limit:,}. Send it by POST /data/uploads, or with "
            "`regatta upload`."
        )


def _manifest(
    file_id: str, filename: str, text: Text, dialect: Dialect, table: Table, profiled: dict[str, Any]
) -> DatasetManifest:
    distinct = {name: figures["distinct"] for name, figures in profiled["columns"].items()}
    return DatasetManifest(
        file_id=file_id,
        # Only the last part: a browser or a script may send a whole path, of either kind.
        filename=PurePath(filename.replace("\\", "/")).name[:FILENAME_CHARACTERS] or "upload.csv",
        created_at=now(),
        size_bytes=text.size_bytes,
        sha256=text.sha256,
        encoding=text.encoding,
        delimiter=dialect.shown,
        has_header=dialect.has_header,
        rows=table.rows,
        memory_bytes=table.memory_bytes,
        columns=[column.model_copy(update={"distinct": distinct[column.name]}) for column in table.columns],
        duplicate_rows=profiled["duplicate_rows"],
        warnings=[*text.warnings, *dialect.warnings, *table.warnings],
    )


def _files(folder: Path, source: Path, table: Table, profiled: dict[str, Any]) -> dict[str, bytes | Path]:
    """What a dataset consists of, by file name. Light functions need the packed columns and the profile only."""
    files: dict[str, bytes | Path] = {
        SOURCE: source,
        TABLE: table.path,
        PROFILE: json.dumps(profiled, ensure_ascii=False).encode(),
    }
    if table.rows <= PACKED_ROWS:
        files[COLUMNS] = folder / COLUMNS
        with files[COLUMNS].open("wb") as file:
            pack(file, ((column.name, column.type, table.values(column.name)) for column in table.columns))
    return files
