"""Taking a CSV: POST /data/upload."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, UploadFile

from core.manifests import Reading
from core.services.processing.ingest import check_request_size, ingest
from functions.http import CallerWorkspace, create_app
from functions.idempotency import IdempotentRoute

router = APIRouter(tags=["data"], route_class=IdempotentRoute)


@router.post("/data/upload")
def upload(
    workspace: CallerWorkspace,
    file: Annotated[UploadFile, File(description="the CSV, as it is or as gzip")],
    encoding: Annotated[str | None, Form(description="default: found out")] = None,
    delimiter: Annotated[str | None, Form(description="one character, or tab, space; default: found out")] = None,
    has_header: Annotated[bool | None, Form(description="whether the first line names the columns")] = None,
) -> dict[str, Any]:
    """Store a CSV as it is, type it, profile it, and make it the current file."""
    check_request_size(file.size or 0)
    reading = Reading(encoding=encoding, delimiter=delimiter, has_header=has_header)
    with TemporaryDirectory(prefix="regatta-") as folder:
        source = Path(folder) / "source.csv"
        with source.open("wb") as copy:
            shutil.copyfileobj(file.file, copy, 1 << 20)
        manifest = ingest(workspace, file.filename or "", source, reading)
    return {**manifest.summary(), **manifest.understanding()}


app = create_app(router)
