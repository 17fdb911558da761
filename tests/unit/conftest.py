"""An S3 by moto, and a process without singletons of the test before."""

import time
from collections.abc import Callable, Iterator
from math import inf
from threading import RLock
from typing import Any

import httpx
import pytest
from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber

from core.automl import portfolio_search, screening
from core.regressors import splits, spread
from core.services.retraining import retrain
from core.services.series import arrivals
from core.services.training import publish
from core.services.upkeep import unfinished
from core.settings import settings
from core.storage.aws_session import AwsSession
from core.storage.container import container
from core.storage.s3.object_store import ObjectStore
from core.storage.sqs_queue import SqsQueue
from tests.support import quick_moto
from tests.support.gateway import HandlerTransport
from tests.support.hasty_client import hasten
from tests.support.job_commands import JobProbe, install_commands
from tests.support.kept_objects import KeptObjects
from tests.support.process_state import connect_container, forget_singletons
from tests.support.simulated_time import simulate_races
from tests.support.sqs import jobs_queue
from tests.support.storage import BUCKET, Repositories
from tests.support.training import fast_presets, grow_few_trees

KEY = "a key for the tests, long enough"


@pytest.fixture(scope="session", autouse=True)
def serialized_requests() -> Iterator[None]:
    """Let moto answer one request at a time, as atomically as S3: its objects are not safe for threads."""
    lock, process = RLock(), BotocoreStubber.process_request

    def process_one(stubber: BotocoreStubber, request: Any) -> Any:
        with lock:
            return quick_moto.answer(request) or process(stubber, request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BotocoreStubber, "process_request", process_one)
        yield


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
    # ReconcileFunction looks twice in a minute; no test waits for that.
    monkeypatch.setattr(unfinished, "sleep", lambda _: None)
    # In two seconds a busy machine would learn another spread of the same errors.
    for name in ("DEFAULT_SECONDS", "EFFECTS_SECONDS"):
        monkeypatch.setattr(publish, name, inf)
    # The tests of spreads grow all of their trees, and these are of every model that is published.
    monkeypatch.setattr(spread, "TREES", spread.FEWEST_TREES)
    forget_singletons()
    yield
    forget_singletons()


@pytest.fixture(scope="session")
def aws_session() -> AwsSession:
    """A session for the clients of all modules: once it has read the models of AWS, it makes one in milliseconds."""
    return AwsSession()


@pytest.fixture(scope="module")
def mocked(aws_session: AwsSession) -> Iterator[ObjectStore]:
    """One S3 a module: making a client takes longer than most tests."""
    with mock_aws(), pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        store = ObjectStore(BUCKET, None)
        store.session = aws_session
        hasten(store.client)
        store.client.create_bucket(Bucket=BUCKET)
        yield store


@pytest.fixture
def bucket(settled: None, mocked: ObjectStore) -> ObjectStore:
    """An empty bucket, which the container of the process uses."""
    mocked.delete([item.key for item in mocked.list("")])
    connect_container(mocked)
    return mocked


@pytest.fixture(scope="module")
def kept_objects() -> KeptObjects:
    """What a test of the module has put into the bucket, for the others to have it as well."""
    return KeptObjects()


@pytest.fixture
def queue(bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqsQueue]:
    """An empty queue in SQS for the jobs of that bucket."""
    import boto3

    with jobs_queue(boto3.client("sqs", region_name="us-east-1")) as url:
        monkeypatch.setenv("REGATTA_JOBS_QUEUE_URL", url)
        connect_container(bucket)
        yield container().queue


@pytest.fixture
def handlers(bucket: ObjectStore) -> Iterator[httpx.Client]:
    """The Lambda handlers over that bucket, as a client sees them."""
    with httpx.Client(transport=HandlerTransport(), base_url="http://handlers") as client:
        yield client


@pytest.fixture
def repositories(bucket: ObjectStore) -> Repositories:
    """The stores over that bucket, without Redis."""
    return Repositories(bucket)


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch) -> JobProbe:
    """The commands of tests/support/job_commands.py as kinds of jobs, and their probe."""
    return install_commands(monkeypatch)


@pytest.fixture
def advance_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A function that sets the clock forward by some seconds, and by more than a lease without an argument."""
    clock, shift = time.time, [0.0]
    monkeypatch.setattr("core.storage.leases.time.time", lambda: clock() + shift[0])

    def advance(seconds: float | None = None) -> None:
        shift[0] += settings().job_lease_seconds + 1 if seconds is None else seconds

    return advance


@pytest.fixture
def few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the regressors of the catalogue grow few trees by default."""
    grow_few_trees(monkeypatch)


@pytest.fixture
def two_folds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let trainings divide their rows into two folds, where nothing is learned from their scores."""
    monkeypatch.setattr(splits, "FOLDS", 2)


@pytest.fixture
def three_folds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let races divide a small table into three folds in place of eight."""
    monkeypatch.setattr(screening, "FINE_FOLDS", 3)


@pytest.fixture
def quick_races(three_folds: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the races by which series begin try fast presets only, in one division, on a clock that their fits move."""
    monkeypatch.setattr(portfolio_search, "select_presets", fast_presets)
    monkeypatch.setattr(screening, "REPEATS", 1)
    simulate_races(monkeypatch, retrain)


@pytest.fixture
def arrival_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """S3 counts in seconds; here each look at an object is a second later than the one before, unless set back."""
    ticks = [0]

    def written_at(_: Any) -> str:
        ticks[0] += 1
        return f"2026-01-01T{ticks[0] // 3600:02}:{ticks[0] // 60 % 60:02}:{ticks[0] % 60:02}.000000+00:00"

    def set_to(tick: int) -> None:
        ticks[0] = tick

    monkeypatch.setattr(arrivals, "written_at", written_at)
    return set_to
