"""Deploys into an emulated AWS, LocalStack or MiniStack."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import urlopen

from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError, WaiterError

from infra.buckets import bucket_exists
from infra.deploy.cloudformation import (
    EMULATED_BASE_PATH,
    delete_broken_stack,
    find_api,
    find_stack,
    outputs,
    update_stack,
    wait_for_stack,
)
from infra.deploy.deployment import DeployError, Deployment, with_authorizer
from infra.deploy.emulator_template import emulator_template
from infra.deploy.package import upload_package
from infra.emulator_account import CREDENTIALS, STACK_NAME
from infra.emulator_clients import cloudformation_client, s3_client
from infra.paths import ROOT

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import QueueConfigurationTypeDef

LOOPBACK = ("localhost", "127.0.0.1", "::1")
# Bucket names have at most 63 characters.
PACKAGE_BUCKET = "{bucket:.52}-deployment"


def deploy(
    endpoint_url: str,
    bucket: str,
    parameters: Mapping[str, str],
    timeout: float = 300,
    credentials: Mapping[str, str] = CREDENTIALS,
) -> Deployment:
    """Create or update the stack at `endpoint_url` and wait until it is there, at most `timeout` seconds.

    `parameters` are the template's, without BucketName and CreateBucket. A stack that exists keeps the values of
    parameters that are not given. `credentials` are arguments of boto3. Raises `DeployError`.
    """
    try:
        return _deploy(endpoint_url.rstrip("/"), bucket, parameters, timeout, credentials)
    except (ConnectionError, HTTPClientError) as error:
        raise DeployError(
            f"Nothing answers at {endpoint_url}. `docker compose -f localstack.yml up` starts a LocalStack, "
            "`regatta up` the embedded stack."
        ) from error
    except (BotoCoreError, ClientError, WaiterError, ValueError) as error:
        raise DeployError(f"{endpoint_url} refused the deployment: {error}") from error


def endpoint_for_functions(endpoint_url: str) -> str:
    """Return the URL by which functions that run at `endpoint_url` reach it; everybody else can use it as well.

    Functions of a LocalStack in Docker are containers, in which localhost means the container. LocalStack's own host
    name means LocalStack in there, and this machine out here.
    """
    parts = urlsplit(endpoint_url)
    if parts.hostname not in LOOPBACK:
        return endpoint_url
    try:
        with urlopen(f"{endpoint_url.rstrip('/')}/_localstack/info", timeout=5) as response:  # noqa: S310
            in_docker = json.load(response).get("is_docker", False)
    except (OSError, ValueError):
        in_docker = False
    return f"{parts.scheme}://localhost.localstack.cloud:{parts.port or 4566}" if in_docker else endpoint_url


def notify_queues(s3: "S3Client", bucket: str, template: dict[str, Any], outputs: Mapping[str, str]) -> None:
    """Give a bucket that the stack does not own the notifications that the template gives its own bucket.

    The ARN of the queue `Name` is the stack's output `NameArn`.
    """
    configuration = template["Resources"]["Bucket"]["Properties"]["NotificationConfiguration"]
    queues: list[QueueConfigurationTypeDef] = [
        {
            "QueueArn": outputs[f"{entry['Queue']['Fn::GetAtt'][0]}Arn"],
            "Events": [entry["Event"]],
            "Filter": {"Key": {"FilterRules": entry["Filter"]["S3Key"]["Rules"]}},
        }
        for entry in configuration["QueueConfigurations"]
    ]
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"QueueConfigurations": queues})


def _deploy(
    endpoint_url: str, bucket: str, parameters: Mapping[str, str], timeout: float, credentials: Mapping[str, str]
) -> Deployment:
    cloudformation, s3 = cloudformation_client(endpoint_url, credentials), s3_client(endpoint_url, credentials)
    package_bucket = PACKAGE_BUCKET.format(bucket=bucket)
    package_key = upload_package(s3, package_bucket)
    template = emulator_template((ROOT / "template.yaml").read_text(), package_bucket, package_key)
    status, previous = find_stack(cloudformation)
    if delete_broken_stack(cloudformation, status, timeout):
        previous = {}
    # A new stack does not own a bucket that exists: the bucket has data, and deleting the stack must not delete it.
    owns_bucket = previous.get("CreateBucket") or ("false" if bucket_exists(s3, bucket) else "true")
    own = {"BucketName": bucket, "CreateBucket": owns_bucket, "Monitoring": "false", "BasePath": EMULATED_BASE_PATH}
    # An emulator is on this machine, and asks no authorizer: where Auth says so, the functions ask who calls.
    values = with_authorizer({"Auth": previous.get("Auth", "none-i-know"), **parameters}) | own
    request = _stack_request(template, values, previous)
    if previous:
        update_stack(cloudformation, request)
    else:
        cloudformation.create_stack(**request)
    wait_for_stack(cloudformation, timeout)
    if owns_bucket == "false":
        notify_queues(s3, bucket, template, outputs(cloudformation))
    return Deployment(find_api(cloudformation, endpoint_url), bucket)


def _stack_request(template: dict[str, Any], values: Mapping[str, str], previous: Mapping[str, str]) -> dict[str, Any]:
    """Return the arguments that create or update the stack; a parameter without a new value keeps its previous one."""
    kept = [
        {"ParameterKey": name, "UsePreviousValue": True}
        for name in previous
        if name in template["Parameters"] and name not in values
    ]
    return {
        "StackName": STACK_NAME,
        # Without blanks: CloudFormation takes 51,200 bytes.
        "TemplateBody": json.dumps(template, separators=(",", ":")),
        "Parameters": [{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()] + kept,
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    }
