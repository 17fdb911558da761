"""A worker is killed, or loses its storage, while it learns in parts: the next one trains the same model."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from core.errors import UnavailableError
from core.services.training.unpickle import load_pipeline
from core.settings import settings
from core.storage.s3.object_store import ObjectStore
from tests.faults.conftest import variables
from tests.support.fault_proxy import FaultProxy
from tests.support.faults import Exchange, Request, internal_error
from tests.support.jobs import carry_out, read_job, submit
from tests.support.killed_process import LEARN, KilledProcess
from tests.support.past_memory import FEW, ROWS_LEARNED, command, little_memory, memory_for, store_table, table, train
from tests.support.process_state import connect_container
from tests.support.storage import home

# Half of the work is the folds. Of the rest LightGBM reads all parts in three tenths, and linear models in all of it.
READS = (0.55, 0.6)
MEMORY = "REGATTA_TRAINING_MEMORY_BYTES"


class Learning:
    """A job that is to learn from a table past memory in parts, and the model that nothing disturbed."""

    def __init__(self, objects: ObjectStore, folder: Path, monkeypatch: pytest.MonkeyPatch, model_type: str) -> None:
        self.objects = objects
        self.memory = str(memory_for(store_table(folder, table()), model_type))
        monkeypatch.setenv(MEMORY, self.memory)
        settings.cache_clear()
        train(model_type)
        self.undisturbed = self.model(1)
        self.job_id = submit("train", **command(model_type).model_dump())
        self.before = self.stored()

    def stored(self) -> list[str]:
        """Return the keys of all models and datasets."""
        return [item.key for kind in ("models", "datasets") for item in self.objects.list(f"default/{kind}/")]

    def model(self, version: int) -> Any:
        """Return all that was learned, with every digit, and the metrics."""
        manifest = home().models.manifest("m", version)
        assert (manifest.dataset.in_parts, manifest.dataset.rows_train) == (True, ROWS_LEARNED)
        fitted = load_pipeline(home(), "m", version)["estimate"]
        learned = (
            fitted.booster_.model_to_string()
            if hasattr(fitted, "booster_")
            else (fitted.coef_.tolist(), fitted.intercept_)
        )
        return learned, manifest.metrics, manifest.cross_validation.scores

    def check_nothing_is_stored(self) -> None:
        """Check that no file of a model is there that was not there before."""
        assert self.stored() == self.before

    def check_the_next_worker_trains_the_same(self) -> None:
        """Let the next worker carry out the job, and compare its model with the undisturbed one."""
        carry_out(self.job_id)
        assert read_job(self.job_id).status == "succeeded"
        assert self.model(2) == self.undisturbed
        assert [one.version for one, _ in home().models.page(10).models] == [1, 2]


@pytest.fixture(params=list(FEW))
def learning(
    store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Any:
    with little_memory():
        yield Learning(store, tmp_path, monkeypatch, request.param)


def reads_parts(request: Request) -> bool:
    """Return whether a request stores the progress of a job that reads the parts of the table."""
    if request.method != "PUT" or "/jobs/" not in request.keys[0] or not request.body.startswith(b"{"):
        return False
    job = json.loads(request.body)
    return job["stage"] == "training" and READS[0] < job["progress"] < READS[1]


def test_a_worker_that_is_killed_in_the_pass_leaves_nothing_and_the_next_one_trains_the_same_model(
    learning: Learning, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = KilledProcess(LEARN, {**variables(proxy.url), MEMORY: learning.memory}, {"job": learning.job_id})

    def kill(exchange: Exchange) -> None:
        process.kill()
        exchange.cut(True)

    rule = proxy.plan_for(kill, reads_parts)
    assert (process.run(), rule.met) == (-9, 1)
    # The table is in the folder of the process, which whoever started it deletes.
    assert process.left == ["table.parquet"]
    proxy.clear()
    connect_container(learning.objects)
    learning.check_nothing_is_stored()
    clock = time.time
    # The lease of the killed worker is over.
    monkeypatch.setattr("core.storage.leases.time.time", lambda: clock() + settings().job_lease_seconds + 1)
    learning.check_the_next_worker_trains_the_same()


def test_a_storage_that_is_gone_when_the_pass_begins_leaves_the_job_to_the_next_worker(
    learning: Learning, proxy: FaultProxy
) -> None:
    # First the rows are read that have room.
    rule = proxy.plan(internal_error, method="GET", key=r"table\.parquet$", nth=2, times=None)
    with pytest.raises(UnavailableError):
        carry_out(learning.job_id)
    assert rule.met
    proxy.clear()
    assert read_job(learning.job_id).status == "queued"
    learning.check_nothing_is_stored()
    learning.check_the_next_worker_trains_the_same()
