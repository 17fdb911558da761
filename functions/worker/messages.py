"""Carry out the jobs of a queue's messages: for WorkerFunction, and for servers.

The queue gives messages in about the order in which they were sent. So a message that comes while it is another
workspace's turn (`core.jobs.turns`) lets a job of that one be carried out first, and goes back to the queue, once. The
message of that job finds it over.
"""

import math
from collections.abc import Callable
from typing import Any

from core.errors import ConflictError, RegattaError, UnavailableError
from core.jobs.divided import run_task
from core.jobs.turns import JobName, Turns
from core.jobs.worker import GaveUpError, GivenToBatchError, run_job
from core.services.handlers import DIVIDED, HANDLERS
from core.settings import settings
from core.storage.container import container
from core.storage.job_messages import Message, parse_message, submitter_of, task_of
from core.storage.sqs_queue import SqsQueue
from core.telemetry.causes import cause_of
from core.telemetry.request_id import serving_request
from functions.log import log

# A message that failed comes back after this many seconds, twice as many each time.
FAULT_SECONDS = 2
OUTAGE_SECONDS = 30
LONGEST_SECONDS = 900
# So many jobs of other workspaces are looked at, until one is found that no worker has.
MOST_LOOKED_AT = 20

# Those of this process.
_turns = Turns()


def process(message: Message, seconds: float, stopping: Callable[[], bool] = lambda: False) -> bool:
    """Carry out the job of a message for at most `seconds`; return whether the message is done with.

    Else it comes again, and after its last try it is a dead letter. Once `stopping` returns True, the job goes back at
    its next progress report, and its message is given back.
    """
    with serving_request(submitter_of(message.body)):
        try:
            is_own = _take_turn(message, seconds, stopping)
            if stopping():
                queue = container().queue
                assert isinstance(queue, SqsQueue)
                queue.give_back(message)
                return True
            if not is_own:
                _hide(message, 0)
        except Exception as error:
            log.error("message %s comes again: %s", message.message_id, cause_of(error))
            _hide(message, _pause(message, error))
            return False
    return is_own


def lease_seconds() -> int:
    """Return for how long a message is hidden that a worker has, unless it is hidden anew."""
    return math.ceil(settings().job_lease_seconds)


def _take_turn(message: Message, seconds: float, stopping: Callable[[], bool]) -> bool:
    """Carry out the job of a message, or that of a workspace whose turn it is; return whether it was the message's.

    Raises where the message has to come again.
    """
    parsed = parse_message(message.body)
    if parsed is None:
        raise ValueError("not a message about a job")
    # The queue hides a message for longer than any worker lives; from here on only as long as this one is alive.
    _hide(message, lease_seconds())
    other = _job_of_another(parsed[0]) if message.receives == 1 else None
    _turns.took((other or parsed)[0])
    if other is None:
        _carry_out(parsed, message, seconds, stopping, task_of(message.body))
        return True
    try:
        _carry_out(other, message, seconds, stopping)
    except Exception as error:
        log.warning("job %s is tried again when its message comes: %s", other[1], cause_of(error))
    return False


def _job_of_another(workspace: str) -> JobName | None:
    """Return the job that is to be carried out before those of a workspace; None where there is none."""
    try:
        names = [(job.workspace, job.job_id) for job in container().queue.open_jobs.list()]
        for _ in range(MOST_LOOKED_AT):
            chosen = _turns.choose(names)
            if chosen is None or chosen[0] == workspace:
                return None
            job = container().workspace(chosen[0]).jobs.read(chosen[1], fresh=True)
            if job is not None and job.status == "queued" and not job.is_leased and not job.batch_bytes:
                return chosen
            names.remove(chosen)
    except RegattaError as error:  # then the jobs are carried out in the order of their messages
        log.warning("whose turn it is could not be seen: %s", error.detail)
    return None


def _carry_out(
    name: JobName, message: Message, seconds: float, stopping: Callable[[], bool], task: int | None = None
) -> None:
    """Carry out a job or one of its tasks while a message is hidden; raises where the message has to come again."""
    workspace, job_id = name
    place = container().workspace(workspace)

    def heartbeat() -> None:
        _hide(message, lease_seconds())

    limits: Any = {"seconds": seconds, "heartbeat": heartbeat, "stopping": stopping}
    try:
        if task is None:
            job = run_job(place, job_id, HANDLERS, divided=DIVIDED, **limits)
        else:
            job = run_task(place, job_id, task, DIVIDED, **limits)
    except GivenToBatchError as error:
        log.warning("%s", error.detail)
        return
    except GaveUpError:
        _remove(workspace, job_id)
        raise
    if job is not None and not job.is_over:
        if task is not None or job.is_divided or stopping():
            return  # its tasks have messages of their own, and so has its end; what was put back is given back
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


def _pause(message: Message, error: Exception) -> int:
    """Return the seconds until the message comes again, twice as many each time.

    A job that another worker has comes back when its lease could be over, and so often that the tries last longer
    than any worker does; what was given up goes to the dead-letter queue without delay.
    """
    if isinstance(error, GaveUpError):
        return 0
    first: int = FAULT_SECONDS
    if isinstance(error, ConflictError):
        first = lease_seconds()
    elif isinstance(error, UnavailableError):
        first = OUTAGE_SECONDS
    return min(LONGEST_SECONDS, first << message.receives - 1)


def _hide(message: Message, seconds: int) -> None:
    """Hide a message from other workers for so many seconds; a failure is only logged.

    A message of an event is not hidden where no queue is set.
    """
    queue = container().queue
    if not isinstance(queue, SqsQueue):
        return
    try:
        queue.set_visibility(message.receipt, seconds)
    except UnavailableError as error:
        log.warning("%s: its visibility could not be changed: %s", message.message_id, error)
