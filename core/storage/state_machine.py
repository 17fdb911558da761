"""The engine of divided jobs on AWS: an execution of a Step Functions state machine for each.

infra/aws/tasks.asl.json defines the machine. Its Distributed Map reads batches of the numbers of tasks from the bucket
and calls `functions.tasks` with each. Limits, and what keeps an execution within them:

- input of a state, 256 KiB: the batches are in the bucket, and the input names them;
- events of an execution, 25,000: each batch is an execution of its own, with few events;
- executions of a map that run at the same time, 10,000: there are no more batches than that;
- name of an execution, 80 characters and once in 90 days: `JOB-1`, `JOB-2` and so on, and `JOB-last-1` of last tasks;
- StartExecution, 25 new ones a second when the burst of 500 is used up: one for each divided job.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any

from core.errors import UnavailableError
from core.storage.s3.object_store import ObjectStore
from core.telemetry.request_id import request_id

# How many requests go on at a time.
CALLS = 8
# What one call of the function takes at most where it has several tasks, which save states that AWS charges for.
BATCH_SECONDS = 60.0
# An account has 1,000 calls at a time by default: with so many batches none of them is idle.
WIDE_BATCHES = 1_000
MOST_BATCHES = 10_000
# What the names of a job's executions have after the job, by its step.
SUFFIXES = ("", "-last")


class StateMachine:
    """Carries out tasks by a state machine; every method raises `UnavailableError` when it does not answer.

    A job has one execution at a time; a retry starts the next one. That of its last tasks may begin while the one
    before it ends.
    """

    def __init__(self, arn: str, objects: ObjectStore) -> None:
        """Use the state machine of this ARN; `objects` is the bucket that its functions read."""
        self.arn = arn
        self._objects = objects
        self._client: Any = None

    @property
    def client(self) -> Any:
        """Return the boto3 client, made on first use, for AWS or for the endpoint that the environment names."""
        if self._client is None:
            region = self.arn.split(":")[3]
            self._client = self._objects.session.bounded_client(
                "stepfunctions", "state machine", "state_machine", CALLS, region_name=region
            )
        return self._client

    def send_tasks(
        self, workspace: str, job_id: str, numbers: Sequence[int], task_seconds: float, step: int = 1
    ) -> None:
        """Start an execution that carries out these tasks of a job, unless one of the job and step is running.

        `task_seconds` is how long one of them is expected to take. The last tasks of a job are its second `step`.
        """
        folder = f"{workspace}/tasks/{job_id}"
        items = [{"tasks": batch} for batch in batches(numbers, task_seconds)]
        self._objects.put(f"{folder}/items.json", json.dumps(items).encode(), "application/json")
        order = {
            "bucket": self._objects.bucket,
            "items": f"{folder}/items.json",
            "results": f"{folder}/results",
            "workspace": workspace,
            "job_id": job_id,
            "request_id": request_id() or "",
        }
        with _translate_errors():
            for number in count(1):
                name = f"{job_id}{SUFFIXES[step - 1]}-{number}"
                try:
                    self.client.start_execution(stateMachineArn=self.arn, name=name, input=json.dumps(order))
                except self.client.exceptions.ExecutionAlreadyExists:
                    if self._status(name) == "RUNNING":
                        return
                else:
                    return

    def stop_tasks(self, job_id: str) -> None:
        """Stop the executions of a job that are running."""
        with _translate_errors():
            for suffix in SUFFIXES:
                for number in count(1):
                    name = f"{job_id}{suffix}-{number}"
                    status = self._status(name)
                    if status == "RUNNING":
                        self.client.stop_execution(executionArn=self._execution(name), error="cancelled")
                    if status is None:
                        break

    def _status(self, name: str) -> str | None:
        """Return the status of an execution; None where there is none."""
        try:
            answer = self.client.describe_execution(executionArn=self._execution(name))
        except self.client.exceptions.ExecutionDoesNotExist:
            return None
        return str(answer["status"])

    def _execution(self, name: str) -> str:
        return f"{self.arn.replace(':stateMachine:', ':execution:')}:{name}"


def batches(numbers: Sequence[int], task_seconds: float) -> list[list[int]]:
    """Return the tasks in batches of up to `BATCH_SECONDS`, one task each where the time is not known or longer.

    There are at least `WIDE_BATCHES`, or one for each task, and batches take longer where there would be more than
    `MOST_BATCHES`.
    """
    by_time = int(BATCH_SECONDS / task_seconds) if task_seconds else 1
    size = max(1, min(by_time, len(numbers) // WIDE_BATCHES), -(-len(numbers) // MOST_BATCHES))
    return [list(numbers[start : start + size]) for start in range(0, len(numbers), size)]


@contextmanager
def _translate_errors() -> Iterator[None]:
    """Raise our errors in place of botocore's."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise UnavailableError("The state machine of tasks did not answer. Try again in a moment.") from error
