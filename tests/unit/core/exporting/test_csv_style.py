"""CSV exports with the delimiter and the decimal mark of the caller: typed, processed and raw tables, predictions."""

import csv
import io
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from core.jobs.commands import ExportTableCommand
from core.progress import ignore_progress
from core.services.table_prediction.export_table import export_table
from core.storage.container import container
from core.storage.s3.object_store import ObjectStore
from tests.support.kept_objects import KeptObjects

HALVES = [(index / 8, f"a;{index % 3}", 3 * index / 8 + 1 / 3) for index in range(40)]
TABLE = "size,kind,price\n" + "".join(f"{size},{kind},{price!r}\n" for size, kind, price in HALVES)
EUROPEAN = {"delimiter": "semicolon", "decimal": "comma"}


@pytest.fixture
def model(handlers: httpx.Client, bucket: ObjectStore, kept_objects: KeptObjects) -> str:
    def train() -> Any:
        handlers.post("/data/upload", files={"file": ("halves.csv", TABLE)}).raise_for_status()
        command = {"model_type": "linear_regression", "target_column": "price"}
        return handlers.post("/model/train", json=command).raise_for_status().json()["model_name"]

    name: str = kept_objects.fill(bucket, train)
    return name


def _cells(answer: httpx.Response, delimiter: str) -> list[list[str]]:
    assert answer.status_code == 200, answer.text
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=delimiter))


def _numbers(cells: list[list[str]], column: str) -> list[float]:
    position = cells[0].index(column)
    assert not any("." in row[position] for row in cells[1:])
    return [float(row[position].replace(",", ".")) for row in cells[1:]]


@pytest.mark.parametrize("extra", [{}, {"raw": True}, {"processed": True}])
def test_a_table_for_european_excel_has_every_digit(handlers: httpx.Client, model: str, extra: dict[str, Any]) -> None:
    answer = handlers.get("/data/download", params={**EUROPEAN, **extra})
    assert answer.content.startswith(b"\xef\xbb\xbf")
    found = _cells(answer, ";")
    assert len(found) == len(HALVES) + 1
    assert _numbers(found, "size") == [size for size, _, _ in HALVES]
    if "processed" not in extra:
        assert _numbers(found, "price") == [price for _, _, price in HALVES]
        assert [row[1] for row in found[1:]] == [kind for _, kind, _ in HALVES]


@pytest.mark.parametrize("delimiter", ["tab", "\t", "|", "pipe"])
def test_a_delimiter_is_a_character_or_its_name(handlers: httpx.Client, model: str, delimiter: str) -> None:
    found = _cells(
        handlers.get("/data/download", params={"delimiter": delimiter}), "\t" if "t" in repr(delimiter) else "|"
    )
    assert found[0] == ["size", "kind", "price"]
    assert [float(row[2]) for row in found[1:]] == [price for _, _, price in HALVES]


@pytest.mark.parametrize("source", ["records", "file"])
def test_predictions_are_written_in_the_same_style(handlers: httpx.Client, model: str, source: str) -> None:
    file_id = handlers.get("/data/files").json()["current"]
    rows = [{"size": size, "kind": kind} for size, kind, _ in HALVES]
    request = {"model_name": model, **({"data": rows} if source == "records" else {"file_id": file_id})}
    plain = _cells(handlers.post("/predict/export", json=request), ",")
    european = handlers.post("/predict/export", json={**request, "decimal": "comma", "bom": False})
    assert european.content.startswith(b"size;kind;")
    position = plain[0].index("prediction")
    assert _numbers(_cells(european, ";"), "prediction") == [float(row[position]) for row in plain[1:]]


def test_a_job_writes_the_same_numbers(handlers: httpx.Client, model: str, bucket: ObjectStore) -> None:
    file_id = handlers.get("/data/files").json()["current"]
    command = ExportTableCommand(model_name=model, file_id=file_id, delimiter=";", decimal=",")
    made = export_table(container().workspace("default"), command, ignore_progress)
    name = urlsplit(made["url"]).path.partition("/exports/")[2]
    written = bucket.get(f"exports/{name}")
    found = list(csv.reader(io.StringIO(written.decode("utf-8-sig")), delimiter=";"))
    plain = _cells(handlers.post("/predict/export", json={"model_name": model, "file_id": file_id}), ",")
    assert _numbers(found, "prediction") == [float(row[-1]) for row in plain[1:]]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"decimal": "comma", "delimiter": "comma"}, "delimiter"),
        ({"format": "json", "decimal": "comma"}, "decimal"),
        ({"format": "excel", "delimiter": ";"}, "delimiter"),
        ({"delimiter": "x"}, "delimiter"),
        ({"decimal": "'"}, "decimal"),
    ],
)
def test_a_style_that_no_reader_could_read_is_refused(
    handlers: httpx.Client, model: str, wrong: dict[str, str], field: str
) -> None:
    for answer in (
        handlers.get("/data/download", params=wrong),
        handlers.post("/predict/export", json={"model_name": model, "data": [{"size": 1, "kind": "a;0"}], **wrong}),
    ):
        assert answer.status_code == 422
        assert {error["field"].partition(".")[0] for error in answer.json()["errors"]} == {field}
