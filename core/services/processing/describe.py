"""Describe a table that was read from a file: its profile, and the manifest of the dataset that it makes."""

from dataclasses import dataclass
from pathlib import PurePath

from core.manifests import DatasetManifest, Reading
from core.profiling.profile import profile
from core.profiling.time_order import ORDERED
from core.services.processing.received_table import ReceivedTable
from core.stored_document import now
from core.tables.table import Table
from core.types import Json

FILENAME_CHARACTERS = 200


@dataclass(frozen=True)
class DescribedTable:
    """A table whose columns have their counts, its profile, and the manifest of its dataset."""

    manifest: DatasetManifest
    table: Table
    profile: Json


def describe(file_id: str, filename: str, received: ReceivedTable, table: Table, reading: Reading) -> DescribedTable:
    """Profile a table; `reading` is how the caller said that its file is to be read."""
    profiled = profile(table)
    table = table.with_distinct({name: figures["distinct"] for name, figures in profiled["columns"].items()})
    found = {
        "duplicate_rows": profiled["duplicate_rows"],
        "time_column": next((found["column"] for found in profiled["findings"] if found["kind"] == ORDERED), None),
    }
    manifest = manifest_of(file_id, filename, received, table, reading).model_copy(update=found)
    return DescribedTable(manifest, table, profiled)


def manifest_of(
    file_id: str, filename: str, received: ReceivedTable, table: Table, reading: Reading
) -> DatasetManifest:
    """Return the manifest of a table, without what only its profile says."""
    text, dialect = received.text, received.dialect
    return DatasetManifest(
        file_id=file_id,
        # Only the last part: a browser or a script may send a whole path, with either slash.
        filename=PurePath(filename.replace("\\", "/")).name[:FILENAME_CHARACTERS] or "upload.csv",
        created_at=now(),
        size_bytes=text.size_bytes,
        sha256=text.sha256,
        encoding=text.encoding,
        delimiter=dialect.original_delimiter,
        has_header=dialect.has_header,
        rows=table.rows,
        memory_bytes=table.memory_bytes,
        columns=received.columns(table.columns),
        duplicate_rows=0,
        container=received.container,
        reading=reading if reading.asked else None,
        warnings=[*text.warnings, *received.warnings, *dialect.warnings, *table.warnings],
    )
