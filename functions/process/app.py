"""Use cases that need the table: GET /data/rows and /data/outliers, POST /data/process, GET /data/download."""

import shutil
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import Field

from core.bounds import MOST_COLUMNS, at_most
from core.errors import InvalidInputError
from core.exporting.csv_style import BomField, CsvStyle, DecimalField, DelimiterField, csv_style
from core.exporting.files import NamedFile
from core.manifests import HandleMissing, Recipe
from core.profiling.outliers import Method, outliers
from core.profiling.rows import FIRST_ROW
from core.services.processing.download import source_file, table_file
from core.services.processing.open_table import open_table
from core.services.processing.process import process
from core.services.processing.rows import page_of_rows
from core.storage.workspace import Workspace
from functions.file_responses import file_answer
from functions.heavy_work import run_heavy
from functions.http import CallerWorkspace, RequestBody, create_app
from functions.idempotency import IdempotentRoute

router = APIRouter(tags=["data"], route_class=IdempotentRoute)

PAGE_ROWS = 100
THRESHOLDS = "above 0; default: 1.5 for iqr, 3 for zscore"
FileId = Annotated[str | None, Query(description="default: the current file")]
Raw = Annotated[bool, Query(description="csv: leave texts as they are that a spreadsheet would run as formulas")]


class ProcessRequest(RequestBody):
    """A recipe: how missing values are handled, which columns are left out, and the target."""

    handle_missing: HandleMissing = "median"
    columns: Annotated[dict[str, HandleMissing], Field(max_length=MOST_COLUMNS), at_most(MOST_COLUMNS)] = Field(
        {}, description="columns that are handled differently, by name"
    )
    leave_out: list[str] = Field([], max_length=MOST_COLUMNS, description="columns that no model gets to see")
    target_column: str | None = None
    file_id: str | None = Field(None, description="default: the current file")


@router.post("/data/process")
def process_data(workspace: CallerWorkspace, body: ProcessRequest) -> dict[str, Any]:
    """Store the recipe and return its effect: counts before and after, imputed values, encoded categories."""
    return run_heavy(process, workspace, body.file_id, Recipe(**body.model_dump(exclude={"file_id"})))


@router.get("/data/rows")
def rows(
    workspace: CallerWorkspace,
    first: Annotated[int, Query(ge=FIRST_ROW, description="number of the first row; the header is row 1")] = FIRST_ROW,
    rows: Annotated[int, Query(ge=1, le=PAGE_ROWS, description="how many rows at most")] = PAGE_ROWS,
    file_id: FileId = None,
) -> dict[str, Any]:
    """Return rows from any place of the table, typed, and how many it has.

    Rows are numbered as in a spreadsheet. Fewer rows come where they are very large: the next page begins after them.
    """
    return run_heavy(page_of_rows, workspace, file_id, first, rows)


@router.get("/data/outliers")
def find_outliers(
    workspace: CallerWorkspace,
    method: Method = "iqr",
    threshold: Annotated[float | None, Query(description=THRESHOLDS, json_schema_extra={"exclusiveMinimum": 0})] = None,
    file_id: FileId = None,
) -> dict[str, Any]:
    """Return the outliers of each column: bounds, how many values lie outside, and the first rows."""
    return run_heavy(_outliers, workspace, file_id, method, threshold)


def _outliers(workspace: Workspace, file_id: str | None, method: Method, threshold: float | None) -> dict[str, Any]:
    with open_table(workspace, file_id) as (manifest, table):
        return {"file_id": manifest.file_id, **outliers(table, method, threshold)}


@router.get("/data/download", response_class=Response)
def download(
    workspace: CallerWorkspace,
    format: Literal["csv", "excel", "json", "jsonl", "parquet"] = "csv",
    processed: Annotated[bool, Query(description="as the stored recipe leaves it")] = False,
    raw: Raw = False,
    source: Annotated[bool, Query(description="the bytes as they were received, under their own name")] = False,
    file_id: FileId = None,
    delimiter: DelimiterField = None,
    decimal: DecimalField = None,
    bom: BomField = None,
) -> Response:
    """Return the typed table, or the one that its recipe makes: gaps filled, dates and categories as numbers.

    With `source`, return the bytes that were received. A file that is larger than one answer may be comes as 303 to a
    URL that works for an hour.
    """
    if source:
        if processed or raw or format != "csv" or (delimiter, decimal, bom) != (None, None, None):
            error = {"field": "source", "message": "goes with no format, processed or raw; leave them out"}
            raise InvalidInputError(
                "The bytes as received have one form only. Leave the other parameters out.", [error]
            )
        with source_file(workspace, file_id) as file:
            return file_answer(workspace, file)
    style = csv_style(format, delimiter, decimal, bom)
    with TemporaryDirectory(prefix="regatta-") as folder:
        file = run_heavy(
            _write_table, workspace, Path(folder), file_id, format, processed=processed, raw=raw, style=style
        )
        return file_answer(workspace, file)


def _write_table(
    workspace: Workspace, folder: Path, file_id: str | None, kind: str, *, processed: bool, raw: bool, style: CsvStyle
) -> NamedFile:
    """Write a table to a file in the folder."""
    with table_file(workspace, file_id, kind, processed=processed, raw=raw, style=style) as file:
        return replace(file, path=Path(shutil.move(file.path, folder)))


app = create_app(router)
