"""Deploys to AWS itself: checks that what it needs is there, then runs `sam build` and `sam deploy`."""

import shutil
import subprocess
from collections.abc import Mapping

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.buckets import bucket_exists
from infra.deploy.cloudformation import find_stack, outputs
from infra.deploy.deployment import AUTHORIZERS, DeployError, Deployment, with_authorizer
from infra.paths import ROOT

# `make template` and `make build` install SAM here.
CHECKOUT_TOOLS = ROOT / ".venv-sam" / "bin"


def deploy(bucket: str, parameters: Mapping[str, str]) -> Deployment:
    """Build every function and create or update the stack in the account and region of this shell.

    `parameters` are the template's, without BucketName and CreateBucket. A stack that exists keeps the values of
    parameters that are not given. Raises `DeployError` that names what is missing: SAM, Docker, credentials, a region,
    a bucket name that is free.
    """
    for tool, purpose, source in (
        ("sam", "which builds and deploys", "pip install aws-sam-cli"),
        ("docker", "which builds the image of the heavy functions", "https://docs.docker.com/get-started/get-docker/"),
    ):
        if _find(tool) is None:
            raise DeployError(f"There is no {tool} on PATH, {purpose}. Install it: {source}")
    try:
        previous = _previous()
        if "Auth" not in {**previous, **parameters}:
            raise DeployError(
                f"Say who may call the service: --auth {'|'.join(AUTHORIZERS)}. docs/aws.md explains them."
            )
        owns_bucket = previous.get("CreateBucket") or _owns_bucket(bucket)
        values = {**with_authorizer(parameters), "BucketName": bucket, "CreateBucket": owns_bucket}
        _run("build")
        _run(
            *("deploy", "--no-confirm-changeset", "--no-fail-on-empty-changeset"),
            *("--parameter-overrides", *(f"{name}={value}" for name, value in values.items())),
        )
        return Deployment(outputs(boto3.client("cloudformation"))["ApiUrl"], bucket)
    except (BotoCoreError, ClientError) as error:
        raise DeployError(f"AWS refused: {error}") from error


def _previous() -> dict[str, str]:
    """Return the parameters of the stack, none where there is none yet; raises `DeployError` without an account."""
    session = boto3.session.Session()
    if session.get_credentials() is None:
        raise DeployError("There are no AWS credentials. Run `aws configure` or `aws sso login`, or set AWS_PROFILE.")
    if session.region_name is None:
        raise DeployError("No AWS region is chosen. Set AWS_DEFAULT_REGION, or a region in the profile.")
    return find_stack(session.client("cloudformation"))[1]


def _owns_bucket(bucket: str) -> str:
    """Return the parameter CreateBucket: `true` where the bucket does not exist yet."""
    try:
        return "false" if bucket_exists(boto3.client("s3"), bucket) else "true"
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 403:
            raise
        raise DeployError(
            f"The bucket {bucket} is somebody else's: names are global on AWS. Choose another one: REGATTA_BUCKET=NAME"
        ) from error


def _run(*arguments: str) -> None:
    """Run a `sam` command, with its output in this terminal; raises `DeployError` when it fails."""
    completed = subprocess.run([_find("sam") or "sam", *arguments], cwd=ROOT, check=False)
    if completed.returncode:
        raise DeployError(f"`sam {arguments[0]}` ended with status {completed.returncode}; its own words are above.")


def _find(tool: str) -> str | None:
    return shutil.which(tool) or shutil.which(tool, path=str(CHECKOUT_TOOLS))
