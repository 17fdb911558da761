"""A bucket that is asked too much refuses for a while: chunks and trainings repeat what they ask, or end clearly."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import UnavailableError
from core.jobs.commands import ExportTableCommand
from core.jobs.divided import run_next_task
from core.jobs.worker import MOST_ATTEMPTS
from core.progress import ignore_progress
from core.services.handlers import DIVIDED
from core.services.processing.ingest import ingest
from core.services.table_prediction import chunks, export_table
from core.settings import settings
from core.storage import aws_calls, task_repository
from core.storage.aws_calls import seconds_to_wait
from core.storage.job_repository import Job
from core.storage.s3.object_store import ObjectStore
from tests.support.fault_proxy import FaultProxy
from tests.support.faults import Exchange, Request, refuse, slow_down
from tests.support.jobs import carry_out, read_job, submit
from tests.support.storage import home

too_many_requests = refuse(429, "TooManyRequests")
BURST = aws_calls.ATTEMPTS - 1
ALWAYS = None
ROWS = 330


@pytest.fixture
def file_id(store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A stored table of three chunks."""
    for module in (export_table, chunks):
        monkeypatch.setattr(module, "SLICE_ROWS", 16)
    monkeypatch.setattr(aws_calls, "seconds_to_wait", at_once)
    monkeypatch.setattr(task_repository, "FIRST_WAIT_SECONDS", 0.0)
    monkeypatch.setenv("REGATTA_CHUNK_ROWS", "100")
    settings.cache_clear()
    lines = [f"{n % 7 + n / 1000},{'red' if n % 3 else 'blue'},{n % 13}" for n in range(ROWS)]
    (tmp_path / "table.csv").write_text("\n".join(["x,colour,y", *lines]))
    return ingest(home(), "table.csv", tmp_path / "table.csv").file_id


def at_once(*arguments: Any, **options: Any) -> float | None:
    """Return 0 in place of the seconds for which a client waits, by which it decides whether to repeat a request."""
    return None if seconds_to_wait(*arguments, **options) is None else 0.0


def slow_down_or_too_many(exchange: Exchange) -> None:
    """Refuse reads as S3 does, and writes as others do."""
    (too_many_requests if exchange.request.is_write else slow_down)(exchange)


def train(file_id: str) -> str:
    return submit("train", model_type="ridge", target_column="y", file_id=file_id, model_name="m")


def do_next(job_id: str) -> Job:
    return run_next_task(home(), job_id, DIVIDED, seconds=60, stopping=lambda: False)


def exports(store: ObjectStore) -> list[bytes]:
    return [store.get(item.key) for item in store.list("exports/")]


def versions() -> list[int]:
    return [version.version for version, _ in home().models.page(9).models]


def each_request_for(times: int) -> Callable[[Request], bool]:
    """Return whether a request is one of the first so many that are alike."""
    seen: Counter[tuple[str, str]] = Counter()

    def matches(request: Request) -> bool:
        seen[request.method, request.target] += 1
        return seen[request.method, request.target] <= times

    return matches


def test_bursts_cost_repetitions_and_nothing_else(file_id: str, store: ObjectStore, proxy: FaultProxy) -> None:
    rule = proxy.plan_for(slow_down_or_too_many, each_request_for(BURST), times=ALWAYS)
    assert carry_out(train(file_id)).status == "succeeded"
    assert versions() == [1]
    job_id = submit("export", model_name="m", version=1, file_id=file_id)
    assert carry_out(job_id).is_divided
    for _ in range(3):
        do_next(job_id)
    job = carry_out(job_id)
    assert (job.status, job.attempts) == ("succeeded", 1)
    assert rule.met > 100
    proxy.clear()
    export_table.export_table(home(), ExportTableCommand(model_name="m", file_id=file_id), ignore_progress)
    divided, whole = exports(store)
    assert divided == whole


def test_chunks_of_a_bucket_that_refuses_for_long_wait_and_offer_nothing(
    file_id: str, store: ObjectStore, proxy: FaultProxy
) -> None:
    carry_out(train(file_id))
    job_id = submit("export", model_name="m", version=1, file_id=file_id)
    carry_out(job_id)
    do_next(job_id)
    proxy.plan(slow_down, key="/output/", times=ALWAYS)
    for _ in range(MOST_ATTEMPTS + 1):
        with pytest.raises(UnavailableError):
            do_next(job_id)
    assert (read_job(job_id).stage, exports(store)) == ("1 of 3 tasks", [])
    proxy.clear()
    do_next(job_id)
    do_next(job_id)
    proxy.plan(slow_down, key="exports/", times=ALWAYS)
    with pytest.raises(UnavailableError):
        carry_out(job_id)
    assert read_job(job_id).status == "queued"
    proxy.clear()
    assert exports(store) == []
    assert carry_out(job_id).status == "succeeded"
    (made,) = exports(store)
    assert len(made.splitlines()) == ROWS + 1


@pytest.mark.parametrize("key", [r"/table\.parquet$", r"/models/.*/manifest\.json$"])
def test_a_training_of_a_bucket_that_refuses_for_long_waits_and_stores_no_version(
    file_id: str, store: ObjectStore, proxy: FaultProxy, key: str
) -> None:
    job_id = train(file_id)
    proxy.plan(slow_down, key=key, times=ALWAYS)
    with pytest.raises(UnavailableError):
        carry_out(job_id)
    job = read_job(job_id)
    assert (job.status, job.attempts, job.result) == ("queued", 0, None)
    proxy.clear()
    assert versions() == []
    assert carry_out(job_id).status == "succeeded"
    assert len(versions()) == 1
