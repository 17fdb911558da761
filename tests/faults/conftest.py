"""A bucket behind the fault proxy, and the service over it in this process."""

from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from core.storage.container import container
from core.storage.s3.object_store import ObjectStore
from tests.support.fault_proxy import FaultProxy, fault_proxy
from tests.support.gateway import HandlerTransport
from tests.support.process_state import process_environment
from tests.support.stack import Stack


@pytest.fixture
def faulty_env(stack: Stack) -> Iterator[tuple[dict[str, str], FaultProxy]]:
    """The variables of a process with an empty bucket behind a fault proxy, and the proxy."""
    bucket = f"faults-{uuid4().hex[:12]}"
    with fault_proxy(stack.env["REGATTA_S3_ENDPOINT"]) as proxy:
        variables = {**stack.env, "REGATTA_S3_ENDPOINT": proxy.url, "REGATTA_BUCKET": bucket}
        for name in ("REGATTA_REDIS_URL", "REGATTA_JOBS_QUEUE_URL"):
            variables.pop(name, None)
        with process_environment(variables):
            container().objects.client.create_bucket(Bucket=bucket)
            proxy.clear()
            yield variables, proxy


@pytest.fixture
def proxy(faulty_env: tuple[dict[str, str], FaultProxy]) -> FaultProxy:
    """The proxy between the service of this process and its bucket."""
    return faulty_env[1]


@pytest.fixture
def store(proxy: FaultProxy) -> ObjectStore:
    """The object store behind the proxy."""
    return container().objects


@pytest.fixture
def client(proxy: FaultProxy) -> Iterator[httpx.Client]:
    """The functions over that bucket, as a client sees them."""
    with httpx.Client(transport=HandlerTransport(), base_url="http://handlers") as client:
        yield client
