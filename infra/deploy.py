"""Deploys template.yaml into a LocalStack-compatible endpoint: package, rewrite the template, run the stack."""

import hashlib
import io
import json
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, WaiterError
from samtranslator.yaml_helper import yaml_parse

from infra.buckets import bucket_exists
from infra.emulator_account import CREDENTIALS, REGION, STACK_NAME

ROOT = Path(__file__).resolve().parent.parent
RUNTIME = "python3.13"

# What a stack can be updated from; anything else has to be deleted first.
UPDATABLE = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}
SETTLED = UPDATABLE | {"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "UPDATE_ROLLBACK_FAILED"}


class DeployError(Exception):
    """The stack could not be brought up; the message says what the endpoint answered."""


@dataclass(frozen=True)
class Deployment:
    """A stack that is up: where its REST API answers and which bucket it uses."""

    api_url: str
    bucket: str


def client(service: str, endpoint_url: str) -> BaseClient:
    """A boto3 client for an emulator at `endpoint_url`: path-style S3 addresses, short timeouts."""
    config = Config(
        s3={"addressing_style": "path"}, connect_timeout=2, read_timeout=60, retries={"total_max_attempts": 2}
    )
    return boto3.client(service, endpoint_url=endpoint_url, region_name=REGION, config=config, **CREDENTIALS)


def deploy(endpoint_url: str, bucket: str, parameters: Mapping[str, str], timeout: float = 60) -> Deployment:
    """Create or update the stack at `endpoint_url` and wait, at most `timeout` seconds, until it is there.

    `parameters` are the template's, without BucketName and CreateBucket. Raises `DeployError`.
    """
    try:
        return _deploy(endpoint_url.rstrip("/"), bucket, parameters, timeout)
    except (BotoCoreError, ClientError, WaiterError) as error:
        raise DeployError(f"{endpoint_url} refused the deployment: {error}") from error


def _deploy(endpoint_url: str, bucket: str, parameters: Mapping[str, str], timeout: float) -> Deployment:
    cloudformation, s3 = client("cloudformation", endpoint_url), client("s3", endpoint_url)
    package_bucket, package_key = _upload_package(s3, f"{bucket[:52]}-deployment")
    template = local_template((ROOT / "template.yaml").read_text(), package_bucket, package_key)
    status, known = _find_stack(cloudformation)
    if status is not None and status not in UPDATABLE:
        cloudformation.delete_stack(StackName=STACK_NAME)
        cloudformation.get_waiter("stack_delete_complete").wait(
            StackName=STACK_NAME, WaiterConfig={"Delay": 1, "MaxAttempts": int(timeout)}
        )
        known = {}
    # A bucket from before belongs to no new stack: it holds data, so it is used as it is.
    owns_bucket = known.get("CreateBucket") or ("false" if bucket_exists(s3, bucket) else "true")
    values = {**parameters, "BucketName": bucket, "CreateBucket": owns_bucket, "Monitoring": "false"}
    request = {
        "StackName": STACK_NAME,
        "TemplateBody": json.dumps(template),
        "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in values.items()],
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    }
    if known:
        _update(cloudformation, request)
    else:
        cloudformation.create_stack(**request)
    _wait(cloudformation, timeout)
    if owns_bucket == "false":
        _notify(s3, bucket, template, _find_output(cloudformation, "UploadsQueueArn"))
    api = cloudformation.describe_stack_resource(StackName=STACK_NAME, LogicalResourceId="Api")
    api_id = api["StackResourceDetail"]["PhysicalResourceId"]
    return Deployment(f"{endpoint_url}/restapis/{api_id}/prod/_user_request_", bucket)


def local_template(text: str, package_bucket: str, package_key: str) -> dict[str, Any]:
    """The template as an emulator without Docker can run it: image functions become zip functions.

    The handler of an image function is its `ImageConfig.Command`, and the code of every function the one package in
    S3. Build metadata goes; so do snapshots, with the versions that they are of, for nothing would be restored, and
    the routes of what browsers ask first.
    """
    template: dict[str, Any] = yaml_parse(text)
    for resource in template["Resources"].values():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        resource.pop("Metadata", None)
        properties = resource["Properties"]
        for snapshot in ("SnapStart", "AutoPublishAlias", "AutoPublishAliasAllProperties"):
            properties.pop(snapshot, None)
        if properties.pop("PackageType", "Zip") == "Image":
            properties["Handler"] = properties.pop("ImageConfig")["Command"][0]
            properties["Runtime"] = RUNTIME
        properties["CodeUri"] = {"Bucket": package_bucket, "Key": package_key}
        events = properties["Events"].items()
        properties["Events"] = {name: event for name, event in events if event["Properties"].get("Method") != "OPTIONS"}
        for event in properties["Events"].values():
            # MiniStack takes a parameter for text, which it then cannot compare.
            event["Properties"].pop("ScalingConfig", None)
    return template


def package() -> bytes:
    """core/ and functions/ as a zip; the same files give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(path for folder in ("core", "functions") for path in (ROOT / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                entry = zipfile.ZipInfo(path.relative_to(ROOT).as_posix())  # dated 1980-01-01
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _upload_package(s3: BaseClient, bucket: str) -> tuple[str, str]:
    code = package()
    key = f"{hashlib.sha256(code).hexdigest()[:16]}.zip"
    if not bucket_exists(s3, bucket):
        s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key=key, Body=code)
    return bucket, key


def _find_stack(cloudformation: BaseClient) -> tuple[str | None, dict[str, str]]:
    """Status and parameters of the stack; `(None, {})` when there is none."""
    try:
        stack = cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None, {}
        raise
    return stack["StackStatus"], {p["ParameterKey"]: p["ParameterValue"] for p in stack["Parameters"]}


def _update(cloudformation: BaseClient, request: dict[str, Any]) -> None:
    try:
        cloudformation.update_stack(**request)
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise


def _find_output(cloudformation: BaseClient, key: str) -> str:
    outputs = cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]["Outputs"]
    return next(output["OutputValue"] for output in outputs if output["OutputKey"] == key)


def _notify(s3: BaseClient, bucket: str, template: dict[str, Any], queue_arn: str) -> None:
    """Give a bucket that the stack does not own the notification that the template gives its own."""
    configured = template["Resources"]["Bucket"]["Properties"]["NotificationConfiguration"]
    (entry,) = configured["QueueConfigurations"]
    rules = {"Key": {"FilterRules": entry["Filter"]["S3Key"]["Rules"]}}
    queue = {"QueueArn": queue_arn, "Events": [entry["Event"]], "Filter": rules}
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [queue]})


def _wait(cloudformation: BaseClient, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while True:
        stack = cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
        status = stack["StackStatus"]
        if status in SETTLED:
            break
        if time.monotonic() > deadline:
            raise DeployError(f"The stack is still {status} after {timeout:.0f} s.")
        time.sleep(0.05)
    if status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        raise DeployError(f"The stack ended as {status}: {_first_failure(cloudformation, stack)}")


def _first_failure(cloudformation: BaseClient, stack: dict[str, Any]) -> str:
    events = cloudformation.describe_stack_events(StackName=STACK_NAME)["StackEvents"]
    failures = [e for e in events if e["ResourceStatus"].endswith("FAILED")]
    if not failures:
        return str(stack.get("StackStatusReason", "no reason given"))
    first = failures[-1]  # newest first
    return f"{first['LogicalResourceId']}: {first.get('ResourceStatusReason', 'no reason given')}"
