"""Many objects below a prefix are predicted as one table, in the order of their names, or have one clear end."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from core.jobs import service as jobs
from core.jobs.commands import ExportTableCommand, PredictTableCommand, TrainCommand
from core.jobs.divided import run_next_task, run_task
from core.progress import ignore_progress
from core.services.handlers import DIVIDED
from core.services.prediction import parts as naming
from core.services.processing.ingest import ingest
from core.services.table_prediction.export_table import export_table
from core.services.table_prediction.predict_table import predict_stored_table
from core.services.training.train import train_model
from core.storage.job_repository import Job
from core.storage.s3.object_store import ObjectStore
from tests.support.jobs import carry_out, read_job, submit
from tests.support.kept_objects import KeptObjects
from tests.support.storage import home

HEADER = "x,colour,day,note,y"
COLOURS = ("red", "=green", 'bl"ue')
Put = Callable[[str, Any], None]


def row(n: int) -> list[Any]:
    return [n % 7 + n / 1000, COLOURS[n % 3], f"2021-{n % 9 + 1:02}-{n % 28 + 1:02}", f"note {n}", n % 13]


def csv(numbers: range, header: str = HEADER) -> str:
    lines = [",".join(f'"{cell}"'.replace('l"u', 'l""u') for cell in row(n)) for n in numbers]
    return "\n".join([header, *lines])


def arrow(numbers: range) -> bytes:
    """The same rows as Parquet, with the types that a CSV has none of."""
    columns = dict(zip(HEADER.split(","), map(list, zip(*map(row, numbers), strict=True)), strict=True))
    table = pa.table(columns)
    day = table.schema.get_field_index("day")
    table = table.set_column(day, "day", table.column("day").cast(pa.timestamp("ms")))
    file = io.BytesIO()
    parquet.write_table(table, file)
    return file.getvalue()


@pytest.fixture
def put(bucket: ObjectStore, kept_objects: KeptObjects, tmp_path: Path) -> Put:
    """A function that puts a part into the bucket; there is a model of such rows."""

    def make() -> None:
        (tmp_path / "small.csv").write_text(csv(range(120)))
        small = ingest(home(), "small.csv", tmp_path / "small.csv").file_id
        train_model(home(), TrainCommand(model_type="ridge", target_column="y", file_id=small, model_name="m"))

    kept_objects.fill(bucket, make)

    def store(name: str, content: str | bytes) -> None:
        body = content.encode() if isinstance(content, str) else content
        bucket.put(naming.part_key(home(), name), body)

    return store


def exports(bucket: ObjectStore) -> list[bytes]:
    return [bucket.get(item.key) for item in bucket.list("exports/")]


def begin(prefix: str = "run/part-", kind: str = "export", **fields: Any) -> str:
    """Submit a job and let a worker divide it; return its id."""
    job_id = submit(kind, model_name="m", version=1, prefix=prefix, **fields)
    carry_out(job_id)
    return job_id


def do_next(job_id: str) -> Job:
    return run_next_task(home(), job_id, DIVIDED, seconds=60, stopping=lambda: False)


def finished(job_id: str) -> Job:
    """Carry out all tasks that are left, and finish the job."""
    while (job := read_job(job_id)).is_divided and not job.is_over:
        division = home().tasks.division(job_id)
        if division is None or not home().tasks.missing(job_id, division):
            break
        do_next(job_id)
    return carry_out(job_id)


def refusal(job_id: str) -> dict[str, Any]:
    error = finished(job_id).error
    assert error is not None
    return error


@pytest.mark.parametrize(
    "options", [{"format": "csv"}, {"format": "csv", "decimal": ","}, {"format": "json"}, {"format": "jsonl"}]
)
def test_csv_and_parquet_parts_give_the_file_of_one_table(
    put: Put, bucket: ObjectStore, tmp_path: Path, options: dict[str, Any]
) -> None:
    (tmp_path / "whole.csv").write_text(csv(range(300)))
    whole = ingest(home(), "whole.csv", tmp_path / "whole.csv").file_id
    export_table(home(), ExportTableCommand(model_name="m", version=1, file_id=whole, **options), ignore_progress)
    (expected,) = exports(bucket)
    # The tenth comes before the second in the order of bytes.
    put("run/part-10.parquet", arrow(range(130, 131)))
    put("run/part-1.csv", csv(range(130)))
    put("run/part-2.csv", csv(range(131, 300)).encode("utf-16"))
    put("run/_SUCCESS", "")
    put("other/part-1.csv", "a,b\n1,2")
    result = finished(begin("run/", **options)).result
    assert result is not None
    assert exports(bucket) == [expected, expected]
    assert result["size_bytes"] == len(expected)
    assert result["filename"] == f"m-v1.{options['format']}"


@pytest.mark.parametrize("options", [{}, {"interval": 0.9}])
def test_parts_are_predicted_to_the_lists_of_one_table(
    put: Put, bucket: ObjectStore, tmp_path: Path, options: dict[str, Any]
) -> None:
    whole = csv(range(300)).replace("red", "new", 1)
    (tmp_path / "whole.csv").write_text(whole)
    command = PredictTableCommand(
        model_name="m", version=1, file_id=ingest(home(), "whole.csv", tmp_path / "whole.csv").file_id, **options
    )
    expected = predict_stored_table(home(), command, ignore_progress)
    (body,) = exports(bucket)
    lines = whole.splitlines()
    put("run/part-1.csv", "\n".join(lines[:131]))
    put("run/part-2.csv", "\n".join([HEADER, *lines[131:], "too,short"]))
    result = finished(begin(kind="predict", **options)).result
    assert result is not None
    warning, *others = result.pop("warnings")
    assert warning.startswith("run/part-2.csv: ")
    assert others == expected.pop("warnings")
    assert (result["count"], result["filename"]) == (expected["count"], expected["filename"])
    made = json.loads(next(one for one in exports(bucket) if one != body))
    assert made.pop("warnings") == [warning, *others]
    assert made == {name: value for name, value in json.loads(body).items() if name != "warnings"}


def test_a_strict_prediction_of_parts_names_the_part_and_its_row(put: Put) -> None:
    put("run/part-1.csv", csv(range(40)))
    put("run/part-2.csv", csv(range(40, 80)).replace("red", "pink", 1))
    error = refusal(begin(kind="predict", strict=True))
    assert error["detail"].startswith("run/part-2.csv: Correct 'colour'")
    assert error["errors"][0]["row"] == 4


def test_each_part_has_the_delimiter_that_is_found_in_it_and_its_warnings(put: Put, bucket: ObjectStore) -> None:
    put("run/part-1.csv", csv(range(40)))
    lines = csv(range(40, 80)).replace(",", ";").splitlines()
    put("run/part-2.csv", "\n".join([*lines, "too;short"]))
    result = finished(begin()).result
    assert result is not None
    assert [warning.startswith("run/part-2.csv: ") for warning in result["warnings"]] == [True]
    (made,) = exports(bucket)
    assert len(made.splitlines()) == 81


@pytest.mark.parametrize(
    ("second", "named"),
    [
        (csv(range(5), "x,colour,day,other,y"), "its column 4 is 'other', and that of run/part-1.csv is 'note'"),
        ("x,colour\n1,red\n2,red", "it has 2 columns, and run/part-1.csv has 5"),
        (csv(range(5)).replace("note ", ""), "its column 'note' is read as number, and in objects before as category"),
        (
            f"{csv(range(30))}\nabc,red,2021-01-01,note,1",
            "'x' is read as category because 1 of its values are neither",
        ),
        (
            f"{csv(range(30))}\nabc,red,2021-01-01,note,1",
            "'abc'; the first is in line 32, and in objects before as number",
        ),
    ],
)
def test_parts_of_other_columns_are_refused_by_name(put: Put, bucket: ObjectStore, second: str, named: str) -> None:
    put("run/part-1.csv", csv(range(40)))
    put("run/part-2.csv", second)
    error = refusal(begin())
    assert error["type"] == "urn:regatta:problem:invalid-input"
    assert error["detail"].startswith("run/part-2.csv: ")
    assert named in error["detail"]
    assert error["errors"][0]["field"] == "prefix"
    assert not exports(bucket)


def do_last(job_id: str) -> Job:
    """Carry out the last task, as a worker may before another one has looked whether it is needed."""
    return run_task(home(), job_id, home().tasks.division(job_id).tasks - 1, DIVIDED, seconds=60)


@pytest.mark.parametrize(("format", "end"), [("csv", carry_out), ("parquet", carry_out), ("parquet", do_last)])
def test_what_a_column_holds_is_compared_from_the_first_part_that_has_a_value(
    put: Put, bucket: ObjectStore, format: str, end: Callable[[str], Job]
) -> None:
    empty = "\n".join([HEADER, *(f'{n},red,2021-01-0{n},,"{n}"' for n in range(1, 9))])
    put("run/part-1.csv", empty)
    put("run/part-2.csv", csv(range(20)))
    put("run/part-3.csv", csv(range(20)).replace("note ", ""))
    job_id = begin(format=format)
    for _ in range(3):
        do_next(job_id)
    error = end(job_id).error
    assert error is not None
    assert "run/part-3.csv: " in error["detail"]
    assert "'note' is read as number" in error["detail"]
    assert not exports(bucket)


@pytest.mark.parametrize(
    ("name", "content", "slug"),
    [
        ("run/part-2.parquet", arrow(range(50))[:-30], "not-a-csv"),
        ("run/part-2.csv", arrow(range(50)), "not-a-csv"),
        ("run/part-2.csv", HEADER, "not-a-csv"),
        ("run/part-2.csv", "", "not-a-csv"),
    ],
)
def test_a_damaged_or_empty_part_ends_the_job_by_name(
    put: Put, bucket: ObjectStore, name: str, content: str | bytes, slug: str
) -> None:
    put("run/part-1.csv", csv(range(40)))
    put(name, content)
    error = refusal(begin())
    assert error["type"] in {f"urn:regatta:problem:{slug}", "urn:regatta:problem:unreadable-container"}
    assert error["detail"].startswith(f"{name}: ")
    assert not exports(bucket)


@pytest.mark.parametrize("what", ["changed", "deleted"])
def test_a_part_that_is_another_one_by_now_ends_the_job(put: Put, bucket: ObjectStore, what: str) -> None:
    put("run/part-1.csv", csv(range(40)))
    put("run/part-2.csv", csv(range(40, 80)))
    job_id = begin()
    do_next(job_id)
    if what == "changed":
        put("run/part-2.csv", csv(range(80, 120)))
    else:
        bucket.delete([naming.part_key(home(), "run/part-2.csv")])
    error = refusal(job_id)
    assert error["detail"].startswith(f"run/part-2.csv: It was {what} while it was predicted.")
    assert not exports(bucket)


def test_a_part_that_comes_later_does_not_count_and_a_retry_predicts_what_is_missing(
    put: Put, bucket: ObjectStore
) -> None:
    put("run/part-1.csv", csv(range(40)))
    put("run/part-2.csv", csv(range(40, 80)))
    job_id = begin(format="json")
    do_next(job_id)
    put("run/part-3.csv", csv(range(80, 120)))
    jobs.cancel_job(home(), job_id)
    assert not exports(bucket)
    jobs.retry_job(home(), job_id)
    carry_out(job_id)
    assert read_job(job_id).stage == "1 of 2 tasks"
    finished(job_id)
    (made,) = exports(bucket)
    assert [one["note"] for one in json.loads(made)] == [f"note {n}" for n in range(80)]


def test_strict_names_the_part_and_the_row(put: Put, bucket: ObjectStore) -> None:
    put("run/part-1.csv", csv(range(40)))
    put("run/part-2.csv", csv(range(40, 80)).replace("red", "violet"))
    error = refusal(begin(strict=True))
    assert error["detail"].startswith("run/part-2.csv: ")
    assert error["type"] == "urn:regatta:problem:invalid-records"
    assert not exports(bucket)


def test_a_part_without_a_column_of_the_model_is_refused(put: Put) -> None:
    put("run/part-1.csv", "x,colour\n1,red\n2,red")
    error = refusal(begin())
    assert error["type"] == "urn:regatta:problem:unknown-column"
    assert error["detail"].startswith("run/part-1.csv: ")


def test_a_prefix_of_nothing_and_one_of_other_files_are_refused(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    put("run/_SUCCESS", "")
    put("mixed/part-1.csv", csv(range(40)))
    put("mixed/readme.txt", "hello")
    nothing, other = refusal(begin("run/")), refusal(begin("mixed/"))
    assert f"no key begins with {home().name}/parts/run/" in nothing["detail"]
    assert "mixed/readme.txt ends in neither .csv nor .parquet" in other["detail"]
    monkeypatch.setattr(naming, "MOST_PARTS", 0)
    assert refusal(begin("mixed/part"))["status"] == 413
