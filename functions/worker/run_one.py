"""Carry out one job in a process of its own, such as a container of AWS Batch: `python -m functions.worker.run_one`.

The process ends with 0 when the job is over, or another worker has it, and with 75 when it is to be run again.
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from types import FrameType

from core.errors import ConflictError, UnavailableError
from core.jobs.worker import GaveUpError, Handlers, run_job
from core.settings import settings
from core.storage.container import container
from core.storage.workspace import Workspace
from core.telemetry.causes import cause_of
from functions.log import log, set_up_telemetry

# `EX_TEMPFAIL` of sysexits.h: AWS Batch runs the container again.
DONE, GIVEN_UP, AGAIN = os.EX_OK, 1, os.EX_TEMPFAIL


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out the job that the command line names, and return the exit status of the process."""
    from core.services.handlers import HANDLERS

    parser = argparse.ArgumentParser(prog="python -m functions.worker.run_one", description="Carry out one job.")
    parser.add_argument("workspace")
    parser.add_argument("job_id")
    parser.add_argument("--seconds", type=float, default=settings().job_seconds, help="how long it may take")
    chosen = parser.parse_args(arguments)
    set_up_telemetry()
    stop = _StopSignal()
    signal.signal(signal.SIGTERM, stop)
    return run_one(
        container().workspace(chosen.workspace), chosen.job_id, HANDLERS, seconds=chosen.seconds, stopping=stop.came
    )


def run_one(
    workspace: Workspace,
    job_id: str,
    handlers: Handlers,
    *,
    seconds: float,
    stopping: Callable[[], bool] = lambda: False,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Carry out a job for at most `seconds`, and return the exit status of the process that did.

    A process that was killed leaves its lease behind, so a job that another worker seems to have is tried once more
    when the lease could be over. Once `stopping` returns True, the job goes back and waits.
    """
    try:
        try:
            job = run_job(workspace, job_id, handlers, seconds=seconds, stopping=stopping)
        except ConflictError:
            sleep(settings().job_lease_seconds)
            job = run_job(workspace, job_id, handlers, seconds=seconds, stopping=stopping)
    except GaveUpError as error:
        log.error("the job %s was given up: %s", job_id, error)
        return _make_dead_letter(workspace, job_id)
    except ConflictError as error:
        log.warning("the job %s has another worker: %s", job_id, error.detail)
        return DONE
    except Exception as error:
        # Any failure: the job has recorded it, and the next attempt begins in a new process.
        log.error("the job %s is to be run again: %s", job_id, cause_of(error))
        return AGAIN
    if job is not None and not job.is_over:
        return AGAIN
    workspace.queue.remove(workspace.name, job_id)
    return DONE


def _make_dead_letter(workspace: Workspace, job_id: str) -> int:
    """Send a message about a job that was given up: who receives it finds that, and it becomes a dead letter."""
    try:
        workspace.queue.send(workspace.name, job_id)
    except UnavailableError as error:
        log.error("the job %s is no dead letter yet: %s", job_id, cause_of(error))
        return AGAIN
    return GIVEN_UP


class _StopSignal:
    """Remembers that the process was asked to end."""

    def __init__(self) -> None:
        self._came = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self._came = True

    def came(self) -> bool:
        """Return whether the signal came."""
        return self._came


if __name__ == "__main__":
    sys.exit(main())
