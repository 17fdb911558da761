"""A bucket behind the fault proxy, and the service over it in this process."""

from collections.abc import Iterator

import httpx
import pytest

from core.storage.aws_session import AwsSession
from core.storage.container import container
from core.storage.s3.object_store import ObjectStore
from tests.support.fault_proxy import FaultProxy, fault_proxy
from tests.support.gateway import HandlerTransport
from tests.support.memory_s3 import MemoryS3
from tests.support.process_state import process_environment


def variables(endpoint: str) -> dict[str, str]:
    """Return the variables of a process without Redis and SQS over the bucket at this endpoint."""
    return {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "REGATTA_BUCKET": "faults",
        "REGATTA_S3_ENDPOINT": endpoint,
        "REGATTA_SIGNING_KEY": "a key for the tests, long enough",
    }


@pytest.fixture(scope="session")
def aws_session() -> AwsSession:
    """A session for the clients of all tests: reading the descriptions of AWS takes longer than most of them."""
    return AwsSession()


@pytest.fixture
def proxy(aws_session: AwsSession) -> Iterator[FaultProxy]:
    """The proxy between the service of this process and its bucket, which is empty."""
    with fault_proxy(MemoryS3().answer) as proxy, process_environment(variables(proxy.url)):
        container().objects.session = aws_session
        yield proxy


@pytest.fixture
def store(proxy: FaultProxy) -> ObjectStore:
    """The object store behind the proxy."""
    return container().objects


@pytest.fixture
def client(proxy: FaultProxy) -> Iterator[httpx.Client]:
    """The functions over that bucket, as a client sees them."""
    with httpx.Client(transport=HandlerTransport(), base_url="http://handlers") as client:
        yield client
