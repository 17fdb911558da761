"""Divided jobs in the real state machine, with the real function, in an emulator: each task counts once."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import pyarrow as pa
from pyarrow import parquet

from core.errors import ConflictError
from core.jobs import service as jobs
from core.jobs.commands import COMMANDS, ExportTableCommand, TrainCommand
from core.progress import ignore_progress
from core.services.prediction.parts import part_key
from core.services.processing.ingest import ingest
from core.services.table_prediction.export_table import export_table
from core.services.training.train import train_model
from core.types import Json
from tests.state_machine.conftest import CHUNK_ROWS, Machine
from tests.support.jobs import carry_out, read_job, submit
from tests.support.storage import WORKSPACE, home
from tests.support.tasks_function import exists, kill_key, release_key, whole
from tests.support.waiting import wait_for

ROWS = 700_000


def begin(**fields: object) -> str:
    """Submit a job, let a worker divide it and start its execution, and return its id."""
    job_id = submit("lines", **fields)
    assert carry_out(job_id).is_divided
    return job_id


def release(job_id: str) -> None:
    """Let the waiting task of a job go on."""
    home().objects.put(release_key(home(), job_id), b"")


def rows(numbers: range) -> str:
    """Return a CSV of these rows."""
    return "row,x\n" + "".join(f"{n},{n % 1000}\n" for n in numbers)


def store_rows(folder: Path, count: int) -> str:
    """Train a ridge on a small table, store one of many rows, and return the file_id of that."""
    small, large = folder / "small.csv", folder / "large.csv"
    small.write_text("x,y\n" + "".join(f"{n},{3 * n + n % 5}\n" for n in range(40)))
    large.write_text(rows(range(count)))
    trained_on = ingest(home(), small.name, small).file_id
    train_model(home(), TrainCommand(model_type="ridge", target_column="y", file_id=trained_on, model_name="m"))
    return ingest(home(), large.name, large).file_id


def exported(result: Json) -> bytes:
    """Return the file of an export by its link."""
    return httpx.get(result["url"], timeout=60).content


def one_machine(tasks: int) -> object:
    """Return what one machine makes of so many tasks."""
    return whole(home(), COMMANDS["lines"](tasks=tasks), lambda *_: None, "")


def test_many_rows_with_a_killed_and_a_doubled_chunk_are_the_bytes_of_one_machine(
    machine: Machine, tmp_path: Path
) -> None:
    file_id = store_rows(tmp_path, ROWS)
    alone = exported(export_table(home(), ExportTableCommand(model_name="m", file_id=file_id), ignore_progress))
    job_id = submit("export", model_name="m", file_id=file_id)
    killed = kill_key(home(), job_id, 7)
    home().objects.put(killed, b"")
    assert carry_out(job_id).is_divided
    chunks = home().tasks.division(job_id).tasks
    assert chunks >= 20
    doubled = {"workspace": WORKSPACE, "job_id": job_id, "tasks": [0, 1, chunks - 1]}
    with ThreadPoolExecutor(1) as another:
        answer = another.submit(machine.invoke, doubled)
        assert machine.wait(job_id) == "SUCCEEDED"
    assert answer.result()["outcome"] in ("done", "again")
    assert not exists(home(), killed), "no chunk was killed"
    divided = exported(carry_out(job_id).result)
    assert divided == alone
    assert divided.count(b"\n") == ROWS + 1


def test_a_large_object_of_a_prefix_is_the_bytes_of_one_machine(machine: Machine, tmp_path: Path) -> None:
    count = 4 * CHUNK_ROWS
    command = ExportTableCommand(model_name="m", file_id=store_rows(tmp_path, count))
    alone = exported(export_table(home(), command, ignore_progress))
    for name, numbers in (("1.csv", range(100)), ("2.csv", range(100, count))):
        home().objects.put(part_key(home(), f"run/{name}"), rows(numbers).encode())
    job_id = submit("export", model_name="m", prefix="run/")
    assert carry_out(job_id).is_divided
    assert home().tasks.division(job_id).tasks > 4
    assert machine.wait(job_id) == "SUCCEEDED"
    assert exported(carry_out(job_id).result) == alone


def test_the_columns_of_objects_whose_types_differ_are_cast_in_a_second_execution(
    machine: Machine, tmp_path: Path
) -> None:
    store_rows(tmp_path, 40)
    for name, x in (("1.csv", "5"), ("2.csv", "5.5")):
        home().objects.put(part_key(home(), f"mixed/{name}"), f"row,x\n1,{x}\n".encode())
    job_id = submit("export", model_name="m", prefix="mixed/", format="parquet")
    for step in (job_id, f"{job_id}-last"):
        assert carry_out(job_id).is_divided
        assert machine.wait(step) == "SUCCEEDED"
    manifest = json.loads(exported(carry_out(job_id).result))
    files = [parquet.read_table(pa.BufferReader(exported(part))) for part in manifest["parts"]]
    assert [file["x"].to_pylist() for file in files] == [[5.0], [5.5]]
    assert files[0].schema == files[1].schema
    assert machine.executions(job_id) == [f"{job_id}-1", f"{job_id}-last-1"]


def test_cancelling_stops_the_execution_and_a_retry_does_the_rest_in_another_one(machine: Machine) -> None:
    job_id = begin(tasks=3, waiting=1)
    wait_for(lambda: home().tasks.is_done(job_id, 0))
    assert jobs.cancel_job(home(), job_id).status == "cancelled"
    assert machine.status(job_id) == "ABORTED"
    jobs.retry_job(home(), job_id)
    home().objects.delete([home().tasks.output_key(job_id, 0, "begun")])
    assert carry_out(job_id).is_divided
    release(job_id)
    assert machine.wait(job_id, 2) == "SUCCEEDED"
    assert carry_out(job_id).result == one_machine(3)
    assert not exists(home(), home().tasks.output_key(job_id, 0, "begun")), "the first task was not done again"


def test_an_execution_that_died_is_started_again_when_the_lease_of_its_job_has_run_out(machine: Machine) -> None:
    job_id = begin(tasks=2, waiting=1)
    wait_for(lambda: home().tasks.is_done(job_id, 0))
    machine.client("stepfunctions").stop_execution(executionArn=machine.execution(job_id))

    def is_started_again() -> bool:
        # The task that waits goes on in its function, and may renew the lease at any moment.
        home().jobs.change(job_id, lambda job: {"leased_until": 0.0})
        jobs.offer_again(home(), job_id)
        with suppress(ConflictError):
            carry_out(job_id)
        return machine.executions(job_id) == [f"{job_id}-1", f"{job_id}-2"]

    wait_for(is_started_again)
    release(job_id)
    assert machine.wait(job_id, 2) == "SUCCEEDED"
    assert carry_out(job_id).result == one_machine(2)


def test_a_worker_that_begins_the_tasks_twice_starts_one_execution(machine: Machine) -> None:
    job_id = begin(tasks=2, waiting=1)
    wait_for(lambda: home().tasks.is_done(job_id, 0))
    home().state_machine.send_tasks(WORKSPACE, job_id, [1], 0.0)
    assert machine.executions(job_id) == [f"{job_id}-1"]
    jobs.cancel_job(home(), job_id)


def test_a_refusal_in_a_task_ends_the_job_with_it_and_is_no_failure_of_the_machine(machine: Machine) -> None:
    job_id = begin(tasks=3, refused=1)
    assert machine.wait(job_id) == "SUCCEEDED"
    assert read_job(job_id).error["type"] == "urn:regatta:problem:bad-target"
