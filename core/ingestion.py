"""From the bytes of a CSV to a stored dataset: read, typed, profiled, and kept with its source untouched."""

import hashlib
import io
import json
import secrets
import time
from pathlib import PurePath
from typing import Any

from core.errors import TooLargeError
from core.manifests import DatasetManifest, now
from core.settings import settings
from core.storage.datasets import COLUMNS, PROFILE, SOURCE, TABLE
from core.storage.wiring import storage
from core.tables.columns import pack
from core.tables.profile import profile
from core.tables.reading import Table, read_table
from core.tables.text import read_text

FILENAME_CHARACTERS = 200


def ingest(workspace: str, filename: str, source: bytes) -> DatasetManifest:
    """Store a CSV as a dataset and make it the workspace's current file.

    Raises `TooLargeError`, `NotACsvError`, `UnavailableError`; then nothing is stored.
    """
    limit = settings().max_upload_bytes
    if len(source) > limit:
        raise TooLargeError(f"The file has {len(source):,} bytes; one request takes at most {limit:,}. Split it.")
    text = read_text(source)
    table = read_table(text)
    profiled = profile(table)
    manifest = DatasetManifest(
        file_id=_new_file_id(),
        # Only the last part: a browser or a script may send a whole path, of either kind.
        filename=PurePath(filename.replace("\\", "/")).name[:FILENAME_CHARACTERS] or "upload.csv",
        created_at=now(),
        size_bytes=len(source),
        sha256=hashlib.sha256(source).hexdigest(),
        encoding=text.encoding,
        delimiter=text.delimiter,
        rows=table.data.num_rows,
        memory_bytes=table.data.nbytes,
        columns=table.columns,
        duplicate_rows=profiled["duplicate_rows"],
        warnings=table.warnings,
    )
    storage().datasets.add(workspace, manifest, _files(source, table, profiled))
    return manifest


def _files(source: bytes, table: Table, profiled: dict[str, Any]) -> dict[str, bytes]:
    """What a dataset consists of, by file name. Light functions need the packed columns and the profile only."""
    from pyarrow import parquet

    buffer = io.BytesIO()
    parquet.write_table(table.data, buffer, compression="zstd")
    return {
        SOURCE: source,
        TABLE: buffer.getvalue(),
        COLUMNS: pack(table.packed()),
        PROFILE: json.dumps(profiled, ensure_ascii=False).encode(),
    }


def _new_file_id() -> str:
    """Unique, and in the order of creation when sorted: milliseconds in hexadecimal, then 40 random bits."""
    return f"{time.time_ns() // 1_000_000:011x}{secrets.token_hex(5)}"
