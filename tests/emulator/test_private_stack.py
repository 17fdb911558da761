"""The stack is its owner's alone: credentials, signatures, Redis, files, and nothing on the network but HTTP."""

import stat
from hashlib import sha256
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
import redis
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.client import BaseClient
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from infra.emulator_account import ACCOUNT, REGION
from infra.local.credentials import FILE
from infra.local.signed_chunks import SIGNED
from tests.support.stack import Stack

CALLS = {
    "s3": "list_buckets",
    "lambda": "list_functions",
    "sqs": "list_queues",
    "cloudformation": "describe_stacks",
    "iam": "list_roles",
    "sts": "get_caller_identity",
    "secretsmanager": "list_secrets",
    "logs": "describe_log_groups",
    "scheduler": "list_schedules",
}
FORBIDDEN = (
    *("CONFIG GET dir", "DEBUG SLEEP 0", "MODULE LIST", "SCRIPT FLUSH", "FUNCTION LIST", "ACL LIST", "SAVE"),
    *("SHUTDOWN", "REPLICAOF NO ONE", "MONITOR", "CLIENT LIST", "BGREWRITEAOF"),
)
CONFIG = Config(signature_version="v4", s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})
S3_CONFIG = CONFIG.merge(Config(signature_version="s3v4"))


def client(stack: Stack, service: str, **credentials: str) -> BaseClient:
    chosen = stack.credentials | credentials
    config = S3_CONFIG if service == "s3" else CONFIG
    return boto3.client(service, endpoint_url=stack.aws_url, region_name=REGION, config=config, **chosen)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("service", CALLS)
def test_every_service_takes_the_credentials_of_the_home_alone(stack: Stack, service: str) -> None:
    right = client(stack, service)
    assert getattr(right, CALLS[service])()["ResponseMetadata"]["HTTPStatusCode"] == 200
    right.close()
    for wrong in (
        {"aws_access_key_id": "test", "aws_secret_access_key": "test"},
        {"aws_access_key_id": ACCOUNT, "aws_secret_access_key": "test"},
        {"aws_secret_access_key": "guessed"},
    ):
        stranger = client(stack, service, **wrong)
        with pytest.raises(ClientError) as refused:
            getattr(stranger, CALLS[service])()
        stranger.close()
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/regatta?list-type=2"),
        ("POST", "/?Action=ListQueues"),
        ("GET", "/2015-03-31/functions"),
        ("POST", "/_ministack/reset"),
        ("POST", "/_ministack/config"),
        ("GET", "/_ministack/sqs/messages"),
        ("GET", "/_ministack/lambda-code/regatta-system"),
        ("GET", "/_localstack/info"),
        ("GET", "/restapis"),
        ("GET", "/_aws/execute-api/any/prod/"),
        ("PUT", "/restapis/any/prod/_user_request"),
    ],
)
def test_without_a_signature_nothing_answers(stack: Stack, method: str, path: str) -> None:
    for headers in ({}, {"Authorization": "AWS test:abc"}, {"Authorization": "AWS4-HMAC-SHA256 Credential=test"}):
        answer = httpx.request(method, stack.aws_url + path, headers=headers, timeout=300)
        assert answer.status_code == 403, path
        assert "access-control-allow-origin" not in answer.headers


def test_a_presigned_url_is_good_for_what_it_says_alone(stack: Stack) -> None:
    s3, bucket = client(stack, "s3"), stack.env["REGATTA_BUCKET"]
    s3.put_object(Bucket=bucket, Key="private/ü a+b.txt", Body=b"text")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "private/ü a+b.txt"})
    answer = httpx.get(url)
    assert (answer.status_code, answer.content) == (200, b"text")
    assert "sandbox" in answer.headers["content-security-policy"]
    put = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "private/new"})
    for method, altered, headers in (
        ("GET", url.replace("a%2Bb", "other"), {}),
        ("PUT", url, {}),
        ("GET", url.replace("X-Amz-Expires=3600", "X-Amz-Expires=7200"), {}),
        ("GET", url[:-1] + ("0" if url[-1] != "0" else "1"), {}),
        ("GET", url, {"Authorization": "AWS4-HMAC-SHA256 Credential=x"}),
        ("PUT", put, {"x-amz-copy-source": f"/{bucket}/private/%C3%BC a+b.txt"}),
    ):
        assert httpx.request(method, altered, headers=headers).status_code == 403, (method, altered)
    assert httpx.put(put, content=b"new").status_code == 200
    s3.close()


def test_a_form_is_good_with_its_signature_alone(stack: Stack) -> None:
    s3, bucket = client(stack, "s3"), stack.env["REGATTA_BUCKET"]
    form = s3.generate_presigned_post(bucket, "private/form.txt")
    stranger = client(stack, "s3", aws_access_key_id="test", aws_secret_access_key="test")
    forged = stranger.generate_presigned_post(bucket, "private/form.txt")["fields"]

    limits = [["content-length-range", 1, 4]]
    limited = s3.generate_presigned_post(bucket, "private/limited.txt", Conditions=limits)["fields"]
    over = s3.generate_presigned_post(bucket, "private/form.txt", ExpiresIn=-1)["fields"]

    def send(fields: dict[str, str], body: bytes = b"text", **options: Any) -> int:
        return httpx.post(form["url"], data=fields, files={"file": body}, timeout=300, **options).status_code

    for fields in (
        {"key": "private/form.txt"},
        forged,
        {**form["fields"], "key": "private/other.txt"},
        {**form["fields"], "policy": forged["policy"]},
        {**form["fields"], "x-amz-signature": "ü"},
        over,
    ):
        assert send(fields) == 403, fields
    assert send(form["fields"], params={"delete": ""}) == 403
    assert [send(limited, body) for body in (b"", b"texts", b"text")] == [400, 400, 204]
    # Nothing that comes along leads it to another service.
    assert send(form["fields"], headers={"X-Amz-Target": "AWSLambda.ListFunctions"}) == 204
    s3.close()
    stranger.close()


def test_a_body_that_was_not_signed_is_refused(stack: Stack) -> None:
    s3, bucket = client(stack, "s3"), stack.env["REGATTA_BUCKET"]

    def change(request: Any, **_: Any) -> None:
        request.body = b"evil"

    s3.meta.events.register("before-send.s3.PutObject", change)
    with pytest.raises(ClientError) as refused:
        s3.put_object(Bucket=bucket, Key="private/body", Body=b"good")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket, Prefix="private/body")
    s3.close()


@pytest.mark.parametrize("is_altered", [False, True])
def test_each_chunk_of_a_body_is_verified(stack: Stack, is_altered: bool) -> None:
    """Of a body that is signed in chunks, as SDKs of other languages send one over HTTP."""
    s3, bucket = client(stack, "s3"), stack.env["REGATTA_BUCKET"]
    credentials = Credentials(*stack.credentials.values())
    url = f"{stack.aws_url}/{bucket}/private/chunks{is_altered:d}"
    request = AWSRequest("PUT", url, {"X-Amz-Content-SHA256": SIGNED, "X-Amz-Decoded-Content-Length": "4"})
    request.context["payload_signing_enabled"] = True
    auth = S3SigV4Auth(credentials, "s3", REGION)
    auth.payload = lambda _: SIGNED
    auth.add_auth(request)
    amz_date, previous, body = request.context["timestamp"], request.headers["Authorization"][-64:], b""
    for chunk in (b"good", b""):
        digest = sha256(chunk).hexdigest()
        scope = auth.credential_scope(request)
        text = "\n".join(("AWS4-HMAC-SHA256-PAYLOAD", amz_date, scope, previous, sha256(b"").hexdigest(), digest))
        previous = auth.signature(text, request)
        body += b"%x;chunk-signature=%s\r\n%s\r\n" % (len(chunk), previous.encode(), chunk)
    body = body.replace(b"good", b"evil") if is_altered else body
    answer = httpx.put(url, content=body, headers=dict(request.headers))
    assert answer.status_code == (403 if is_altered else 200), answer.text
    assert ("Contents" in s3.list_objects_v2(Bucket=bucket, Prefix=f"private/chunks{is_altered:d}")) != is_altered
    s3.close()


@pytest.mark.parametrize("command", FORBIDDEN)
def test_redis_does_what_a_cache_needs_and_no_more(stack: Stack, command: str) -> None:
    with redis.Redis.from_url(stack.env["REGATTA_REDIS_URL"]) as connection:
        with pytest.raises(redis.RedisError, match=r"permission|not allowed"):
            connection.execute_command(*command.split())
        assert connection.ping()


def test_nobody_else_may_enter(stack: Stack) -> None:
    for folder in ("redis", "aws", "logs", "tmp", "metrics"):
        assert mode(stack.home / folder) == 0o700, folder
    for file in (FILE, "signing.key", "stack.json"):
        assert mode(stack.home / file) == 0o600, file
