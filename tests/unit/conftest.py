"""S3 by moto, and a process that remembers nothing of the test before."""

from collections.abc import Iterator

import httpx
import pytest
from moto import mock_aws

from core.storage.s3.object_store import ObjectStore
from tests.support.gateway import HandlerTransport
from tests.support.process_state import connect_container, forget_singletons
from tests.support.storage import BUCKET, Parts

KEY = "a key for the tests, long enough"


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Settings of a deployment without Redis; nothing is remembered before and after."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    # Whatever should slip past moto ends here, not at AWS.
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("REGATTA_BUCKET", BUCKET)
    monkeypatch.setenv("REGATTA_SIGNING_KEY", KEY)
    for name in ("S3_ENDPOINT", "REDIS_URL", "SIGNING_KEY_FILE", "SIGNING_KEY_SECRET"):
        monkeypatch.delenv(f"REGATTA_{name}", raising=False)
    forget_singletons()
    yield
    forget_singletons()


@pytest.fixture(scope="module")
def mocked() -> Iterator[ObjectStore]:
    """One S3 a module: making a client takes longer than most tests."""
    with mock_aws(), pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        store = ObjectStore(BUCKET, None)
        store.client.create_bucket(Bucket=BUCKET)
        yield store


@pytest.fixture
def bucket(settled: None, mocked: ObjectStore) -> ObjectStore:
    """An empty bucket, which the container of the process uses."""
    mocked.delete([item.key for item in mocked.list("")])
    connect_container(mocked)
    return mocked


@pytest.fixture
def handlers(bucket: ObjectStore) -> Iterator[httpx.Client]:
    """The Lambda handlers over that bucket, as a client sees them."""
    with httpx.Client(transport=HandlerTransport(), base_url="http://handlers") as client:
        yield client


@pytest.fixture
def parts(bucket: ObjectStore) -> Parts:
    """The stores over that bucket, without Redis."""
    return Parts(bucket)
