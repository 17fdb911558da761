"""Jobs with short leases, and a worker that is at one."""

from collections.abc import Iterator
from threading import Thread

import pytest

from core.settings import settings
from core.storage.s3.object_store import ObjectStore
from tests.support.job_commands import JobProbe
from tests.support.jobs import carry_out, submit

LEASE_SECONDS = 2.0


@pytest.fixture(autouse=True)
def _short_leases(bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGATTA_JOB_LEASE_SECONDS", str(LEASE_SECONDS))
    settings.cache_clear()


@pytest.fixture
def running(probe: JobProbe) -> Iterator[tuple[str, Thread]]:
    """The identifier of a running job, and the thread of its worker."""
    job_id = submit("waiting")
    worker = Thread(target=carry_out, args=(job_id,))
    worker.start()
    assert probe.started.wait(10)
    yield job_id, worker
    probe.released.set()
    worker.join(10)
