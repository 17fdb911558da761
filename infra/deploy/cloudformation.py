"""The CloudFormation stack: find it, create or update it, wait for it, read its outputs."""

import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infra.deploy.deployment import DeployError
from infra.emulator_account import STACK_NAME

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackTypeDef

# The base path of a REST API in LocalStack and MiniStack, which no event says.
EMULATED_BASE_PATH = "/restapis/{api_id}/prod/_user_request_"
# A stack with another status than these has to be deleted before it can be created anew.
UPDATABLE = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}
SETTLED = UPDATABLE | {"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "UPDATE_ROLLBACK_FAILED"}


def find_stack(cloudformation: "CloudFormationClient") -> tuple[str | None, dict[str, str]]:
    """Return the status and the parameters of the stack; `(None, {})` where there is none."""
    try:
        stack = _describe(cloudformation)
    except ClientError as error:
        if "does not exist" in str(error):
            return None, {}
        raise
    return stack["StackStatus"], {p["ParameterKey"]: p["ParameterValue"] for p in stack.get("Parameters", [])}


def delete_broken_stack(cloudformation: "CloudFormationClient", status: str | None, timeout: float) -> bool:
    """Delete a stack whose status allows no update, and wait until it is gone; return whether it was deleted."""
    if status is None or status in UPDATABLE:
        return False
    cloudformation.delete_stack(StackName=STACK_NAME)
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName=STACK_NAME, WaiterConfig={"Delay": 1, "MaxAttempts": int(timeout)}
    )
    return True


def update_stack(cloudformation: "CloudFormationClient", request: dict[str, Any]) -> None:
    """Update the stack, if there is anything to update."""
    try:
        cloudformation.update_stack(**request)
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise


def wait_for_stack(cloudformation: "CloudFormationClient", timeout: float) -> None:
    """Wait until the stack is created or updated; raises `DeployError` when that fails or takes `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        stack = _describe(cloudformation)
        status = stack["StackStatus"]
        if status in SETTLED:
            break
        if time.monotonic() > deadline:
            raise DeployError(f"The stack is still {status} after {timeout:.0f} s.")
        time.sleep(0.2)
    if status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        raise DeployError(f"The stack ended as {status}: {_first_failure(cloudformation, stack)}")


def outputs(cloudformation: "CloudFormationClient") -> dict[str, str]:
    """Return the outputs of the stack by their keys."""
    return {output["OutputKey"]: output["OutputValue"] for output in _describe(cloudformation)["Outputs"]}


def find_api(cloudformation: "CloudFormationClient", endpoint_url: str) -> str:
    """Return the base URL of the stack's REST API in the emulator at `endpoint_url`."""
    resources = cloudformation.describe_stack_resources(StackName=STACK_NAME)["StackResources"]
    api_id = next(r["PhysicalResourceId"] for r in resources if r["ResourceType"] == "AWS::ApiGateway::RestApi")
    return endpoint_url + EMULATED_BASE_PATH.format(api_id=api_id)


def _describe(cloudformation: "CloudFormationClient") -> "StackTypeDef":
    return cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]


def _first_failure(cloudformation: "CloudFormationClient", stack: "StackTypeDef") -> str:
    """Return the name of the resource that failed first, with the reason."""
    events = cloudformation.describe_stack_events(StackName=STACK_NAME)["StackEvents"]
    failures = [event for event in events if event["ResourceStatus"].endswith("FAILED")]
    if not failures:
        return str(stack.get("StackStatusReason", "no reason given"))
    first = failures[-1]  # newest first
    return f"{first['LogicalResourceId']}: {first.get('ResourceStatusReason', 'no reason given')}"
