"""Answer long work: at once where it fits, else with 202 and a job. The same key means the same job.

What was expected to fit and does not becomes a job when its time is over, before the gateway answers in our place.

Functions that answer most requests at once import this only when one becomes a job.
"""

from collections.abc import Callable
from concurrent.futures import wait
from math import inf
from threading import Event
from typing import Any, TypeVar

from fastapi.responses import JSONResponse

from core.context_threads import begin_in_context
from core.deadlines import check_deadline, deadline, remaining
from core.departures import check_departure, ending_with
from core.errors import DeadlineError, KeyInUseError, RegattaError
from core.inference.stored_columns import check_feature_columns
from core.jobs import service
from core.jobs.commands import Command, TableCommand
from core.jobs.effort import Effort
from core.jobs.worker import Handlers, run_job
from core.progress import StoppedError
from core.services.prediction.predict import most_table_rows
from core.services.prediction.stored_texts import seconds_to_read_again
from core.services.quotas import check_job
from core.settings import settings
from core.storage.job_repository import Job
from core.storage.workspace import Workspace
from core.stored_document import new_file_id
from core.types import Json
from functions.answer_terms import RESPOND_ASYNC, RETRY_AFTER, AnswerTerms
from functions.heavy_work import is_elsewhere, run_long
from functions.job_responses import job_response
from functions.problems import PROBLEM_JSON

SubmittedCommand = TypeVar("SubmittedCommand", bound=Command)
# Returns the command, checked and with its file named, and what it should take.
Check = Callable[[Workspace, SubmittedCommand], tuple[SubmittedCommand, Effort]]


def respond(
    workspace: Workspace,
    submitted: SubmittedCommand,
    terms: AnswerTerms,
    check: Check[SubmittedCommand],
    handlers: Handlers,
) -> Any:
    """Carry out a command and return its answer, or return 202 and the job that it became.

    `check` raises at once for a command that cannot succeed. With an Idempotency-Key the work is a job also where
    the caller waits for it, so that it is done once, whatever happens to Redis or to a worker.
    """
    job = service.find_submitted(workspace, submitted, terms.key) if terms.key else None
    if job is None:
        command, effort = check(workspace, submitted)
        is_deferred = terms.later(effort.seconds)
        check_job(workspace, command.kind, deferred=is_deferred)
        if not is_deferred and terms.key is None:
            return _answer_or_defer(workspace, submitted, command, terms, handlers)
        job = service.submit_job(
            workspace,
            command,
            sent=submitted,
            key=terms.key,
            deferred=is_deferred,
            batch_bytes=effort.batch_bytes,
        )
    return _respond_accepted(workspace, job, terms) if job.deferred else _finish_now(workspace, job, terms, handlers)


class _TooLongError(Exception):
    """Work has not ended in the time that its caller may wait."""


def _answer_or_defer(
    workspace: Workspace, submitted: Command, command: Command, terms: AnswerTerms, handlers: Handlers
) -> Any:
    """Return the answer of a command, or 202 and a job where the caller would wait for too long.

    The job does all of it again, but for models that were stored by then: it finds them by its id.
    """
    longest = terms.longest_wait()
    job_id = None if longest == inf else new_file_id()
    try:
        with deadline(longest):
            result = _awaited(longest, run_long, _carry_out, workspace, command, handlers, job_id)
    except _TooLongError:
        check_job(workspace, command.kind)
        job = service.submit_job(workspace, command, sent=submitted, job_id=job_id)
        return _respond_accepted(workspace, job, terms)
    return service.complete_result(workspace, command, result)


def _awaited(seconds: float, work: Callable[..., Any], /, *arguments: Any, **options: Any) -> Any:
    """Return what the work returns; raises `_TooLongError` where it does not within so many seconds, and leaves it."""
    if seconds == inf:
        return work(*arguments, **options)
    begun = begin_in_context(work, *arguments, **options)
    if not wait([begun], seconds).done:
        raise _TooLongError
    try:
        return begun.result()
    except (DeadlineError, StoppedError) as error:
        left = remaining()
        if left is None or left > 0:
            raise
        raise _TooLongError from error


def _carry_out(workspace: Workspace, command: Command, handlers: Handlers, job_id: str | None) -> Json:
    """Carry out a command without a job; `job_id` is that of the job it may become."""
    return handlers[type(command)](workspace, command, _end_unawaited, job_id)


def _end_unawaited(*_: Any, **__: Any) -> None:
    """End work whose caller has left or has had its answer: a `ReportProgress` for work that nobody follows."""
    check_departure()
    try:
        check_deadline()
    except DeadlineError as error:  # which a comparison would take for the failure of one regressor
        raise StoppedError("lost") from error


def submit_table_job(workspace: Workspace, command: TableCommand, terms: AnswerTerms) -> JSONResponse | None:
    """Return 202 and a job for a stored table that is more than one request predicts, or is asked to be one; else None.

    The objects of a prefix are always a job. Raises `NoSuchFileError`, `NoSuchModelError`, and `UnknownColumnError` for
    a table that the model cannot predict.
    """
    if command.prefix is not None:
        model = workspace.models.manifest(command.model_name, command.version)
        named = {"model_name": model.model_name, "version": model.version}
        return _submit(workspace, command.model_copy(update=named), terms)
    dataset = workspace.datasets.manifest(command.file_id)
    model = workspace.models.manifest(command.model_name, command.version)
    seconds = dataset.rows * (model.latency_us or 0.0) / 1e6 + seconds_to_read_again(dataset, model.features)
    if dataset.rows <= most_table_rows() and not command.is_always_a_job and not terms.later(seconds):
        return None
    check_feature_columns({column.name for column in dataset.columns}, model.features)
    resolved = command.model_copy(
        update={"file_id": dataset.file_id, "model_name": model.model_name, "version": model.version}
    )
    return _submit(workspace, resolved, terms)


def _submit(workspace: Workspace, resolved: TableCommand, terms: AnswerTerms) -> JSONResponse:
    """Return 202 and the job of a command whose version is named."""
    if terms.key is None or service.job_with_key(workspace, type(resolved), terms.key) is None:
        check_job(workspace, resolved.kind)
    return _respond_accepted(workspace, service.submit_job(workspace, resolved, key=terms.key), terms)


def _respond_accepted(workspace: Workspace, job: Job, terms: AnswerTerms) -> JSONResponse:
    """Return 202 and the job."""
    headers = {"Location": f"/jobs/{job.job_id}", **RETRY_AFTER}
    if terms.respond_async:
        headers["Preference-Applied"] = RESPOND_ASYNC
    return JSONResponse(job_response(workspace, job), status_code=202, headers=headers)


def _finish_now(workspace: Workspace, job: Job, terms: AnswerTerms, handlers: Handlers) -> Any:
    """Return the answer of a job whose caller waits: carry the job out now, or repeat its answer."""
    if job.status == "failed" and (job.error or {}).get("status", 500) >= 500:
        job = service.restart_job(workspace, job)
    if not job.is_over:
        if job.is_leased:
            raise KeyInUseError(
                "The first request with this Idempotency-Key is being answered. Send it again in a moment, or look at "
                f"GET /jobs/{job.job_id}."
            )
        has_answer = Event()
        # A server's other process finishes the job, whoever waits; on AWS this one is stopped after the answer.
        options = {} if is_elsewhere() else {"stopping": has_answer.is_set}
        seconds, longest = settings().job_seconds, terms.longest_wait()
        try:
            with ending_with(None):  # the next request with this key has its answer, whoever leaves
                found = _awaited(
                    longest, run_long, run_job, workspace, job.job_id, handlers, seconds=seconds, **options
                )
        except _TooLongError:
            has_answer.set()
            return _respond_accepted(workspace, service.defer_job(workspace, job), terms)
        job = found or job
    if job.result is not None:
        return service.job_result(workspace, job)
    problem = job.error or RegattaError("The work was cancelled. Send it with a new Idempotency-Key.").problem("")
    return JSONResponse({**problem, "instance": terms.path}, status_code=problem["status"], media_type=PROBLEM_JSON)
