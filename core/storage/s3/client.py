"""Make the boto3 client of an S3 endpoint."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from core.storage.aws_calls import bound_calls
from core.storage.aws_session import AwsSession
from core.storage.dependency import Dependency
from core.storage.s3.attempts import report_attempts
from core.storage.s3.foreign_answers import refuse_foreign_answers, stay_at_endpoint
from core.storage.send_timeout import send_patiently
from core.telemetry.calls import watch_client

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest
    from mypy_boto3_s3.client import S3Client

CONNECT_SECONDS = 2.0
# How long the store may take until it answers: a read or a small write, and what it has to write or to join itself.
ANSWER_SECONDS = 5.0
WRITE_SECONDS = 20.0
# How long it may join the parts of an object: S3 says that this can take minutes. No deadline of a caller gives way.
JOIN_SECONDS = 300.0
SMALL_BYTES = 1 << 20
# How many requests go on at a time: fewer than a server has threads, so that some are left that need no storage.
CALLS = 24


_large_answer: ContextVar[bool] = ContextVar("large_answer", default=False)


@contextmanager
def expecting_large_answer() -> Iterator[None]:
    """Let the store take as long to begin an answer as to write one: some read an object whole before they send it."""
    token = _large_answer.set(True)
    try:
        yield
    finally:
        _large_answer.reset(token)


def create_client(session: AwsSession, endpoint: str | None) -> "S3Client":
    """Return a client of the endpoint, or of AWS where that is None, each request of which is bounded.

    Its sockets have keepalive, because those of a function are dead after it was frozen.
    """
    from botocore.config import Config

    from core.storage.s3.listing import parse_listings_fast  # loads a parser of XML

    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=WRITE_SECONDS,
        retries={"total_max_attempts": 1, "mode": "standard"},
        tcp_keepalive=True,
        max_pool_connections=32,
        signature_version="s3v4",  # the older one, still the default for URLs, signs no Content-Length
        s3={"addressing_style": "path"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    client: S3Client = session.client("s3", config, endpoint_url=endpoint)
    bound_calls(client, Dependency("object store", calls=CALLS), _patience)
    send_patiently(client)
    parse_listings_fast(client)
    refuse_foreign_answers(client)
    if endpoint is not None:  # AWS has regions
        stay_at_endpoint(client)
    report_attempts(client)
    watch_client(client, "storage")
    return client


def _patience(request: "AWSPreparedRequest") -> float:
    """Return how many seconds the store may be silent: longer where it works long, which is with many bytes."""
    if request.method == "POST" and "uploadId=" in request.url:
        return JOIN_SECONDS
    works_long = (
        request.method == "POST"
        or _large_answer.get()
        or "x-amz-copy-source" in request.headers
        or int(request.headers.get("Content-Length", 0)) > SMALL_BYTES
    )
    return WRITE_SECONDS if works_long else ANSWER_SECONDS
