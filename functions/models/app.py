"""Models: the regressors, the trained models with their names and versions, and which version serves."""

import base64
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import Field

from core.access.roles import PICKLE_ROLE
from core.catalogue import CATALOGUE
from core.errors import NoEvaluationError
from core.model_manifest import ModelManifest, VersionId
from core.paging import invalid_cursor, read_cursor, write_cursor
from core.reporting.model_report import model_report
from core.services.model_facts import model_facts
from core.services.upkeep.unfinished import finish_for_readers
from core.settings import settings
from core.storage.artifacts import GRAPH, PICKLE, file_record
from core.storage.container import container
from core.storage.lists.model_list import DIGITS
from core.whole_numbers import WHOLE
from functions.access import require_role
from functions.file_responses import attachment
from functions.html_pages import html_page
from functions.http import CallerWorkspace, RequestBody, create_app
from functions.listing import Cursor, listing
from functions.page_language import PageLanguage
from functions.query_parameters import StrictRoute

router = APIRouter(prefix="/model", tags=["model"], route_class=StrictRoute)

PAGE_DEFAULT, PAGE_LIMIT = 100, 1000
# More than a name has.
NAME_CHARACTERS = 200
FILES = {"onnx": GRAPH, "pickle": PICKLE}

Version = Annotated[int | None, Query(ge=1, description="default: the version that serves")]
DeletedVersion = Annotated[int | None, Query(ge=1, description="default: the whole model")]


class ChampionRequest(RequestBody):
    """The version that is to serve."""

    version: Annotated[int, Field(ge=1), WHOLE]


class RenameRequest(RequestBody):
    """The new name of a model."""

    new_name: str


@router.get("/available")
async def available() -> dict[str, Any]:
    """Return the regressors, with their default parameters and their search spaces."""
    return {"models": [entry.describe() for entry in CATALOGUE.values()]}


@router.get("/trained")
@listing
def trained(
    workspace: CallerWorkspace,
    model_name: Annotated[str | None, Query(max_length=NAME_CHARACTERS, description="default: every model")] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_LIMIT)] = PAGE_DEFAULT,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Return every version of every model by name and number, page by page; `serves` marks the champions."""
    finish_for_readers(container())
    page = workspace.models.page(limit, _read_cursor(cursor), model_name)
    return {
        "models": [{**row.model_dump(exclude={"job_id"}), "serves": serves} for row, serves in page.models],
        **({"damaged": page.damaged} if page.damaged else {}),
        "next": write_cursor("models", None if page.last is None else f"{page.last.number}/{page.last.name}"),
    }


@router.delete("/trained/{model_name}")
def delete(workspace: CallerWorkspace, model_name: str, version: DeletedVersion = None) -> dict[str, Any]:
    """Delete a version that does not serve, or the whole model. Its numbers are never used again."""
    return {"model_name": model_name, "deleted": workspace.models.delete(model_name, version)}


@router.get("/info")
def info(
    workspace: CallerWorkspace,
    model_name: Annotated[str | None, Query(min_length=1, description="default: the model trained last")] = None,
    version: Version = None,
) -> dict[str, Any]:
    """Return the manifest of a model: features, metrics, parameters, data, library versions, digests."""
    return workspace.models.manifest(model_name, version).model_dump()


@router.get("/metrics/{model_name}")
def metrics(workspace: CallerWorkspace, model_name: str, version: Version = None) -> dict[str, Any]:
    """Return the metrics of a model: on the holdout, by cross-validation, and the data of its evaluation plots."""
    manifest = workspace.models.manifest(model_name, version)
    evaluation = workspace.models.evaluation(manifest.model_name, manifest.version) or {}
    return {
        **{name: value for name, value in evaluation.items() if name != "effects"},
        **manifest.result(),
        **manifest.model_dump(include={"validation", "train_metrics", "baseline"}),
    }


@router.get("/importance/{model_name}")
def importance(workspace: CallerWorkspace, model_name: str, version: Version = None) -> dict[str, Any]:
    """Return the permutation importance of each column, computed when the model was trained."""
    manifest = workspace.models.manifest(model_name, version)
    if not manifest.importance:
        raise NoEvaluationError(
            f"Version {manifest.version} of model {manifest.model_name!r} was trained before importance was worked "
            "out. Train it again with POST /model/train."
        )
    return manifest.model_dump(include={"model_name", "version", "importance"})


@router.get("/report/{model_name}", response_class=HTMLResponse)
def report(
    request: Request, workspace: CallerWorkspace, model_name: str, language: PageLanguage, version: Version = None
) -> HTMLResponse:
    """Return a model as one page to read, print and send on.

    Scores, folds, predicted against actual, residuals, error by segment, importance, intervals, parameters, columns,
    training notes. Of a model of an earlier version of Regatta, what was stored with it.

    The page is complete: it has no script and loads nothing from elsewhere.
    """
    manifest = workspace.models.manifest(model_name, version)
    facts = model_facts(workspace, manifest)
    page = model_report(manifest, facts, language)
    return html_page(request, page, language, f"{manifest.model_name}-v{manifest.version}.html")


@router.get("/effects/{model_name}")
def effects(workspace: CallerWorkspace, model_name: str, version: Version = None) -> dict[str, Any]:
    """Return how predictions change with each column: partial dependence and individual curves, made at training."""
    manifest = workspace.models.manifest(model_name, version)
    evaluation = workspace.models.evaluation(manifest.model_name, manifest.version) or {}
    if "effects" not in evaluation:
        raise NoEvaluationError(
            f"Version {manifest.version} of model {manifest.model_name!r} was trained before effects were worked out. "
            "Train it again with POST /model/train."
        )
    return {**manifest.model_dump(include={"model_name", "version"}), **evaluation["effects"]}


@router.get("/artifact/{model_name}", response_class=Response)
def artifact(
    workspace: CallerWorkspace,
    request: Request,
    model_name: str,
    format: Literal["onnx", "pickle"] = "onnx",
    version: Version = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Return the compiled graph, or the pickled scikit-learn pipeline, exactly as training signed it.

    A file that is larger than one answer may be comes as 303 to a URL that works for an hour. A pickle runs code where
    it is loaded, so it takes the role `admin`.
    """
    if format == "pickle":
        require_role(request, PICKLE_ROLE, "A pickle")
    manifest = workspace.models.manifest(model_name, version)
    file = FILES[format]
    stored = file_record(manifest, file)
    headers = _file_headers(manifest, stored.sha256)
    if if_none_match is not None and headers["ETag"] in if_none_match:
        return Response(status_code=304, headers=headers)
    name = f"{manifest.model_name}-v{manifest.version}.{file.partition('.')[2]}"
    if stored.size_bytes > settings().max_response_bytes:
        url = workspace.models.presign(manifest, file, name)
        return RedirectResponse(url, status_code=303, headers=headers)
    body = workspace.models.file(manifest, file)
    return Response(body, media_type="application/octet-stream", headers={**headers, **attachment(name)})


@router.post("/champion/{model_name}")
def champion(workspace: CallerWorkspace, model_name: str, body: ChampionRequest) -> dict[str, Any]:
    """Make a version the champion; it may be older than the one that serves."""
    previous = workspace.models.choose(model_name, body.version)
    return {"model_name": model_name, "version": body.version, "before": previous}


@router.post("/rename/{model_name}")
def rename(workspace: CallerWorkspace, model_name: str, body: RenameRequest) -> dict[str, Any]:
    """Rename a model with every version; an interrupted rename is finished by the same call."""
    versions = workspace.models.rename(model_name, body.new_name)
    serves = workspace.models.serving(body.new_name)
    return {"model_name": body.new_name, "before": model_name, "versions": versions, "serves": serves}


def _file_headers(manifest: ModelManifest, sha256: str) -> dict[str, str]:
    """Return the headers that identify the bytes of a file and the libraries that wrote it."""
    digest = base64.b64encode(bytes.fromhex(sha256)).decode()
    libraries = ", ".join(f"{library} {version}" for library, version in manifest.libraries.items())
    return {
        "ETag": f'"{sha256}"',
        "Repr-Digest": f"sha-256=:{digest}:",  # RFC 9530
        "Regatta-Trained-With": libraries,
        "X-Content-Type-Options": "nosniff",
    }


def _read_cursor(cursor: str | None) -> VersionId | None:
    """Return the version that a cursor names; raises `InvalidInputError`."""
    last = read_cursor("models", cursor)
    if last is None:
        return None
    number, _, name = last.partition("/")
    if not number.isdecimal() or len(number) > DIGITS:
        raise invalid_cursor()
    return VersionId(name, int(number))


app = create_app(router)
