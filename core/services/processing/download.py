"""Download a stored table as a file: the typed table, the one that its recipe makes, or the bytes as received."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory

import pyarrow as pa

from core.containers.formats import GZIP
from core.errors import NotEnoughRowsError
from core.exporting.cells import Options
from core.exporting.csv_style import COMMAS_AND_POINTS, CsvStyle
from core.exporting.files import NamedFile
from core.manifests import Recipe
from core.preprocessing.cleaning import clean
from core.services.processing.open_table import open_table
from core.storage.dataset_repository import SOURCE
from core.storage.workspace import Workspace
from core.tables.table import Table
from core.tables.table_writers import TABLE_FORMATS

# By the format of a source.
MEDIA_TYPES = {
    "csv": "text/csv",
    "gzip": "application/gzip",
    "zip": "application/zip",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xls": "application/vnd.ms-excel",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "parquet": "application/vnd.apache.parquet",
    "json": "application/json",
}


@contextmanager
def table_file(
    workspace: Workspace,
    file_id: str | None,
    kind: str,
    *,
    processed: bool,
    raw: bool = False,
    style: CsvStyle = COMMAS_AND_POINTS,
) -> Iterator[NamedFile]:
    """Write a dataset to a file of one of `TABLE_FORMATS`, which is deleted when the context ends.

    `processed` applies the stored recipe, fitted on the whole table: rows that it drops are left out, gaps are filled,
    dates are their parts, and categories columns of 1 and 0. With `raw`, a CSV leaves texts as they are even where they
    look like formulas. Raises `TooLargeError` where the format cannot hold the table, `NotEnoughRowsError` where the
    recipe leaves nothing, `NoSuchFileError`, `NoCurrentFileError`.
    """
    chosen = TABLE_FORMATS[kind]
    with open_table(workspace, file_id) as (manifest, table):
        schema, batches = _processed(table, manifest.recipe) if processed else (table.schema, table.batches())
        chosen.check_columns(len(schema))
        chosen.check_names(schema.names, table.rows)
        path = table.path.with_name(f"download.{chosen.ending}")
        with path.open("wb") as file:
            units = {column.name: column.unit for column in table.columns if column.unit is not None}
            chosen.write(file, schema, batches, Options(raw=raw, style=style, units=units))
        stem = PurePath(manifest.filename).stem + ("-processed" if processed else "")
        yield NamedFile(path, f"{stem}.{chosen.ending}", chosen.media_type)


@contextmanager
def source_file(workspace: Workspace, file_id: str | None) -> Iterator[NamedFile]:
    """Fetch the bytes of a dataset as they were received, under their own name; deleted when the context ends.

    Raises `NoSuchFileError`, `NoCurrentFileError`.
    """
    manifest = workspace.datasets.manifest(file_id, fresh=True)
    with TemporaryDirectory(prefix="regatta-") as folder:
        path = Path(folder) / "source"
        workspace.datasets.download(manifest.file_id, SOURCE, path)
        with path.open("rb") as file:
            is_gzip = file.read(2) == GZIP
        container = manifest.container
        kind = "gzip" if is_gzip else (container and (container.packed_in or container.format)) or "csv"
        yield NamedFile(path, manifest.filename, MEDIA_TYPES[kind])


def _processed(table: Table, recipe: Recipe) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    done = clean(table, recipe)
    if not done.kept.any() or not done.columns:
        raise NotEnoughRowsError("The recipe leaves no value. Choose another one with POST /data/process.")
    return done.schema(), done.batches()
