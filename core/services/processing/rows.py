"""A page of the rows of a dataset, as `GET /data/rows` answers it."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from core.errors import InvalidInputError
from core.profiling.rows import FIRST_ROW
from core.services.processing.partial_table import open_rows
from core.storage.workspace import Workspace
from core.types import Json

# A Lambda function gives 6 MB back. Rows with long texts or thousands of columns would exceed that.
PAGE_BYTES = 4 << 20


def page_of_rows(workspace: Workspace, file_id: str | None, first: int, rows: int) -> Json:
    """Return up to `rows` rows from the row number `first` on, typed as in the preview.

    Rows are numbered as in a spreadsheet, where the header is row 1. Fewer come at the end of the table, and where they
    would take more than `PAGE_BYTES` as JSON; one always comes. Raises `InvalidInputError` for a row after the last
    one, `NoSuchFileError`, `NoCurrentFileError`, and `NotACsvError` for a table that is damaged.
    """
    manifest = workspace.datasets.manifest(file_id)
    start = first - FIRST_ROW
    if start >= manifest.rows:
        last = manifest.rows - 1 + FIRST_ROW
        raise InvalidInputError(
            f"The file has no row {first:,}: its last row is {last:,}, counted as in a spreadsheet. Ask for an earlier "
            "one.",
            [{"field": "first", "message": f"must be at most {last}"}],
        )
    wanted = range(start, min(start + rows, manifest.rows))
    with open_rows(workspace, manifest, wanted) as table:
        found = list(_fitting(table.read_rows(wanted.start, wanted.stop)))
    return {
        "file_id": manifest.file_id,
        "first": first,
        "total": manifest.rows,
        "columns": [column.name for column in manifest.columns],
        "rows": found,
    }


def _fitting(rows: Iterable[list[Any]]) -> Iterator[list[Any]]:
    """Yield the first row, and those after it while all together fit into `PAGE_BYTES`."""
    left = PAGE_BYTES
    for number, row in enumerate(rows):
        left -= len(json.dumps(row, ensure_ascii=False).encode())
        if number and left < 0:
            return
        yield row
