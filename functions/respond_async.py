"""Long work over HTTP: answered at once where it fits, else 202 and a job; the same key means the same work."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from fastapi.responses import JSONResponse

from core.errors import KeyInUseError, RegattaError
from core.inference.stored_columns import check_names
from core.jobs import service as jobs
from core.jobs.worker import work
from core.progress import ignore_progress
from core.services.prediction.predict import most_table_rows
from core.settings import settings
from core.storage.container import storage
from core.storage.job_repository import Job
from core.types import Json
from functions.idempotency import Key
from functions.job_responses import shown
from functions.problems import PROBLEM_JSON

RESPOND_ASYNC = "respond-async"

# An order that has been checked, with its file named, and how many seconds it should take.
Check = Callable[[str, Json], tuple[Json, float]]


@dataclass(frozen=True)
class Terms:
    """How the caller wants to be answered. Without `wait` there is no limit to how long it would."""

    path: str
    key: str | None
    respond_async: bool
    wait: float | None

    def later(self, seconds: float) -> bool:
        """Whether work of so many seconds is to be answered with a job."""
        limit = settings().answer_seconds
        if limit and seconds > limit:
            return True
        return self.respond_async and (self.wait is None or seconds > self.wait)


async def _terms(
    request: Request,
    idempotency_key: Key = None,
    prefer: Annotated[list[str] | None, Header(description="respond-async, and wait=SECONDS if you like")] = None,
) -> Terms:
    """Read `Prefer` (RFC 7240) and `Idempotency-Key`; preferences that are not understood do not matter."""
    preferences = [part.strip().lower() for line in prefer or [] for part in line.split(",")]
    waits = [part.partition("=")[2].strip('" ') for part in preferences if part.startswith("wait=")]
    wait = next((float(seconds) for seconds in waits if seconds.isdecimal()), None)
    return Terms(request.url.path, idempotency_key, RESPOND_ASYNC in preferences, wait)


Asked = Annotated[Terms, Depends(_terms)]


def carry_out(workspace: str, kind: str, sent: Json, asked: Terms, check: Check) -> Any:
    """The answer to an order, or 202 and the job that it became.

    What is wrong with it is said at once, as `check` raises it. With an Idempotency-Key the work is a job also where
    the caller waits for it, so that it is done once, whatever happens to Redis or to whoever does it.
    """
    job = jobs.ordered_before(workspace, kind, sent, asked.key) if asked.key else None
    if job is None:
        order, seconds = check(workspace, sent)
        later = asked.later(seconds)
        if not later and asked.key is None:
            return jobs.answer(workspace, kind, order, jobs.work_of(kind)(workspace, order, ignore_progress, None))
        job = jobs.order_job(workspace, kind, order, sent=sent, key=asked.key, deferred=later)
    return _accepted(workspace, job, asked) if job.deferred else _done(workspace, job, asked)


def table_job(workspace: str, kind: str, order: Json, asked: Terms) -> JSONResponse | None:
    """202 and a job for a stored table that is more than one request predicts, or is asked to be one; else None.

    `order` names a `file_id` and a stored model; one that the caller brought along is too large to keep with a job.
    Raises `NoSuchFileError`, `NoSuchModelError`, and `UnknownColumnError` for a table that the model cannot predict.
    """
    if order.get("file_id") is None or order.get("model_name") is None:
        return None
    dataset = storage().datasets.manifest(workspace, order["file_id"])
    model = storage().models.manifest(workspace, order["model_name"], order.get("version"))
    seconds = dataset.rows * (model.latency_us or 0.0) / 1e6
    if dataset.rows <= most_table_rows() and not asked.later(seconds):
        return None
    check_names({column.name for column in dataset.columns}, model.features)
    named = {**order, "file_id": dataset.file_id, "version": model.version}
    return _accepted(workspace, jobs.order_job(workspace, kind, named, key=asked.key), asked)


def _accepted(workspace: str, job: Job, asked: Terms) -> JSONResponse:
    headers = {"Location": f"/jobs/{job.job_id}"}
    if asked.respond_async:
        headers["Preference-Applied"] = RESPOND_ASYNC
    return JSONResponse(shown(workspace, job), status_code=202, headers=headers)


def _done(workspace: str, job: Job, asked: Terms) -> Any:
    """The answer of a job whose caller waits: done now, or what it was when it was done."""
    if job.status == "failed" and (job.error or {}).get("status", 500) >= 500:
        job = jobs.begin_again(workspace, job)
    if not job.is_over:
        if job.is_leased:
            raise KeyInUseError(
                "The first request with this Idempotency-Key is being answered. Send it again in a moment, or look at "
                f"GET /jobs/{job.job_id}."
            )
        job = work(workspace, job.job_id, seconds=settings().job_seconds) or job
    if job.result is not None:
        return jobs.answer(workspace, job.kind, job.order, job.result)
    problem = job.error or RegattaError("The work was cancelled. Send it with a new Idempotency-Key.").problem("")
    return JSONResponse({**problem, "instance": asked.path}, status_code=problem["status"], media_type=PROBLEM_JSON)
