"""The service itself: GET /, GET /system/status, the console and the documentation."""

import time
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from core import __version__
from core.access.workspace_names import DEFAULT_WORKSPACE
from core.context_threads import ContextThreadPool
from core.errors import RegattaError, UnavailableError
from core.jobs.backlog import read_backlog
from core.settings import settings
from core.storage.container import container
from core.storage.workspace import Workspace
from functions.http import CallerWorkspace, create_app
from functions.links import link, requested_path
from functions.problems import PROBLEM_JSON, retry_headers
from functions.query_parameters import StrictRoute
from functions.system import documentation, health
from functions.system.console import routes as console

router = APIRouter(tags=["system"], route_class=StrictRoute)

CONSOLE = "/console"
LINKS = {
    "console": CONSOLE,
    "status": "/system/status",
    "upload": "/data/upload",
    "files": "/data/files",
    "models": "/model/available",
    "trained": "/model/trained",
    "predict": "/predict",
    "jobs": "/jobs",
    "series": "/series",
}
DOCUMENTATION = {"docs": "/docs", "openapi": "/openapi.json"}


@router.get("/")
async def index(request: Request, response: Response) -> Any:
    """Return name, version and the first links; a browser, which asks for a page, is sent to the console."""
    varies = {"Vary": "Accept"}
    if "text/html" in request.headers.get("accept", ""):
        return RedirectResponse(CONSOLE, status_code=303, headers=varies)
    response.headers.update(varies)
    links = {**LINKS, **(DOCUMENTATION if settings().docs else {})}
    return {"name": "regatta", "version": __version__, "links": {name: link(path) for name, path in links.items()}}


@router.get("/system/status")
def status(workspace: CallerWorkspace, request: Request) -> Any:
    """Return the state of storage, Redis, queue, cache and index: `degraded` where one is down or a job stuck."""
    deployment = container()
    redis_up = deployment.redis.ping
    # At once, because together they have two seconds.
    with ContextThreadPool(2) as threads:
        queue = threads.submit(_queue, workspace)
        storage = threads.submit(_timed, _answers(deployment.objects.ping))
        redis = _timed(redis_up) if deployment.redis.configured else {"status": "off"}
    report = {
        "storage": storage.result(),
        "redis": redis,
        "queue": queue.result(),
        # How often others found something in a cache is nobody else's business.
        "cache": deployment.counters.read() if _is_operators(workspace) else {},
        "index": {kind: index.size() for kind, index in workspace.index.items()},
    }
    if report["storage"]["status"] == "down":
        problem = UnavailableError("The object store does not answer, so nothing can be read or stored now.")
        body = {**problem.problem(requested_path(request.scope)), **report}
        headers = retry_headers(problem)
        return JSONResponse(body, status_code=problem.status, headers=headers, media_type=PROBLEM_JSON)
    is_down = any(report[name]["status"] == "down" for name in ("redis", "queue"))
    return {"status": "degraded" if is_down or report["queue"].get("silent") else "ok", **report}


# Each of its own: a router in a router takes 16 us more to search, for a prediction on a server of all functions too.
router.routes.extend([*documentation.router.routes, *health.router.routes, *console.router.routes])


def _is_operators(workspace: Workspace) -> bool:
    """Return whether it is the workspace of those who run the service: they see the figures of all of it."""
    return workspace.name == DEFAULT_WORKSPACE


def _queue(workspace: Workspace) -> dict[str, Any]:
    """Return whether the queue of jobs answers, how many wait, are worked on and were given up, and which are stuck.

    A workspace sees its own jobs.
    """
    state: dict[str, Any] = {}

    def look() -> None:
        if _is_operators(workspace):
            state.update(container().queue.state())
            backlog = read_backlog(container())
        else:
            backlog = read_backlog(container(), workspace=workspace.name)
            state.update(depth=backlog.waiting, in_flight=backlog.running, dead_letters=0)
        state["silent"] = len(backlog.silent)
        if backlog.oldest_seconds is not None:
            state["oldest_seconds"] = round(backlog.oldest_seconds)

    return {**_timed(_answers(look)), **state}


def _answers(ping: Callable[[], None]) -> Callable[[], bool]:
    """Return a check of whether `ping` raises nothing."""

    def check() -> bool:
        try:
            ping()
        except RegattaError:
            return False
        return True

    return check


def _timed(check: Callable[[], bool]) -> dict[str, Any]:
    """Run a check; return `status` (up or down) and `latency_ms`, the milliseconds that it took."""
    start = time.perf_counter()
    up = check()
    return {"status": "up" if up else "down", "latency_ms": round(1000 * (time.perf_counter() - start), 2)}


app = create_app(router)
