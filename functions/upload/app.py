"""Taking a CSV: POST /data/upload."""

from typing import Annotated, Any

from fastapi import APIRouter, File, UploadFile

from core.ingestion import ingest
from functions.http import Workspace, create_app

router = APIRouter(tags=["data"])


@router.post("/data/upload")
def upload(workspace: Workspace, file: Annotated[UploadFile, File(description="the CSV")]) -> dict[str, Any]:
    """Store a CSV as it is, type it, profile it, and make it the current file."""
    manifest = ingest(workspace, file.filename or "", file.file.read())
    return {
        "file_id": manifest.file_id,
        "filename": manifest.filename,
        "rows": manifest.rows,
        "columns": len(manifest.columns),
        "size_bytes": manifest.size_bytes,
        "sha256": manifest.sha256,
        "encoding": manifest.encoding,
        "delimiter": manifest.delimiter,
        "column_types": manifest.column_types(),
        "missing": manifest.missing(),
        "warnings": manifest.warnings,
    }


app = create_app(router)
