"""Clients of boto3 for an emulated AWS, LocalStack or MiniStack."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from infra.emulator_account import CREDENTIALS, REGION

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient
    from mypy_boto3_s3.client import S3Client

# Path-style addresses, because the name of a bucket cannot be a part of an emulator's host name.
CONFIG = Config(s3={"addressing_style": "path"}, connect_timeout=2, read_timeout=60, retries={"total_max_attempts": 2})
# A stack is created while the request waits. Asked for once more, it would be said to exist.
CLOUDFORMATION_CONFIG = CONFIG.merge(Config(read_timeout=300))


def s3_client(endpoint_url: str, credentials: Mapping[str, str] = CREDENTIALS) -> "S3Client":
    """Return an S3 client for the emulator at `endpoint_url`; `credentials` are arguments of boto3."""
    client: S3Client = _session(credentials).client("s3", endpoint_url=endpoint_url, config=CONFIG)
    return client


def cloudformation_client(endpoint_url: str, credentials: Mapping[str, str] = CREDENTIALS) -> "CloudFormationClient":
    """Return a CloudFormation client for the emulator at `endpoint_url`; `credentials` are arguments of boto3."""
    session = _session(credentials)
    client: CloudFormationClient = session.client(
        "cloudformation", endpoint_url=endpoint_url, config=CLOUDFORMATION_CONFIG
    )
    return client


def _session(credentials: Mapping[str, str]) -> boto3.session.Session:
    return boto3.session.Session(
        region_name=REGION,
        aws_access_key_id=credentials["aws_access_key_id"],
        aws_secret_access_key=credentials["aws_secret_access_key"],
    )
