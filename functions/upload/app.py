"""Upload a CSV: POST /data/upload."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from fastapi import APIRouter, Form, UploadFile
from pydantic import BaseModel, ConfigDict, Field

from core.manifests import Reading
from core.services.processing.ingest import check_request_size, ingest
from functions.http import CallerWorkspace, create_app
from functions.idempotency import IdempotentRoute

router = APIRouter(tags=["data"], route_class=IdempotentRoute)


class UploadForm(BaseModel):
    """A CSV, and how to read it where the caller knows it."""

    model_config = ConfigDict(defer_build=False)  # as in `functions.http.RequestBody`

    file: UploadFile = Field(description="the CSV, as it is or as gzip")
    encoding: str | None = Field(None, description="default: found out")
    delimiter: str | None = Field(None, description="one character, or tab, space; default: found out")
    has_header: bool | None = Field(None, description="whether the first line names the columns")


@router.post("/data/upload")
def upload(
    workspace: CallerWorkspace, form: Annotated[UploadForm, Form(media_type="multipart/form-data")]
) -> dict[str, Any]:
    """Store a CSV unchanged, infer its types, profile it, and make it the current file."""
    check_request_size(form.file.size or 0)
    reading = Reading(encoding=form.encoding, delimiter=form.delimiter, has_header=form.has_header)
    with TemporaryDirectory(prefix="regatta-") as folder:
        source = Path(folder) / "source.csv"
        with source.open("wb") as copy:
            shutil.copyfileobj(form.file.file, copy, 1 << 20)
        manifest = ingest(workspace, form.file.filename or "", source, reading)
    return {**manifest.summary(), **manifest.understanding()}


app = create_app(router)
