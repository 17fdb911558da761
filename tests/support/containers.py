"""Workbooks, Parquet files and archives in memory, and their tables as an upload reads them."""

import io
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
from openpyxl.worksheet.worksheet import Worksheet
from pyarrow import parquet

from core.containers.open_container import open_container
from core.containers.unpacked import Unpacked
from core.manifests import FileContainer, Reading
from core.services.processing.received_table import find_table
from core.tables.csv_reader import read_table

Edit = Callable[[openpyxl.Workbook], None]
LIMIT = 1 << 30


def workbook(*sheets: Sequence[Any], edit: Edit | None = None) -> bytes:
    """Return an .xlsx with these sheets, called Sheet1, Sheet2 and so on; `edit` changes the last details."""
    book, file = openpyxl.Workbook(), io.BytesIO()
    for number, rows in enumerate(sheets, start=1):
        sheet = first_sheet(book) if number == 1 else book.create_sheet()
        sheet.title = f"Sheet{number}"
        for row in rows:
            sheet.append(list(row))
    if edit:
        edit(book)
    book.save(file)
    return file.getvalue()


def first_sheet(book: openpyxl.Workbook) -> Worksheet:
    """Return the first sheet of a workbook."""
    sheet = book.worksheets[0]
    assert isinstance(sheet, Worksheet)
    return sheet


def parquet_file(columns: Mapping[str, Any], **how: Any) -> bytes:
    """Return a Parquet file with these columns."""
    file = io.BytesIO()
    parquet.write_table(pa.table(dict(columns)), file, **how)
    return file.getvalue()


def archive(files: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip archive of these files."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as packed:
        for name, body in files.items():
            packed.writestr(name, body)
    return file.getvalue()


@dataclass(frozen=True)
class ReadTable:
    """A table as an upload reads it: by column its type and all values, the warnings, and the container."""

    types: dict[str, str]
    values: dict[str, list[Any]]
    warnings: list[str]
    container: FileContainer | None


def read(body: bytes, **reading: Any) -> ReadTable:
    """Return the table of a file; raises what an upload raises."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "source").write_bytes(body)
        found = find_table(folder / "source", folder, Reading(**reading), LIMIT)
        table = read_table(found.dialect, folder, reading=found.reading)
        rows = table.head(table.rows)
        columns = [[row[position] for row in rows] for position in range(len(table.columns))]
        return ReadTable(
            {column.name: column.type for column in table.columns},
            {column.name: values for column, values in zip(table.columns, columns, strict=True)},
            [*found.warnings, *found.dialect.warnings, *table.warnings],
            found.container,
        )


def unpack(body: bytes, folder: Path, max_bytes: int = LIMIT, **reading: Any) -> Unpacked:
    """Open a container whose copies go to `folder`."""
    source = folder / "source"
    source.write_bytes(body)
    return open_container(source, folder, Reading(**reading), max_bytes)
