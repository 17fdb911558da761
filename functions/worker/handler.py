"""Lambda entry point: jobs from a queue, one message a job."""

import math
from typing import Any

from core.errors import ConflictError, UnavailableError
from core.jobs.worker import GaveUpError, run_job
from core.services.handlers import HANDLERS
from core.settings import settings
from core.storage.container import container
from core.storage.job_queue import SqsQueue, parse_message, submitter_of
from core.telemetry.causes import cause_of
from core.telemetry.request_id import serving_request
from functions.log import log, set_up_telemetry
from functions.remaining_time import seconds_for_work

# A message that failed comes back after this many seconds, twice as many each time.
FAULT_SECONDS = 2
OUTAGE_SECONDS = 30
LONGEST_SECONDS = 900


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Carry out the jobs; return which messages failed, so that the queue delivers only these again."""
    set_up_telemetry()
    failed = []
    for message in event["Records"]:
        with serving_request(submitter_of(message.get("body", ""))):
            try:
                _carry_out(message, seconds_for_work(context))
            except Exception as error:
                # Any failure: the message comes again, and after its last try it stays in the dead-letter queue.
                log.error("message %s comes again: %s", message["messageId"], cause_of(error))
                failed.append({"itemIdentifier": message["messageId"]})
                _hide(message, _pause(message, error))
    return {"batchItemFailures": failed}


def _carry_out(message: dict[str, Any], seconds: float) -> None:
    """Carry out the job of one message; raises where the message has to come again."""
    parsed = parse_message(message["body"])
    if parsed is None:
        raise ValueError("not a message about a job")
    lease = math.ceil(settings().job_lease_seconds)
    # The queue hides a message for longer than any worker lives; from here on only as long as this one is alive.
    _hide(message, lease)
    workspace, job_id = parsed
    try:
        job = run_job(
            container().workspace(workspace),
            job_id,
            HANDLERS,
            seconds=seconds,
            heartbeat=lambda: _hide(message, lease),
        )
    except GaveUpError:
        _remove(workspace, job_id)
        raise
    if job is not None and not job.is_over:
        raise ConflictError("The job was put back, or another worker took it over.")
    _remove(workspace, job_id)
    if job is None:
        log.warning("the job %s is gone", job_id)


def _remove(workspace: str, job_id: str) -> None:
    """Remove a job that is over from the register of open jobs; where that fails, the reconciler does it."""
    try:
        container().queue.remove(workspace, job_id)
    except UnavailableError as error:
        log.warning("%s: it could not be removed from the register of open jobs: %s", job_id, error)


def _pause(message: dict[str, Any], error: Exception) -> int:
    """Return the seconds until the message comes again, twice as many each time.

    A job that another worker has comes back when its lease could be over, and so often that the tries last longer
    than any worker does; what was given up goes to the dead-letter queue without delay.
    """
    if isinstance(error, GaveUpError):
        return 0
    first: int = FAULT_SECONDS
    if isinstance(error, ConflictError):
        first = math.ceil(settings().job_lease_seconds)
    elif isinstance(error, UnavailableError):
        first = OUTAGE_SECONDS
    receives = int(message.get("attributes", {}).get("ApproximateReceiveCount", 1))
    return min(LONGEST_SECONDS, first << receives - 1)


def _hide(message: dict[str, Any], seconds: int) -> None:
    """Hide a message from other workers for so many seconds; a failure is only logged."""
    queue = container().queue
    if isinstance(queue, SqsQueue):
        try:
            queue.set_visibility(message["receiptHandle"], seconds)
        except UnavailableError as error:
            log.warning("%s: its visibility could not be changed: %s", message["messageId"], error)
