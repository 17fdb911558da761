"""Deploys template.yaml into an emulated AWS, LocalStack or MiniStack: package, rewrite the template, run the stack."""

import hashlib
import io
import json
import re
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError, WaiterError
from samtranslator.yaml_helper import yaml_parse

from infra.buckets import bucket_exists
from infra.emulator_account import CREDENTIALS, REGION, STACK_NAME

if TYPE_CHECKING:
    # LocalStack's init hook runs this module on LocalStack's interpreter, which has no pydantic-settings.
    from mypy_boto3_cloudformation.client import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackTypeDef
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import QueueConfigurationTypeDef

    from core.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
RUNTIME = "python3.13"

BINARY = "application/octet-stream"
# The API's logical name where the template means the API.
API_NAME = re.compile(r"(?<=!Ref )Api\b|(?<=\$\{)Api(?=[.}])|(?<=\n  )Api(?=:\n)")
CONFIG = Config(s3={"addressing_style": "path"}, connect_timeout=2, read_timeout=60, retries={"total_max_attempts": 2})
LOOPBACK = ("localhost", "127.0.0.1", "::1")

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


def s3_client(endpoint_url: str) -> "S3Client":
    """Return an S3 client for an emulator at `endpoint_url`, with path-style addresses and short timeouts."""
    made: S3Client = _session().client("s3", endpoint_url=endpoint_url, config=CONFIG)
    return made


def cloudformation_client(endpoint_url: str) -> "CloudFormationClient":
    """Return a CloudFormation client for an emulator at `endpoint_url`."""
    made: CloudFormationClient = _session().client("cloudformation", endpoint_url=endpoint_url, config=CONFIG)
    return made


def _session() -> boto3.session.Session:
    return boto3.session.Session(
        region_name=REGION,
        aws_access_key_id=CREDENTIALS["aws_access_key_id"],
        aws_secret_access_key=CREDENTIALS["aws_secret_access_key"],
    )


def template_parameters(chosen: "Settings", **local: str) -> dict[str, str]:
    """The template's parameters: what the settings say, and `local`: where this deployment keeps things."""
    return {
        "LogLevel": chosen.log_level,
        "WebhookUrl": chosen.webhook_url or "",
        "DecisionsTopicArn": chosen.sns_topic_arn or "",
        "KeepVersions": str(chosen.keep_versions),
        "KeepJobsDays": str(chosen.keep_jobs_days),
        **local,
    }


def deploy(endpoint_url: str, bucket: str, parameters: Mapping[str, str], timeout: float = 60) -> Deployment:
    """Create or update the stack at `endpoint_url` and wait, at most `timeout` seconds, until it is there.

    `parameters` are the template's, without BucketName and CreateBucket; of a stack that is there already, what is not
    given stays as it is. Raises `DeployError`.
    """
    try:
        return _deploy(endpoint_url.rstrip("/"), bucket, parameters, timeout)
    except (ConnectionError, HTTPClientError) as error:
        raise DeployError(
            f"Nothing answers at {endpoint_url}. `docker compose -f localstack.yml up` starts a LocalStack, "
            "`regatta up` the embedded stack."
        ) from error
    except (BotoCoreError, ClientError, WaiterError, ValueError) as error:
        raise DeployError(f"{endpoint_url} refused the deployment: {error}") from error


def check(api_url: str) -> None:
    """Ask the deployed service for its name; raises `DeployError` where its functions cannot answer."""
    try:
        with urlopen(f"{api_url}/", timeout=60) as answer:  # noqa: S310 - what was just deployed
            answer.read()
    except HTTPError as error:
        raise DeployError(
            f"The stack is there, but {api_url}/ answers {error.code}: {error.read(500).decode(errors='replace')}. "
            "The log of SystemFunction says more."
        ) from error
    except (URLError, OSError) as error:
        raise DeployError(f"The stack is there, but {api_url}/ does not answer: {error}") from error


def endpoint_inside(endpoint_url: str) -> str:
    """What `endpoint_url` is called by the functions that run there, and by everybody else.

    Functions of a LocalStack in Docker are containers, to whom localhost is themselves. LocalStack's own name for
    itself means it in there, and this machine out here.
    """
    parts = urlsplit(endpoint_url)
    if parts.hostname not in LOOPBACK:
        return endpoint_url
    try:
        with urlopen(f"{endpoint_url.rstrip('/')}/_localstack/info", timeout=5) as answer:  # noqa: S310
            in_docker = json.load(answer).get("is_docker", False)
    except (OSError, ValueError):
        in_docker = False
    return f"{parts.scheme}://localhost.localstack.cloud:{parts.port or 4566}" if in_docker else endpoint_url


def _deploy(endpoint_url: str, bucket: str, parameters: Mapping[str, str], timeout: float) -> Deployment:
    cloudformation, s3 = cloudformation_client(endpoint_url), s3_client(endpoint_url)
    package_bucket, package_key = _upload_package(s3, f"{bucket[:52]}-deployment")
    template = local_template((ROOT / "template.yaml").read_text(), package_bucket, package_key)
    status, known = find_stack(cloudformation)
    if status is not None and status not in UPDATABLE:
        cloudformation.delete_stack(StackName=STACK_NAME)
        cloudformation.get_waiter("stack_delete_complete").wait(
            StackName=STACK_NAME, WaiterConfig={"Delay": 1, "MaxAttempts": int(timeout)}
        )
        known = {}
    # A bucket from before belongs to no new stack: it holds data, so it is used as it is.
    owns_bucket = known.get("CreateBucket") or ("false" if bucket_exists(s3, bucket) else "true")
    values = {**parameters, "BucketName": bucket, "CreateBucket": owns_bucket, "Monitoring": "false"}
    kept = [
        {"ParameterKey": name, "UsePreviousValue": True}
        for name in known
        if name in template["Parameters"] and name not in values
    ]
    request: dict[str, Any] = {
        "StackName": STACK_NAME,
        "TemplateBody": json.dumps(template),
        "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in values.items()] + kept,
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    }
    if known:
        _update(cloudformation, request)
    else:
        cloudformation.create_stack(**request)
    _wait(cloudformation, timeout)
    if owns_bucket == "false":
        _notify(s3, bucket, template, outputs(cloudformation))
    return Deployment(find_api(cloudformation, endpoint_url), bucket)


def local_template(text: str, package_bucket: str, package_key: str) -> dict[str, Any]:
    """The template as an emulator without Docker can run it: image functions become zip functions.

    The handler of an image function is its `ImageConfig.Command`, and the code of every function the one package in
    S3. Build metadata goes; so do snapshots, with the versions that they are of, for nothing would be restored, the
    routes of what browsers ask first, and how many workers a queue may have: MiniStack takes that parameter for a text.
    """
    # LocalStack updates no API, though it says so, and takes its stage away: a changed one has to be another one.
    api = f"Api{_api_digest(yaml_parse(text))}"
    template: dict[str, Any] = yaml_parse(API_NAME.sub(api, text))
    # LocalStack passes over */*: only who accepts a type that is listed gets bytes, everybody else their Base64.
    template["Resources"][api]["Properties"]["BinaryMediaTypes"].append(BINARY)
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
            event["Properties"].pop("ScalingConfig", None)
    return template


def _api_digest(template: dict[str, Any]) -> str:
    """What changes with the API's own properties and its routes."""
    resources = template["Resources"]
    routes = {name: resource.get("Properties", {}).get("Events") for name, resource in resources.items()}
    return hashlib.sha256(json.dumps([resources["Api"], routes], sort_keys=True).encode()).hexdigest()[:8]


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


def _upload_package(s3: "S3Client", bucket: str) -> tuple[str, str]:
    code = package()
    key = f"{hashlib.sha256(code).hexdigest()[:16]}.zip"
    if not bucket_exists(s3, bucket):
        s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key=key, Body=code)
    return bucket, key


def find_stack(cloudformation: "CloudFormationClient") -> tuple[str | None, dict[str, str]]:
    """Status and parameters of the stack; `(None, {})` when there is none."""
    try:
        stack = cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None, {}
        raise
    return stack["StackStatus"], {p["ParameterKey"]: p["ParameterValue"] for p in stack.get("Parameters", [])}


def find_api(cloudformation: "CloudFormationClient", endpoint_url: str) -> str:
    """Where the stack's API answers."""
    resources = cloudformation.describe_stack_resources(StackName=STACK_NAME)["StackResources"]
    api_id = next(r["PhysicalResourceId"] for r in resources if r["ResourceType"] == "AWS::ApiGateway::RestApi")
    return f"{endpoint_url}/restapis/{api_id}/prod/_user_request_"


def _update(cloudformation: "CloudFormationClient", request: dict[str, Any]) -> None:
    try:
        cloudformation.update_stack(**request)
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise


def outputs(cloudformation: "CloudFormationClient") -> dict[str, str]:
    """The outputs of the stack."""
    stack = cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def _notify(s3: "S3Client", bucket: str, template: dict[str, Any], outputs: Mapping[str, str]) -> None:
    """Give a bucket that the stack does not own the notifications that the template gives its own.

    The ARN of each queue `Name` is the stack's output `NameArn`.
    """
    configured = template["Resources"]["Bucket"]["Properties"]["NotificationConfiguration"]
    queues: list[QueueConfigurationTypeDef] = [
        {
            "QueueArn": outputs[f"{entry['Queue']['Fn::GetAtt'][0]}Arn"],
            "Events": [entry["Event"]],
            "Filter": {"Key": {"FilterRules": entry["Filter"]["S3Key"]["Rules"]}},
        }
        for entry in configured["QueueConfigurations"]
    ]
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"QueueConfigurations": queues})


def _wait(cloudformation: "CloudFormationClient", timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while True:
        stack = cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
        status = stack["StackStatus"]
        if status in SETTLED:
            break
        if time.monotonic() > deadline:
            raise DeployError(f"The stack is still {status} after {timeout:.0f} s.")
        time.sleep(0.2)
    if status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        raise DeployError(f"The stack ended as {status}: {_first_failure(cloudformation, stack)}")


def _first_failure(cloudformation: "CloudFormationClient", stack: "StackTypeDef") -> str:
    events = cloudformation.describe_stack_events(StackName=STACK_NAME)["StackEvents"]
    failures = [e for e in events if e["ResourceStatus"].endswith("FAILED")]
    if not failures:
        return str(stack.get("StackStatusReason", "no reason given"))
    first = failures[-1]  # newest first
    return f"{first['LogicalResourceId']}: {first.get('ResourceStatusReason', 'no reason given')}"
