"""Lambda entry point of the state machine: a batch of tasks of a divided job, and the end of the job.

The state machine repeats a batch for which something is raised here: infra/aws/tasks.asl.json. A batch that is repeated
does only what is not done.
"""

import math
import random
from collections.abc import Callable
from typing import Any

from core.errors import RegattaError
from core.jobs.divided import fail_job, finish_job, run_task
from core.jobs.division import TaskTakenError
from core.jobs.worker import GaveUpError
from core.services.handlers import DIVIDED
from core.settings import settings
from core.storage.container import container
from core.storage.workspace import Workspace
from core.telemetry.request_id import serving_request
from core.types import Json
from functions.lambda_start import start
from functions.log import log, set_up_telemetry
from functions.remaining_time import seconds_for_work

# A task begins only while there is as much left of the call as this share of what it had at its beginning.
LEAST_SHARE = 0.5
# How long a batch waits at most before it looks again at a task that another worker has.
LONGEST_WAIT_SECONDS = 20.0

start()


def handler(event: dict[str, Any], context: Any) -> Json:
    """Carry out the `tasks` of the event, or its `step`: finish the job, or end it as failed."""
    set_up_telemetry()
    workspace, job_id = container().workspace(event["workspace"]), str(event["job_id"])
    with serving_request(event.get("request_id") or None):
        if event.get("step") == "finish":
            finish_job(workspace, job_id)
            return {"job_id": job_id}
        if event.get("step") == "fail":
            return {"job_id": job_id, "was_over": _fail(workspace, job_id, event["error"])}
        return {"job_id": job_id, **_run(workspace, job_id, event["tasks"], lambda: seconds_for_work(context))}


def _run(workspace: Workspace, job_id: str, numbers: list[int], seconds_left: Callable[[], float]) -> Json:
    """Carry out tasks one after the other; return the `outcome`: done, again (after `wait_seconds`), or over.

    `over`: the job has failed or was cancelled, so that its other tasks are not to be done.
    Raises what `run_task` does.
    """
    seconds = seconds_left()
    for number in numbers:
        left = seconds_left()
        if left < LEAST_SHARE * seconds:
            return {"outcome": "again", "wait_seconds": 0}
        try:
            job = run_task(workspace, job_id, number, DIVIDED, seconds=left)
        except TaskTakenError:
            longest = min(LONGEST_WAIT_SECONDS, settings().job_lease_seconds)
            return {"outcome": "again", "wait_seconds": math.ceil(random.uniform(0, longest))}  # noqa: S311
        except GaveUpError as error:
            log.error("%s", error)
            return {"outcome": "over"}
        if job is None or job.status in ("failed", "cancelled") or job.cancel_requested:
            return {"outcome": "over"}
    return {"outcome": "done", "tasks": numbers}


def _fail(workspace: Workspace, job_id: str, error: Json) -> bool:
    """End a job as failed unless it is over, or ends with its best so far; return whether it is."""
    job = workspace.jobs.read(job_id, fresh=True)
    if job is None or job.is_over or job.cancel_requested:
        return True
    log.error("job %s: %s: %s", job_id, error.get("Error"), error.get("Cause"))
    fail_job(
        workspace,
        job_id,
        RegattaError(
            "The tasks of the job were broken off too often, for a fault of ours or for want of memory or time. "
            f"POST /jobs/{job_id}/retry does what is left."
        ),
    )
    return False
