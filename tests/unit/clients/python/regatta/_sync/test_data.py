"""Files by the service's own handlers, and by a script where a bucket would be needed."""

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

from core.storage.s3.object_store import ObjectStore
from regatta import Regatta, errors
from regatta._sync import data
from tests.support.client_service import ScriptedService, answer, problem, regatta
from tests.support.gateway import HandlerTransport

TABLE = b"a,day,y\n" + b"".join(b"%d,%02d/04/2022,%d\n" % (row % 7, row % 12 + 1, 2 * row) for row in range(40))
UPLOADED = {"file_id": "f", "filename": "data.csv", "rows": 1, "columns": 2}


@pytest.fixture
def client(bucket: ObjectStore) -> Iterator[Regatta]:
    """A client of the Lambda handlers."""
    with Regatta("http://handlers", transport=HandlerTransport()) as client:
        yield client


def test_files_are_listed_chosen_and_deleted(client: Regatta) -> None:
    with pytest.raises(errors.NoCurrentFile):
        client.data.get()
    first = client.data.upload(TABLE, filename="first.csv")
    second = client.data.upload(TABLE, filename="second.csv")
    listed = [(file.filename, file.current) for file in client.data.list()]
    assert listed == [("first.csv", False), ("second.csv", True)]
    assert client.data.switch(first.file_id).current
    assert client.data.get().filename == "first.csv"
    assert client.data.delete(second.file_id) == first.file_id
    with pytest.raises(errors.FileNotFound):
        client.data.get(second.file_id)


def test_a_file_is_described(client: Regatta, tmp_path: Path) -> None:
    dataset = client.data.upload(TABLE)
    assert (dataset.rows, dataset.columns, dataset.column_types["a"]) == (40, 3, "integer")
    assert client.data.status(dataset.file_id).dataset().rows == 40
    assert client.data.preview(2).rows[1][0] == 1
    assert client.data.profile().columns["y"]["max"] == 78
    assert client.data.report().startswith("<!doctype html>")
    assert client.data.outliers("zscore", 2.5).threshold == 2.5
    assert client.data.process("y", handle_missing="mean", leave_out=["day"]).recipe["leave_out"] == ["day"]
    table = client.data.download(tmp_path / "table.csv")
    assert pd.read_csv(table)["a"].tolist() == [row % 7 for row in range(40)]
    assert client.data.download(tmp_path / "source", source=True).read_bytes() == TABLE
    european = client.data.download(tmp_path / "european.csv", delimiter="tab", decimal="comma", bom=False)
    assert not european.read_bytes().startswith(codecs.BOM_UTF8)
    assert pd.read_csv(european, sep="\t").columns.tolist() == ["a", "day", "y"]
    with pytest.raises(errors.InvalidInput, match="delimiter"):
        client.data.download(tmp_path / "table.json", format="json", delimiter="tab")


def test_how_a_file_is_read_can_be_said_then_and_later(client: Regatta) -> None:
    days_first = client.data.upload(TABLE, dates="dmy", types={"a": "category"}, missing=["7", "x y"])
    assert (days_first["formats"]["day"], days_first.column_types["a"]) == ("D/M/Y", "category")
    assert days_first["reading"]["missing"] == ["7", "x y"]
    months_first = client.data.upload(TABLE)
    again = client.data.read_again(months_first.file_id, dates="dmy")
    assert (again.parent, again["formats"]["day"]) == (months_first.file_id, "D/M/Y")


def test_a_wrong_field_of_the_reading_is_named(client: Regatta) -> None:
    with pytest.raises(errors.InvalidInput, match="dates"):
        client.data.upload(TABLE, dates="german")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("call", "option", "near"), [("upload", "delimitter", "delimiter"), ("read_again", "type", "types")]
)
def test_an_option_that_does_not_exist_is_refused_before_anything_is_sent(call: str, option: str, near: str) -> None:
    service = ScriptedService()
    with pytest.raises(TypeError, match=rf"^{call}\(\) has no option '{option}'. Did you mean '{near}'\?$"):
        getattr(regatta(service).data, call)("table.csv", **{option: ";"})
    assert not service.calls


def test_the_reading_of_a_dataframe_and_that_of_the_caller_add_up(client: Regatta) -> None:
    frame = pd.DataFrame({"zip": ["007", "008"] * 20, "code": [1, 2] * 20, "y": range(40)})
    dataset = client.data.upload(frame, types={"code": "category"})
    assert dataset.column_types == {"zip": "category", "code": "category", "y": "integer"}
    assert dataset.filename == "dataframe.csv"


def announced(request: httpx.Request) -> httpx.Response:
    return answer({**UPLOADED, "status": "ready", "stage": "ready", "progress": 1.0}, 201)


@pytest.mark.parametrize("cause", ["size", "refusal"])
def test_a_large_file_is_announced(cause: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    service: Any = ScriptedService(announced)
    if cause == "size":
        monkeypatch.setattr(data, "ONE_REQUEST_BYTES", len(TABLE) - 1)
    else:
        service = ScriptedService(problem("too-large", 413), announced)
    assert regatta(service).data.upload(TABLE, dates="dmy").file_id == "f"
    assert [call for call in service.calls if call.startswith("POST")][-1] == "POST /data/uploads"


def test_a_small_file_is_one_request_with_its_progress() -> None:
    service, seen = ScriptedService(answer(UPLOADED)), []
    regatta(service).data.upload(TABLE, on_progress=lambda *progress: seen.append(progress))
    assert (service.calls, seen) == (["POST /data/upload"], [("uploading", 0.0), ("ready", 1.0)])
    assert "Idempotency-Key" in service.requests[0].headers
