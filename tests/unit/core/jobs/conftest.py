"""Jobs whose leases are renewed often, and a worker that is at one."""

from collections.abc import Iterator
from threading import Thread

import pytest

from core.jobs import attempt
from core.settings import settings
from core.storage.s3.object_store import ObjectStore
from tests.support.job_commands import JobProbe
from tests.support.jobs import carry_out, submit

LEASE_SECONDS = 60.0


@pytest.fixture(autouse=True)
def _frequent_beats(bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a lease be long, so that only a clock that the test sets forward ends it, and be renewed often."""
    monkeypatch.setenv("REGATTA_JOB_LEASE_SECONDS", str(LEASE_SECONDS))
    monkeypatch.setattr(attempt, "BEATS_PER_LEASE", 20 * LEASE_SECONDS)
    settings.cache_clear()


@pytest.fixture
def running(probe: JobProbe) -> Iterator[tuple[str, Thread]]:
    """The identifier of a running job, and the thread of its worker."""
    job_id = submit("waiting")
    worker = Thread(target=carry_out, args=(job_id,))
    worker.start()
    assert probe.started.wait(300)
    yield job_id, worker
    probe.released.set()
    worker.join(300)
