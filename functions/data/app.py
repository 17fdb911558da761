"""Datasets: everything below /data that stored documents answer."""

from pathlib import PurePath
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from core.languages.tags import Language
from core.paging import read_cursor, write_cursor
from core.reporting import report as reporting
from core.services.datasets.profiles import stored_preview, stored_profile
from core.storage.workspace import Workspace
from functions.data import uploads
from functions.data.uploads import FileName
from functions.heavy_work import run_heavy
from functions.html_pages import html_page
from functions.http import CallerWorkspace, RequestBody, create_app
from functions.listing import Cursor, listing
from functions.page_language import PageLanguage
from functions.query_parameters import StrictRoute

router = APIRouter(prefix="/data", tags=["data"], route_class=StrictRoute)

PREVIEW_LIMIT = 100
PAGE_DEFAULT, PAGE_LIMIT = 100, 1000

FileId = Annotated[str | None, Query(description="default: the current file")]


class RenameFileRequest(RequestBody):
    """The new name of a file."""

    filename: FileName


@router.get("/info")
def info(workspace: CallerWorkspace, file_id: FileId = None) -> dict[str, Any]:
    """Return schema, missing values, memory, statistics per column and findings."""
    manifest = workspace.datasets.manifest(file_id)
    stored = stored_profile(workspace, manifest)
    return {
        **manifest.summary(),
        **manifest.understanding(),
        "memory_bytes": manifest.memory_bytes,
        "duplicate_rows": manifest.duplicate_rows,
        "statistics": stored["columns"],
        "findings": stored["findings"],
        "recipe": manifest.recipe.model_dump(),
    }


@router.get("/preview")
def preview(
    workspace: CallerWorkspace,
    file_id: FileId = None,
    rows: Annotated[int, Query(ge=1, le=PREVIEW_LIMIT)] = 10,
) -> dict[str, Any]:
    """Return the first rows, typed."""
    manifest = workspace.datasets.manifest(file_id)
    stored = stored_preview(workspace, manifest)
    return {"file_id": manifest.file_id, "columns": stored["columns"], "rows": stored["rows"][:rows]}


@router.get("/profile")
def profile(workspace: CallerWorkspace, file_id: FileId = None) -> dict[str, Any]:
    """Return statistics and histograms per column, correlations, missingness, findings and relations to the target."""
    manifest = workspace.datasets.manifest(file_id)
    stored = stored_profile(workspace, manifest)
    del stored["preview"]
    return {"file_id": manifest.file_id, **stored}


@router.get("/report", response_class=HTMLResponse)
def report(
    request: Request, workspace: CallerWorkspace, language: PageLanguage, file_id: FileId = None
) -> HTMLResponse:
    """Return the dataset as one page to read and print.

    Findings, target, a plot for each column, correlations, missingness.

    The page is complete: it has no script and loads nothing from elsewhere.
    """
    # The page of a table with thousands of columns takes a while to write.
    page, filename = run_heavy(_page, workspace, file_id, language)
    return html_page(request, page, language, f"{PurePath(filename).stem}.html")


def _page(workspace: Workspace, file_id: str | None, language: Language) -> tuple[str, str]:
    """Return the report of a dataset, and the name of its file."""
    manifest = workspace.datasets.manifest(file_id)
    return reporting.report(manifest, stored_profile(workspace, manifest), language), manifest.filename


@router.get("/files")
@listing
def files(
    workspace: CallerWorkspace,
    limit: Annotated[int, Query(ge=1, le=PAGE_LIMIT)] = PAGE_DEFAULT,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Return the datasets of the workspace, oldest first, page by page, and which one is current."""
    page, last = workspace.datasets.page(limit, read_cursor("files", cursor))
    return {"files": page, "current": workspace.datasets.current(), "next": write_cursor("files", last)}


@router.post("/switch/{file_id}")
def switch(workspace: CallerWorkspace, file_id: str) -> dict[str, Any]:
    """Make a dataset the current one."""
    return workspace.datasets.switch(file_id).summary()


@router.patch("/files/{file_id}")
def rename(workspace: CallerWorkspace, file_id: str, body: RenameFileRequest) -> dict[str, Any]:
    """Rename the file of a dataset. Models that were trained on it keep the name that it had then."""
    return workspace.datasets.rename(file_id, body.filename).summary()


@router.delete("/files/{file_id}")
def delete(workspace: CallerWorkspace, file_id: str) -> dict[str, Any]:
    """Delete a dataset. Models that were trained on it stay."""
    workspace.datasets.delete(file_id)
    return {"deleted": file_id, "current": workspace.datasets.current()}


# Their paths are complete in themselves, as the guard needs them.
router.routes.extend(uploads.router.routes)
app = create_app(router)
