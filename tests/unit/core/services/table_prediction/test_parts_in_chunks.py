"""A large object of a prefix is predicted in chunks, which give what one task gives for all of it, or its one error."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as draws
from hypothesis import strategies as st
from pyarrow import parquet

from core.errors import RegattaError
from core.jobs import service as jobs
from core.jobs.commands import COMMANDS, ExportTableCommand, TrainCommand
from core.jobs.divided import run_next_task, run_task
from core.jobs.division import TaskTakenError
from core.progress import StoppedError, ignore_progress
from core.services.handlers import DIVIDED
from core.services.prediction.parts import part_key
from core.services.processing.ingest import ingest
from core.services.table_prediction import export_table, part_tables, parts, predict_table
from core.services.training.train import train_model
from core.settings import settings
from core.storage.s3.object_store import ObjectStore
from core.stored_document import new_file_id
from core.tables import row_groups
from core.types import Json
from tests.support.jobs import carry_out, read_job, submit
from tests.support.kept_objects import KeptObjects
from tests.support.storage import home, stored_at

COLOURS = ("red", "=green", 'bl"ue', "two\nlines", "红色,")
Made = tuple[bytes, list[str]]
Make = Callable[..., Made]


def rows(count: int) -> list[list[str]]:
    return [
        [f"{n % 7 + n / 1000}", COLOURS[n % 5], f"{n % 12 + 1:02}/{n % 28 + 1:02}/2021", f"{n}", f"{n % 13}"]
        for n in range(count)
    ]


def text(table: list[list[str]], end: str = "\n", delimiter: str = ",") -> str:
    cells = [["x", "colour", "day", "note", "y"], *table]
    return end.join(delimiter.join('"' + cell.replace('"', '""') + '"' for cell in row) for row in cells)


@pytest.fixture
def model(bucket: ObjectStore, kept_objects: KeptObjects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model of such rows. A slice has few of them, so chunks begin at many places."""
    monkeypatch.setattr(row_groups, "MOST_CHUNKS_OF_GROUP", 100)
    for module in (export_table, predict_table, part_tables):
        monkeypatch.setattr(module, "SLICE_ROWS", 4)

    def make() -> None:
        (tmp_path / "small.csv").write_text(text(rows(120)))
        small = ingest(home(), "small.csv", tmp_path / "small.csv").file_id
        train_model(home(), TrainCommand(model_type="ridge", target_column="y", file_id=small, model_name="m"))

    kept_objects.fill(bucket, make)


@pytest.fixture
def chunk_rows(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """A function that sets of how many rows a chunk is; with 0 every object is one task."""

    def set_rows(count: int) -> None:
        monkeypatch.setenv("REGATTA_CHUNK_ROWS", str(count))
        settings.cache_clear()

    return set_rows


@pytest.fixture
def predict(model: None, chunk_rows: Callable[[int], None], bucket: ObjectStore) -> Callable[..., Json]:
    """A function that predicts objects in chunks of so many rows, and returns the result of the job.

    An `earlier` version divided exports without tasks that cast columns.
    """

    def predict(
        objects: dict[str, bytes], count: int, kind: str = "export", *, earlier: bool = False, **options: Any
    ) -> Json:
        bucket.delete([item.key for prefix in ("exports/", part_key(home(), "")) for item in bucket.list(prefix)])
        for name, body in objects.items():
            bucket.put(part_key(home(), name), body)
        chunk_rows(count)
        command = COMMANDS[kind](model_name="m", version=1, prefix="run/", **options)
        how, job_id = DIVIDED[type(command)], new_file_id()
        division = how.divide(home(), command, ignore_progress, job_id)
        assert (division.first > len(objects)) == (count > 0)
        if earlier:
            division = division.model_copy(update={"tasks": division.first, "last": 0})
        outputs: list[Json] = []
        for number in range(division.tasks):
            if number == division.first and not how.needs_last(command, division, outputs):
                break
            outputs.append(how.run_task(home(), command, division, number, ignore_progress, job_id))
            home().tasks.mark_done(job_id, number, outputs[-1])
        return how.finish(home(), command, division, outputs, ignore_progress, job_id)

    return predict


@pytest.fixture
def make(predict: Callable[..., Json], bucket: ObjectStore) -> Make:
    """A function that does the same, and returns the file and the warnings."""

    def make(*arguments: Any, **options: Any) -> Made:
        result = predict(*arguments, **options)
        (made,) = bucket.list("exports/")
        return bucket.get(made.key), result["warnings"]

    return make


def outcome(make: Make, *arguments: Any, **options: Any) -> Any:
    """Return what is made, or the error of it."""
    try:
        return make(*arguments, **options)
    except RegattaError as error:
        return type(error), error.detail, error.errors


def as_parquet(count: int, group_rows: int) -> bytes:
    """The same rows with the types that a CSV has none of."""
    x, colour, day, note, y = zip(*rows(count), strict=True)
    days = pc.strptime(pa.array(day), format="%m/%d/%Y", unit="ms")
    numbers = {"note": pa.array(map(int, note)), "y": pa.array(map(int, y))}
    table = pa.table({"x": pa.array(map(float, x)), "colour": pa.array(colour), "day": days, **numbers})
    file = io.BytesIO()
    parquet.write_table(table, file, row_group_size=group_rows)
    return file.getvalue()


@given(
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    delimiter=st.sampled_from([",", ";", "\t"]),
    odd=st.lists(
        st.tuples(
            st.integers(0, 39),
            st.integers(0, 4),
            st.sampled_from(["", "n/a", "1,5", "1.234,5", "0x1", "31/12/2021", "a\r\nb", '"', "-", "007", "1e3"]),
        ),
        max_size=4,
    ),
    more=st.sampled_from(["", "too,short", "\n\n", "1,2,3,4,5,6,7"]),
    count=st.integers(9, 20),
)
@example("utf-8", "\n", ",", [(39, 3, "late text")], "", 13)
@example("utf-8", "\n", ",", [(39, 0, "no number")], "", 13)
@example("utf-8", "\n", ";", [(n, 0, f"{n},5") for n in range(40)], "", 13)
@example("utf-8", "\n", ",", [(39, 2, "25/12/2021")], "", 13)
@draws(
    max_examples=12,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_the_chunks_of_an_odd_object_are_read_as_all_of_it_is(
    make: Make,
    encoding: str,
    end: str,
    delimiter: str,
    odd: list[tuple[int, int, str]],
    more: str,
    count: int,
) -> None:
    table = rows(40)
    for row, column, cell in odd:
        table[row][column] = cell
    body = f"{text(table, end, delimiter)}{end}{more}".encode(encoding)
    assert outcome(make, {"run/1.csv": body}, count) == outcome(make, {"run/1.csv": body}, 0)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("export", {"format": "csv", "decimal": ",", "bom": True}),
        ("export", {"format": "json", "interval": 0.9}),
        ("export", {"format": "jsonl"}),
        ("predict", {"interval": 0.9}),
    ],
)
def test_large_and_small_objects_are_one_file_in_order(make: Make, kind: str, options: dict[str, Any]) -> None:
    late = rows(50)
    late[40][1] = "unseen"
    objects = {
        "run/part-1.csv": text(rows(30)).encode(),
        "run/part-10.parquet": as_parquet(30, 7),
        "run/part-2.csv": text(rows(3)).encode(),
        "run/part-3.csv": text(late, "\r\n").encode("utf-16"),
    }
    body, warnings = make(objects, 0, kind, **options)
    assert make(objects, 16, kind, **options) == (body, warnings)
    assert kind == "export" or any("unseen" in warning for warning in warnings)


def test_a_chunk_without_rows_adds_nothing(make: Make) -> None:
    # By the bytes of a row of the first object, the second one would have more rows than it has.
    long = [[*row[:3], "7" * 900, "1"] for row in rows(3)]
    objects = {"run/1.csv": text(rows(40)).encode(), "run/2.csv": text(long).encode()}
    for kind, options in (("export", {"format": "json"}), ("predict", {})):
        assert make(objects, 5, kind, **options) == make(objects, 0, kind, **options)


def test_strict_names_the_row_of_the_object_and_not_of_the_chunk(make: Make) -> None:
    table = rows(40)
    table[33][1] = "unseen"
    (kind, detail, errors) = outcome(make, {"run/1.csv": text(table).encode()}, 5, strict=True)
    assert detail.startswith("run/1.csv: ")
    assert errors[0]["row"] == 35
    assert (kind, detail, errors) == outcome(make, {"run/1.csv": text(table).encode()}, 0, strict=True)


@pytest.mark.parametrize("count", [0, 20])
def test_the_parquet_files_of_objects_have_the_types_of_one_table(
    predict: Callable[..., Json], bucket: ObjectStore, tmp_path: Path, count: int
) -> None:
    table = rows(120)
    for row in table[:40]:
        row[0] = row[0].partition(".")[0]  # numbers that are whole in one object only
    for row in table[40:80]:
        row[1] = row[3] = ""  # a text and a whole number that one object has none of
    (tmp_path / "whole.csv").write_text(text(table))
    whole = ingest(home(), "whole.csv", tmp_path / "whole.csv").file_id
    command = ExportTableCommand(model_name="m", version=1, file_id=whole, format="parquet")
    one = export_table.export_table(home(), command, ignore_progress)
    expected = parquet.read_table(pa.BufferReader(stored_at(bucket, one["url"])))
    objects = {f"run/{n}.csv": text(table[40 * n : 40 * n + 40]).encode() for n in range(3)}

    def bodies(**options: bool) -> list[bytes]:
        result = predict(objects, count, format="parquet", **options)
        manifest = json.loads(stored_at(bucket, result["url"]))
        assert result["parts"] == len(manifest["parts"])
        assert manifest["rows"] == 120
        found = [stored_at(bucket, part["url"]) for part in manifest["parts"]]
        assert [part["size_bytes"] for part in manifest["parts"]] == list(map(len, found))
        return found

    files = bodies()
    tables = [parquet.read_table(pa.BufferReader(body)) for body in files]
    assert [one.schema for one in tables] == [expected.schema] * len(files)
    assert pa.concat_tables(tables).to_pylist() == expected.to_pylist()
    assert bodies() == files
    assert bodies(earlier=True) == files


def begin(bucket: ObjectStore) -> str:
    """Divide the export of two large objects; return the id of its job."""
    for name in ("run/1.csv", "run/2.csv"):
        bucket.put(part_key(home(), name), text(rows(40)).encode())
    job_id = submit("export", model_name="m", version=1, prefix="run/")
    assert carry_out(job_id).is_divided
    return job_id


def take(job_id: str, number: int) -> None:
    run_task(home(), job_id, number, DIVIDED, seconds=60)


@pytest.mark.usefixtures("model")
def test_a_chunk_waits_for_the_task_that_reads_its_object_and_that_is_no_attempt(
    bucket: ObjectStore, chunk_rows: Callable[[int], None]
) -> None:
    chunk_rows(10)
    job_id = begin(bucket)
    last = home().tasks.division(job_id).tasks - 1
    for _ in range(5):
        with pytest.raises(TaskTakenError, match=r"run/2\.csv is being read"):
            take(job_id, last)
    take(job_id, 1)
    take(job_id, last)
    assert home().tasks.missing(job_id, home().tasks.division(job_id)) == [0, *range(2, last)]


@pytest.mark.usefixtures("model")
def test_a_large_object_is_read_once_and_may_then_be_deleted(
    bucket: ObjectStore, chunk_rows: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    chunk_rows(10)
    job_id = begin(bucket)
    take(job_id, 1)
    bucket.delete([part_key(home(), name) for name in ("run/1.csv", "run/2.csv")])
    monkeypatch.setattr(parts, "open_part", None)
    while home().tasks.missing(job_id, home().tasks.division(job_id)):
        run_next_task(home(), job_id, DIVIDED, seconds=60, stopping=lambda: False)
    carry_out(job_id)
    (made,) = bucket.list("exports/")
    assert len(bucket.get(made.key).splitlines()) == 1 + 2 * 48  # eight rows have two lines each
    assert not list(bucket.list(f"{home().tasks.folder(job_id)}"))


@pytest.mark.usefixtures("model")
def test_a_job_that_is_cancelled_ends_while_an_object_is_read(
    bucket: ObjectStore, chunk_rows: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    chunk_rows(10)
    job_id = begin(bucket)
    division = home().tasks.division(job_id)
    jobs.cancel_job(home(), job_id)

    def stop(*_: Any) -> None:
        raise StoppedError("cancelled")

    command = ExportTableCommand(model_name="m", version=1, prefix="run/")
    with pytest.raises(StoppedError):
        DIVIDED[ExportTableCommand].run_task(home(), command, division, 1, stop, job_id)
    assert read_job(job_id).status == "cancelled"
    assert not list(bucket.list(f"{home().tasks.folder(job_id)}tables/000001"))
