"""A large stored table is predicted in chunks, which give the bytes that one machine gives, or one clear end."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from core.jobs import service as jobs
from core.jobs.commands import ExportTableCommand, PredictTableCommand, TrainCommand, parse_command
from core.jobs.divided import run_next_task
from core.progress import ignore_progress
from core.services.handlers import DIVIDED
from core.services.processing.ingest import ingest
from core.services.table_prediction import chunks, divided, export_table, predict_table
from core.services.training.train import train_model
from core.settings import settings
from core.storage.dataset_repository import TABLE
from core.storage.job_repository import Job
from core.storage.s3.object_store import ObjectStore
from core.stored_document import DamagedDocumentError
from core.tables import row_groups
from tests.support.jobs import carry_out, read_job, submit
from tests.support.kept_objects import KeptObjects
from tests.support.process_state import connect_container, forget_singletons
from tests.support.storage import home, stored_at

ROWS = 401
COLOURS = ("red", "=green", 'bl"ue')


def lines(rows: int, date: str, odd: int = ROWS) -> str:
    """Rows with texts and a date, of which `date` says how it is written; every `odd` rows a gap and a new text."""
    written = [
        f"{n % 7 + n / 1000 if n % odd != 1 else ''},{COLOURS[n % 3] if n % odd != 2 else f'new {n}'},"
        f"{date.format(day=n % 12 + 1, month=n % 9 + 1, late=n % 28 + 1)},{n % 13}"
        for n in range(rows)
    ]
    return "\n".join(["x,colour,day,y", *written])


@pytest.fixture
def file_id(bucket: ObjectStore, kept_objects: KeptObjects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A stored table with a model of its columns. Of a slice's rows there are few, so chunks begin at many places."""
    monkeypatch.setattr(row_groups, "MOST_CHUNKS_OF_GROUP", ROWS)
    for module in (export_table, predict_table, chunks):
        monkeypatch.setattr(module, "SLICE_ROWS", 16)

    def make() -> str:
        (tmp_path / "small.csv").write_text(lines(120, "{late:02}/{month:02}/2021"))
        small = ingest(home(), "small.csv", tmp_path / "small.csv").file_id
        train_model(home(), TrainCommand(model_type="ridge", target_column="y", file_id=small, model_name="m"))
        (tmp_path / "large.csv").write_text(lines(ROWS, "{late:02}/{month:02}/2021", odd=150))
        return ingest(home(), "large.csv", tmp_path / "large.csv").file_id

    found: str = kept_objects.fill(bucket, make)
    return found


@pytest.fixture
def chunk_rows(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """A function that sets of how many rows a chunk is."""

    def set_rows(rows: int) -> None:
        monkeypatch.setenv("REGATTA_CHUNK_ROWS", str(rows))
        settings.cache_clear()

    set_rows(100)
    return set_rows


def exports(bucket: ObjectStore) -> dict[str, bytes]:
    return {item.key: bucket.get(item.key) for item in bucket.list("exports/")}


def begin(kind: str, **fields: Any) -> str:
    """Submit a job and let a worker divide it; return its id."""
    job_id = submit(kind, model_name="m", version=1, **fields)
    assert carry_out(job_id).is_divided
    return job_id


def do_next(job_id: str) -> Job:
    return run_next_task(home(), job_id, DIVIDED, seconds=60, stopping=lambda: False)


def finished(job_id: str) -> Job:
    """Carry out all tasks that are left, and finish the job."""
    while (
        read_job(job_id).is_divided and not read_job(job_id).is_over and home().tasks.missing(job_id, division(job_id))
    ):
        do_next(job_id)
    return carry_out(job_id)


def division(job_id: str) -> Any:
    return home().tasks.division(job_id)


def only(bucket: ObjectStore, before: dict[str, bytes]) -> bytes:
    (body,) = [body for key, body in exports(bucket).items() if key not in before]
    return body


@pytest.mark.usefixtures("chunk_rows")
@pytest.mark.parametrize(
    ("options", "rows"),
    [
        ({"format": "csv"}, 100),
        ({"format": "csv", "interval": 0.9, "decimal": ",", "delimiter": ";", "bom": True}, 64),
        ({"format": "json"}, 100),
        ({"format": "jsonl"}, 100),
        ({"format": "csv", "raw": True}, 16),
    ],
)
def test_the_parts_of_an_export_are_the_bytes_of_one_machine(
    file_id: str, bucket: ObjectStore, chunk_rows: Callable[[int], None], options: dict[str, Any], rows: int
) -> None:
    command = ExportTableCommand(model_name="m", version=1, file_id=file_id, **options)
    one = export_table.export_table(home(), command, ignore_progress)
    before = exports(bucket)
    chunk_rows(rows)
    job_id = begin("export", file_id=file_id, **options)
    assert division(job_id).tasks == pytest.approx(ROWS / rows, rel=0.4)
    assert division(job_id).task_seconds > 0
    result = finished(job_id).result
    assert only(bucket, before) == next(iter(before.values()))
    assert {**result, "url": "", "expires_at": ""} == {**one, "url": "", "expires_at": ""}


def test_parts_of_parquet_are_files_of_their_own_that_a_manifest_names_in_order(
    file_id: str, bucket: ObjectStore, chunk_rows: Callable[[int], None]
) -> None:
    command = ExportTableCommand(model_name="m", version=1, file_id=file_id, format="parquet", interval=0.9)
    one = export_table.export_table(home(), command, ignore_progress)
    assert (one["media_type"], one["filename"]) == ("application/vnd.apache.parquet", "m-v1.parquet")
    (expected,) = exports(bucket).values()
    chunk_rows(130)
    result = finished(begin("export", file_id=file_id, format="parquet", interval=0.9)).result
    assert result is not None
    assert (result["media_type"], result["filename"]) == ("application/json", "m-v1.manifest.json")
    manifest = json.loads(stored_at(bucket, result["url"]))
    assert (manifest["format"], manifest["rows"], len(manifest["parts"])) == ("parquet", ROWS, result["parts"])
    assert [part["filename"] for part in manifest["parts"]][:2] == ["m-v1-00000.parquet", "m-v1-00001.parquet"]
    bodies = [stored_at(bucket, part["url"]) for part in manifest["parts"]]
    assert [len(body) for body in bodies] == [part["size_bytes"] for part in manifest["parts"]]
    tables = [parquet.read_table(pa.BufferReader(body)) for body in bodies]
    assert [len(table) for table in tables] == [part["rows"] for part in manifest["parts"]]
    assert pa.concat_tables(tables, promote_options="default").to_pylist() == (
        parquet.read_table(pa.BufferReader(expected)).to_pylist()
    )


def test_few_chunks_read_one_large_row_group(
    file_id: str, chunk_rows: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_groups, "MOST_CHUNKS_OF_GROUP", 3)
    chunk_rows(16)
    assert division(begin("export", file_id=file_id)).facts["borders"] == [0, 144, ROWS]


def test_chunks_of_many_row_groups_are_the_bytes_of_one_machine(
    file_id: str, bucket: ObjectStore, chunk_rows: Callable[[int], None], tmp_path: Path
) -> None:
    (tmp_path / TABLE).write_bytes(bucket.get(home().datasets.key(file_id, TABLE)))
    parquet.write_table(parquet.read_table(tmp_path / TABLE), tmp_path / "groups.parquet", row_group_size=37)
    bucket.put_file(home().datasets.key(file_id, TABLE), tmp_path / "groups.parquet")
    export_table.export_table(home(), ExportTableCommand(model_name="m", file_id=file_id), ignore_progress)
    before = exports(bucket)
    job_id = begin("export", file_id=file_id)
    assert division(job_id).facts["borders"][:3] == [0, 111, 222]
    finished(job_id)
    assert only(bucket, before) == next(iter(before.values()))


@pytest.mark.parametrize("interval", [None, 0.8])
def test_a_predicted_file_and_its_warnings_are_those_of_one_machine(
    file_id: str, bucket: ObjectStore, chunk_rows: Callable[[int], None], interval: float | None
) -> None:
    command = PredictTableCommand(model_name="m", version=1, file_id=file_id, interval=interval)
    one = predict_table.predict_stored_table(home(), command, ignore_progress)
    before = exports(bucket)
    result = finished(begin("predict", file_id=file_id, interval=interval)).result
    assert only(bucket, before) == next(iter(before.values()))
    assert one["warnings"]
    assert {**result, "url": "", "expires_at": ""} == {**one, "url": "", "expires_at": ""}


def test_columns_that_are_read_again_are_read_once_for_all_chunks(
    file_id: str,
    bucket: ObjectStore,
    chunk_rows: Callable[[int], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "american.csv").write_text(lines(ROWS, "{day:02}/{month:02}/2021"))
    other = ingest(home(), "american.csv", tmp_path / "american.csv").file_id
    command = PredictTableCommand(model_name="m", version=1, file_id=other)
    predict_table.predict_stored_table(home(), command, ignore_progress)
    before = exports(bucket)
    job_id = begin("predict", file_id=other)
    assert "day" in division(job_id).facts["read_again"]
    monkeypatch.setattr(chunks, "read_again_on_disk", None)
    finished(job_id)
    assert only(bucket, before) == next(iter(before.values()))


def test_a_chunk_that_two_workers_have_at_once_counts_once(
    file_id: str, bucket: ObjectStore, chunk_rows: Callable[[int], None]
) -> None:
    job_id = begin("export", file_id=file_id)
    job, plan = read_job(job_id), division(job_id)
    command = parse_command(job.kind, job.order)

    def run(number: int) -> dict[str, Any]:
        return divided.DividedExport().run_task(home(), command, plan, number, ignore_progress, job_id)

    with ThreadPoolExecutor(2) as workers:
        first, second = workers.map(run, [2, 2])
    assert first == second
    result = finished(job_id).result
    (body,) = exports(bucket).values()
    assert len(body.splitlines()) == ROWS + 1
    assert result["size_bytes"] == len(body)


def test_after_a_kill_and_a_retry_only_the_missing_chunks_are_predicted(
    file_id: str,
    bucket: ObjectStore,
    chunk_rows: Callable[[int], None],
    monkeypatch: pytest.MonkeyPatch,
    advance_clock: Callable[..., None],
) -> None:
    job_id = begin("export", file_id=file_id)
    plan = division(job_id)
    do_next(job_id)
    written: list[range] = []
    write_rows = divided.write_rows

    def killed(*_: Any, **_also: Any) -> None:
        raise SystemExit

    monkeypatch.setattr(divided, "write_rows", killed)
    with pytest.raises(SystemExit):
        do_next(job_id)
    assert not exports(bucket)

    def noted(*arguments: Any, **ends: bool) -> None:
        written.append(arguments[4])
        write_rows(*arguments, **ends)

    monkeypatch.setattr(divided, "write_rows", noted)
    advance_clock()
    jobs.offer_again(home(), job_id)
    carry_out(job_id)
    finished(job_id)
    assert sorted(row for rows in written for row in rows) == [*range(plan.facts["borders"][1], ROWS)]
    assert len(exports(bucket)) == 1


def test_a_cancelled_job_predicts_nothing_more_and_offers_nothing(
    file_id: str, bucket: ObjectStore, chunk_rows: Callable[[int], None]
) -> None:
    job_id = begin("predict", file_id=file_id)
    do_next(job_id)
    assert read_job(job_id).stage == f"1 of {division(job_id).tasks} tasks"
    jobs.cancel_job(home(), job_id)
    assert do_next(job_id).status == "cancelled"
    assert len(home().tasks.missing(job_id, division(job_id))) == division(job_id).tasks - 1
    assert not exports(bucket)


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_a_job_that_is_cancelled_while_its_parts_are_put_together_offers_nothing(
    file_id: str,
    bucket: ObjectStore,
    chunk_rows: Callable[[int], None],
    monkeypatch: pytest.MonkeyPatch,
    format: str,
) -> None:
    job_id = begin("export", file_id=file_id, format=format)
    while home().tasks.missing(job_id, division(job_id)):
        do_next(job_id)
    outputs = home().tasks.outputs

    def cancel_and_read(*arguments: Any, **options: Any) -> Any:
        jobs.cancel_job(home(), job_id)
        return outputs(*arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(home().tasks, "outputs", cancel_and_read)
        job = carry_out(job_id)
    assert (job.status, job.result) == ("cancelled", None)
    assert not any(body.startswith((b"x,", b"{")) for body in exports(bucket).values())
    jobs.retry_job(home(), job_id)
    assert carry_out(job_id).status == "succeeded"


def test_a_newer_version_changes_nothing_and_a_deleted_one_ends_the_job(
    file_id: str, bucket: ObjectStore, chunk_rows: Callable[[int], None]
) -> None:
    command = ExportTableCommand(model_name="m", version=1, file_id=file_id)
    export_table.export_table(home(), command, ignore_progress)
    before = exports(bucket)
    going_on, ending = begin("export", file_id=file_id), begin("export", file_id=file_id)
    do_next(going_on)
    train_model(home(), TrainCommand(model_type="knn", target_column="y", file_id=file_id, model_name="m"))
    finished(going_on)
    assert only(bucket, before) == next(iter(before.values()))
    before = exports(bucket)
    do_next(ending)
    home().models.delete("m", 1)
    assert do_next(ending).error["type"] == "urn:regatta:problem:no-such-model"
    assert exports(bucket) == before


def test_a_model_that_another_one_has_replaced_ends_the_job(
    file_id: str, bucket: ObjectStore, chunk_rows: Callable[[int], None]
) -> None:
    job_id = begin("export", file_id=file_id)
    do_next(job_id)
    home().models.delete("m")
    bucket.delete([item.key for item in bucket.list(f"{home().name}/models/m/")])
    forget_singletons()
    connect_container(bucket)
    train_model(home(), TrainCommand(model_type="knn", target_column="y", file_id=file_id, model_name="m"))
    error = do_next(job_id).error
    assert error["type"] == "urn:regatta:problem:no-such-model"
    assert "another model has its name now" in error["detail"]
    assert not exports(bucket)


@pytest.mark.parametrize("place", ["rows", "footer"])
def test_a_damaged_table_ends_the_job_by_name(
    file_id: str, bucket: ObjectStore, chunk_rows: Callable[[int], None], place: str
) -> None:
    key = home().datasets.key(file_id, TABLE)
    body = bytearray(bucket.get(key))
    middle = slice(50, 1500) if place == "rows" else slice(-400, -8)
    job_id = begin("export", file_id=file_id)
    body[middle] = bytes(len(body[middle]))
    bucket.put(key, bytes(body))
    error = do_next(job_id).error
    assert error["type"] == "urn:regatta:problem:not-a-csv"
    assert "damaged" in error["detail"]
    assert not exports(bucket)


def test_a_division_that_somebody_else_stored_is_not_believed(
    file_id: str, bucket: ObjectStore, chunk_rows: Callable[[int], None]
) -> None:
    job_id = begin("export", file_id=file_id)
    key = f"{home().tasks.folder(job_id)}division.json"
    document = json.loads(bucket.get(key))
    document["facts"]["borders"][1] += 16
    bucket.put(key, json.dumps(document).encode())
    with pytest.raises(DamagedDocumentError, match="was not stored by this service"):
        do_next(job_id)


def test_a_small_table_and_a_workbook_are_not_divided(
    file_id: str, bucket: ObjectStore, chunk_rows: Callable[[int], None]
) -> None:
    assert carry_out(submit("export", model_name="m", file_id=file_id, format="excel")).status == "succeeded"
    chunk_rows(ROWS)
    assert carry_out(submit("export", model_name="m", file_id=file_id)).status == "succeeded"
    chunk_rows(0)
    assert carry_out(submit("predict", model_name="m", file_id=file_id)).status == "succeeded"
