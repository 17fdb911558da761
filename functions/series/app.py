"""Series of files that train one model: everything below /series."""

from collections.abc import Container
from html import escape
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import ConfigDict, Field

from core.errors import NoSuchJobError, NoSuchModelError
from core.jobs.commands import RetrainCommand
from core.jobs.effort import check_batch
from core.jobs.service import read_command
from core.languages.tags import DEFAULT, Language
from core.paging import page_of, read_cursor, write_cursor
from core.reporting.decision_page import pages_of, retraining_page
from core.services.series import arrivals
from core.services.series.overrule import overrule
from core.services.series.presigned_uploads import presign_upload
from core.storage.job_repository import Job
from core.storage.series_repository import Series, SeriesSettings
from core.storage.workspace import Workspace
from core.types import Json
from core.whole_numbers import WHOLE
from functions.html_pages import html_page
from functions.http import CallerWorkspace, RequestBody, create_app
from functions.idempotency import IdempotentRoute
from functions.job_responses import job_summary
from functions.links import page_with_links, with_links
from functions.listing import Cursor, listing
from functions.page_language import PageLanguage

router = APIRouter(prefix="/series", tags=["series"], route_class=IdempotentRoute)

PAGE_DEFAULT, PAGE_LIMIT = 20, 100


class SeriesSettingsRequest(SeriesSettings):
    """The settings of a series; a missing field has its default."""

    # Strict and built at once, as `functions.http.RequestBody` is: FastAPI makes routes of it.
    model_config = ConfigDict(extra="forbid", strict=True, defer_build=False)


class OverruleRequest(RequestBody):
    """A person's decision about a file, in place of the one by its errors."""

    learned: bool = Field(description="true lets a file in that was held, false leaves any file out of what comes")


class SeriesUploadRequest(RequestBody):
    """The file that is going to be uploaded."""

    filename: str = Field(min_length=1, description="ends in .csv, .xlsx or another ending of tables")
    size_bytes: Annotated[int, Field(ge=1), WHOLE] = Field(description="larger files are not taken")
    target_column: str | None = Field(None, min_length=1, description="where the series does not know it")
    sha256: str | None = Field(None, pattern="^[0-9a-f]{64}$", description="the same file is then learned from once")


@router.get("")
@listing
def list_series(
    workspace: CallerWorkspace,
    limit: Annotated[int, Query(ge=1, le=PAGE_LIMIT)] = PAGE_LIMIT,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Return the series of the workspace by name, page by page."""
    page, last = workspace.series.listed(limit, read_cursor("series", cursor))
    return {"series": [_describe(workspace, series) for series in page], "next": write_cursor("series", last)}


@router.put("/{name}")
def configure(workspace: CallerWorkspace, name: str, body: SeriesSettingsRequest) -> dict[str, Any]:
    """Store the settings of a series, which may have no files yet, and submit files that waited for others.

    From now on its files may change the model of its name, whoever trained that.
    """
    arrivals.check_series_name(name, "name")
    check_batch(workspace.batch, body.training)
    series = workspace.series.configure(name, SeriesSettings.model_validate(body.model_dump()))
    submitted = arrivals.submit_waiting(workspace, name)
    return {**_describe(workspace, series), "announced": [job.job_id for job in submitted]}


@router.get("/{name}")
def get_series(workspace: CallerWorkspace, name: str) -> dict[str, Any]:
    """Return the settings of a series, its newest decision, and the jobs of files that wait or were given up."""
    jobs = _unfinished(workspace, name)
    # Before its first decision a series is not stored yet.
    series = workspace.series.read(name) if jobs else workspace.series.get(name)
    return {**_describe(workspace, series or Series(name=name)), "jobs": [_describe_job(job) for job in jobs]}


@router.get("/{name}/history")
def history(
    workspace: CallerWorkspace,
    name: str,
    limit: Annotated[int, Query(ge=1, le=PAGE_LIMIT)] = PAGE_DEFAULT,
    after: Annotated[str | None, Query(description="the next of the page before")] = None,
) -> dict[str, Any]:
    """Return the decision about each file, the newest first; `next` is the `after` of the next page."""
    arrivals_newest_first = workspace.series.get(name).arrivals[::-1]
    try:
        page, next_after = page_of(arrivals_newest_first, limit, after)
    except LookupError as error:
        raise NoSuchJobError(f"No decision of series {name!r} is {after!r}. Begin again without after.") from error
    return {"history": [arrival.model_dump() for arrival in page], "next": next_after}


@router.get("/{name}/reports/{job_id}")
def report(
    request: Request,
    workspace: CallerWorkspace,
    name: str,
    job_id: str,
    language: PageLanguage,
    format: Annotated[Literal["json", "html"] | None, Query(description="default: as Accept says")] = None,
    accept: Annotated[str, Header()] = "",
) -> Response:
    """Return the report of one decision as JSON or as a page with plots: data, drift, scores and reason."""
    series = workspace.series.get(name)
    found = workspace.series.report(series.name, job_id)
    gone = {} if found is None else _links_to_nothing(workspace, found)
    if (format or ("html" if "text/html" in accept else "json")) == "html":
        page = _page(workspace, series.name, job_id, found, language)
        if page is not None:
            if found is not None:
                page = _with_living_links(page, found, gone, language)
            return html_page(request, page_with_links(page), language, vary=("Accept",))
    elif found is not None:
        links = {role: path for role, path in found["links"].items() if role not in gone}
        return JSONResponse(with_links({**found, "links": links}))
    raise NoSuchJobError(f"Series {name!r} has no report {job_id!r}. GET /series/{name}/history lists what there is.")


def _page(workspace: Workspace, name: str, job_id: str, report: Json | None, language: Language) -> str | None:
    """Return the page of a decision: in English as it is stored, in other languages made of the stored report."""
    if language == DEFAULT or report is None:
        return workspace.series.page(name, job_id)
    return retraining_page(report, language)


def _with_living_links(page: str, report: Json, gone: Container[str], language: Language) -> str:
    """Return a page without the links to what is `gone`, the others to pages in its language.

    Pages of earlier versions link to JSON.
    """
    pages = pages_of(report)
    asked = "" if language == DEFAULT else f"&language={language}"
    for role, path in pages.items():
        living = "" if role in gone else f' href="{escape(f"{path}{asked}")}"'
        for stored in (report["links"][role], path):
            page = page.replace(f' href="{escape(stored)}"', living)
    return page


def _links_to_nothing(workspace: Workspace, report: Json) -> dict[str, str]:
    """Return the links of a report to versions that were deleted since it was written."""
    versions = {"champion": report["before"], "challenger": report["arrival"]["version"]}
    return {
        role: report["links"][role]
        for role, version in versions.items()
        if role in report["links"] and not _is_there(workspace, report["series"], version)
    }


def _is_there(workspace: Workspace, name: str, version: int) -> bool:
    try:
        workspace.models.manifest(name, version)
    except NoSuchModelError:
        return False
    return True


@router.patch("/{name}/arrivals/{job_id}")
def overrule_decision(workspace: CallerWorkspace, name: str, job_id: str, body: OverruleRequest) -> dict[str, Any]:
    """Decide whether challengers train on a file from now on; the champion stays."""
    return overrule(workspace, name, job_id, learned=body.learned).model_dump()


@router.post("/{name}/uploads", status_code=201)
def presign_upload_of_series(workspace: CallerWorkspace, name: str, body: SeriesUploadRequest) -> dict[str, Any]:
    """Return a form to upload a file with. Its arrival starts the retraining."""
    form = presign_upload(workspace, name, **body.model_dump())
    return {"key": form.key, "url": form.url, "fields": form.fields, "expires_at": form.expires_at}


def _describe(workspace: Workspace, series: Series) -> dict[str, Any]:
    """Return a series with its settings, its champion and its newest decision."""
    newest = series.arrivals[-1] if series.arrivals else None
    return {
        "name": series.name,
        "created_at": series.created_at,
        "settings": series.settings.model_dump(),
        "arrivals": len(series.arrivals),
        "champion": workspace.models.serving(series.name),
        "newest": newest.model_dump() if newest else None,
    }


def _unfinished(workspace: Workspace, name: str) -> list[Job]:
    """Return the jobs of files without a decision: they wait, are worked on, or were given up."""
    return [job for job in workspace.jobs.undecided(name) if _retraining(job)]


def _describe_job(job: Job) -> dict[str, Any]:
    """Return the job of a file with the key of its object."""
    retraining = _retraining(job)
    return {"key": retraining and retraining.key, **job_summary(job)}


def _retraining(job: Job) -> RetrainCommand | None:
    """Return the command of a job if it is a retraining."""
    command = read_command(job) if job.kind == RetrainCommand.kind else None
    return command if isinstance(command, RetrainCommand) else None


app = create_app(router)
