"""Describe a file as ingestion would, without storing anything: for a report where no service runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from core.manifests import DatasetManifest, Reading
from core.progress import ReportProgress, ignore_progress, progress_within
from core.services.processing.describe import describe
from core.services.processing.received_table import find_table
from core.settings import settings
from core.stored_document import new_file_id
from core.tables.csv_reader import read_table
from core.tables.table import Table
from core.types import Json


@contextmanager
def described_file(
    source: Path, report_progress: ReportProgress = ignore_progress
) -> Iterator[tuple[DatasetManifest, Table, Json]]:
    """Yield the manifest, the table and the profile of a file; the table can be read within the `with` block.

    Raises `TooLargeError`, `NotACsvError` and `InvalidInputError` as an upload does.
    """
    with TemporaryDirectory(prefix="regatta-") as name:
        folder = Path(name)
        report_progress("reading", 0.0)
        found = find_table(source, folder, Reading(), settings().max_file_bytes)
        table = read_table(
            found.dialect, folder, progress_within(report_progress, 0.05, 0.5), found.reading, found.texts_like(())
        )
        report_progress("profiling", 0.5)
        described = describe(new_file_id(), source.name, found, table, Reading())
        yield described.manifest, described.table, described.profile
