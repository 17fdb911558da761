"""A job has one execution of each of its steps at a time, and all that run are stopped. The service is a fake one."""

import json
from typing import Any

import pytest

from core.storage.s3.object_store import ObjectStore
from core.storage.state_machine import StateMachine

ARN = "arn:aws:states:eu-central-1:123456789012:stateMachine:tasks"


class Service:
    """Answers as Step Functions does: the status of each execution by its name, and what the last one was given."""

    class exceptions:  # noqa: N801 - as boto3 calls it
        class ExecutionAlreadyExists(Exception): ...  # noqa: N818

        class ExecutionDoesNotExist(Exception): ...  # noqa: N818

    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self.order: dict[str, Any] = {}

    def start_execution(self, *, name: str, input: str, stateMachineArn: str) -> None:  # noqa: N803
        if name in self.found:
            raise self.exceptions.ExecutionAlreadyExists
        self.found[name], self.order = "RUNNING", json.loads(input)

    def describe_execution(self, *, executionArn: str) -> dict[str, str]:  # noqa: N803
        name = executionArn.removeprefix(f"{ARN.replace(':stateMachine:', ':execution:')}:")
        if name not in self.found:
            raise self.exceptions.ExecutionDoesNotExist
        return {"status": self.found[name]}

    def stop_execution(self, *, executionArn: str, error: str) -> None:  # noqa: N803
        self.found[executionArn.rpartition(":")[2]] = error


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def machine(bucket: ObjectStore, service: Service) -> StateMachine:
    machine = StateMachine(ARN, bucket)
    machine._client = service
    return machine


def test_a_step_has_one_execution_at_a_time(machine: StateMachine, service: Service, bucket: ObjectStore) -> None:
    for _ in range(2):
        machine.send_tasks("default", "job", [0, 1], 0.0)
    assert service.found == {"job-1": "RUNNING"}
    # The last tasks may begin while the execution of the others ends.
    for _ in range(2):
        machine.send_tasks("default", "job", [2], 0.0, 2)
    assert json.loads(bucket.get(service.order["items"])) == [{"tasks": [2]}]
    service.found["job-last-1"] = "FAILED"
    machine.send_tasks("default", "job", [2], 0.0, 2)
    assert service.found == {"job-1": "RUNNING", "job-last-1": "FAILED", "job-last-2": "RUNNING"}
    machine.stop_tasks("job")
    assert service.found == {"job-1": "cancelled", "job-last-1": "FAILED", "job-last-2": "cancelled"}
