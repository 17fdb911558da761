"""Jobs of the tests' workspace: submitted, carried out in this process, and read back."""

import pytest

from core.jobs import service as jobs
from core.jobs.commands import COMMANDS
from core.jobs.worker import run_job
from core.services.handlers import DIVIDED, HANDLERS
from core.storage.job_repository import Job
from tests.support.storage import home


def submit(kind: str, **fields: object) -> str:
    """Submit a command of this kind and return the identifier of its job."""
    return jobs.submit_job(home(), COMMANDS[kind](**fields)).job_id


def carry_out(job_id: str, seconds: float = 60, **options: object) -> Job | None:
    """Carry out a job as a worker does, within `seconds`, and return it as it is then."""
    return run_job(home(), job_id, HANDLERS, divided=DIVIDED, seconds=seconds, **options)


def read_job(job_id: str) -> Job:
    """Return the job as a caller sees it."""
    return jobs.job_status(home(), job_id)


def kill_worker_of(job_id: str) -> None:
    """Carry out a job whose work ends the worker's process."""
    with pytest.raises(SystemExit):
        carry_out(job_id)


def end_process(*_: object, **__: object) -> None:
    """Stand in for a function in which the process is killed."""
    raise SystemExit
