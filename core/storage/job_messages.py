"""The messages of the queue of jobs: each names a job, or a task of a divided one. Light."""

import json
import re
from dataclasses import dataclass
from typing import Any

from core.access.workspace_names import is_workspace_name

JOB_ID = re.compile("[0-9a-z]+")
# What a text raises that is no JSON, or another one than is expected.
UNREADABLE = (ValueError, KeyError, TypeError, RecursionError)

# How many jobs wait (`depth`), are worked on (`in_flight`) and were given up (`dead_letters`).
QueueState = dict[str, Any]


@dataclass(frozen=True)
class Message:
    """A message that a worker has received: the handle to hide or delete it by, and how often it was received."""

    message_id: str
    receipt: str
    body: str
    receives: int


@dataclass(frozen=True)
class DeadLetter:
    """A message that no worker could process, and the handle to delete it by."""

    body: str
    receipt: str
    receives: int
    # Why it is one, where the queue has recorded that; else its job has.
    reason: str | None = None

    @property
    def job(self) -> tuple[str, str] | None:
        """Return the workspace and the id of the job; None for a message of another kind."""
        return parse_message(self.body)


def parse_message(body: str) -> tuple[str, str] | None:
    """Return the workspace and the id of the job that a message names; None for a message of another kind."""
    try:
        message = json.loads(body)
        workspace, job_id = str(message["workspace"]), str(message["job_id"])
    except UNREADABLE:
        return None
    return (workspace, job_id) if is_workspace_name(workspace) and JOB_ID.fullmatch(job_id) else None


def task_of(body: str) -> int | None:
    """Return the number of the task that a message names; None for the message of a whole job."""
    try:
        found = json.loads(body)["task"]
    except UNREADABLE:
        return None
    return found if isinstance(found, int) else None


def submitter_of(body: str) -> str | None:
    """Return the id of the request that sent a message; None where it names none."""
    try:
        found = json.loads(body)["request_id"]
    except UNREADABLE:
        return None
    return found if isinstance(found, str) else None
