"""A stored table taken along: over the handlers, in four formats, as it was understood and as its recipe leaves it."""

import csv
import io
import json
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
import pyarrow as pa
import pytest
from openpyxl import load_workbook
from pyarrow import parquet

from core.exporting import excel
from core.services.datasets.profiles import stored_target
from core.settings import settings
from core.storage.dataset_repository import TABLE
from core.storage.s3.object_store import ObjectStore
from core.tables import table_writers as tables
from core.tables.table import Table
from tests.support.storage import add_dataset, dataset_manifest, home
from tests.support.tables import typed, voyages

FILE_ID = "0198c0ffee0"
PARTS = [f"sailed_{part}" for part in ("year", "month", "day", "weekday", "hour")]


@pytest.fixture
def client(handlers: httpx.Client) -> httpx.Client:
    return handlers


def store(table: Table) -> None:
    manifest = dataset_manifest(FILE_ID, filename="航次.csv", columns=table.columns, rows=table.rows)
    add_dataset(home().datasets, manifest, {TABLE: table.path})


@pytest.fixture
def table(client: httpx.Client, tmp_path: Path) -> Table:
    table = voyages(tmp_path / "voyages.parquet")
    store(table)
    return table


def download(client: httpx.Client, **query: Any) -> bytes:
    return client.get("/data/download", params=query).raise_for_status().content


def expected(table: Table) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = parquet.read_table(table.path).to_pylist()
    return rows


def iso(moment: datetime | None) -> str | None:
    return moment and moment.isoformat(sep=" ", timespec="milliseconds")


def test_a_csv_holds_what_was_understood(client: httpx.Client, table: Table) -> None:
    rows = list(csv.DictReader(io.StringIO(download(client).decode("utf-8-sig"), newline="")))
    words = {True: "true", False: "false", None: ""}
    for row, known in zip(rows, expected(table), strict=True):
        assert row["crew"] == ("" if known["crew"] is None else str(known["crew"]))
        assert row["insured"] == words[known["insured"]]
        assert row["sailed"] == (iso(known["sailed"]) or "")
        assert row["port"] == {None: "", "=cmd": "'=cmd"}.get(known["port"], known["port"])
        assert float(row["fare"]) == known["fare"]


def test_json_holds_what_was_understood(client: httpx.Client, table: Table) -> None:
    rows = json.loads(download(client, format="json"))
    assert rows == [{**known, "sailed": iso(known["sailed"])} for known in expected(table)]


def test_a_workbook_holds_real_dates_and_truth_values(client: httpx.Client, table: Table) -> None:
    book = load_workbook(io.BytesIO(download(client, format="excel")))
    (header, *rows) = [list(row) for row in book.active.iter_rows(values_only=True)]
    assert header == [column.name for column in table.columns]
    for row, known in zip(rows, expected(table), strict=True):
        sailed = known["sailed"]
        shown = sailed if sailed is None or sailed.year >= 1900 else iso(sailed)
        crew = None if known["crew"] is None else str(known["crew"])
        assert [row[0], *row[2:5]] == [shown, crew, known["insured"], known["port"]]
        # A workbook holds 16 digits of a number.
        assert row[5] == pytest.approx(known["fare"], rel=1e-15)
        assert (row[1] is None) == (known["length"] is None)


def test_parquet_is_the_typed_table(client: httpx.Client, table: Table) -> None:
    body = parquet.read_table(io.BytesIO(download(client, format="parquet")))
    assert body.to_pylist() == expected(table)
    assert body.schema.field("sailed").type == pa.timestamp("ms")


@pytest.mark.parametrize("kind", tables.TABLE_FORMATS)
def test_every_format_comes_under_the_files_own_name(client: httpx.Client, table: Table, kind: str) -> None:
    answer = client.get("/data/download", params={"format": kind, "processed": True, "file_id": FILE_ID})
    ending = tables.TABLE_FORMATS[kind].ending
    assert answer.headers["content-type"] == tables.TABLE_FORMATS[kind].media_type
    assert unquote(answer.headers["content-disposition"]).endswith(f"UTF-8''航次-processed.{ending}")


def test_processed_is_what_processing_said_it_would_be(client: httpx.Client, table: Table) -> None:
    recipe = {"handle_missing": "mean", "columns": {"port": "drop", "crew": "mode"}, "leave_out": ["length"]}
    said = client.post("/data/process", json={**recipe, "target_column": "fare"}).raise_for_status().json()
    rows = json.loads(download(client, format="json", processed=True))
    assert list(rows[0]) == [*PARTS, "crew", "insured", "port==cmd", "port=Oslo", "port=上海", "fare"]
    assert said["derived"] == {"sailed": PARTS}
    assert said["encoded"] == {"port": 3}
    assert said["left_out"] == ["length"]
    assert said["after"] == {"rows": len(rows), "columns": len(rows[0]) - 1, "missing_values": 0}
    assert said["dropped_rows"] == {"port": table.rows - len(rows)}
    assert said["recipe"] == {**recipe, "target_column": "fare"}
    gaps = [i for i, known in enumerate(k for k in expected(table) if k["port"]) if known["insured"] is None]
    assert {rows[i]["insured"] for i in gaps} == {said["imputed"]["insured"]}
    date = datetime.fromisoformat(said["imputed"]["sailed"])
    gap = next(i for i, known in enumerate(k for k in expected(table) if k["port"]) if known["sailed"] is None)
    assert [rows[gap][part] for part in PARTS] == [date.year, date.month, date.day, date.weekday(), date.hour]


def test_a_boolean_gap_is_said_to_be_filled_with_true_or_false(client: httpx.Client, table: Table) -> None:
    said = client.post("/data/process", json={"handle_missing": "mode"}).json()
    assert said["imputed"]["insured"] is False
    assert said["before"] == {
        "rows": 120,
        "columns": 6,
        "missing_values": sum(column.missing for column in table.columns),
    }


def test_what_a_target_has_to_do_with_the_rest_is_worked_out_once(
    client: httpx.Client, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        client.post("/data/process", json={"target_column": "fare"}).raise_for_status()
        # From now on it can only be read.
        monkeypatch.setattr("core.services.processing.process.target_relations", None)
    manifest = home().datasets.manifest(FILE_ID)
    found = stored_target(home(), manifest, "fare")
    assert found is not None
    assert set(found["relations"]) == {"sailed", "length", "crew", "insured", "port"}
    assert stored_target(home(), manifest, "length") is None


def test_a_recipe_that_does_not_fit_is_refused_field_by_field(client: httpx.Client, table: Table) -> None:
    answer = client.post("/data/process", json={"columns": {"age": "mean"}, "leave_out": ["id"]})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:regatta:problem:unknown-column")
    assert [error["field"] for error in answer.json()["errors"]] == ["columns.age", "leave_out[0]"]
    assert client.post("/data/process", json={"columns": {"port": "most"}}).status_code == 422
    assert home().datasets.manifest(FILE_ID).recipe.columns == {}


def test_a_recipe_that_leaves_no_row_cannot_be_downloaded(client: httpx.Client, tmp_path: Path) -> None:
    columns = {"x": pa.array([1, None], pa.int64()), "y": pa.array([None, 2.0])}
    store(typed(tmp_path / "t.parquet", columns))
    said = client.post("/data/process", json={"handle_missing": "drop"}).json()
    assert said["after"] == {"rows": 0, "columns": 0, "missing_values": 0}
    assert client.get("/data/download?processed=true").json()["type"] == "urn:regatta:problem:not-enough-rows"


def test_a_file_larger_than_an_answer_is_offered_at_a_url(
    client: httpx.Client, table: Table, bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = download(client, format="json")
    monkeypatch.setenv("REGATTA_MAX_RESPONSE_BYTES", str(len(body) - 1))
    settings.cache_clear()
    answer = client.get("/data/download", params={"format": "json"})
    assert answer.status_code == 303
    key = urlsplit(answer.headers["location"]).path.removeprefix(f"/{bucket.bucket}/")
    assert bucket.get(key) == body
    assert bucket.client.head_object(Bucket=bucket.bucket, Key=key)["ContentType"] == "application/json"


def test_a_text_that_no_cell_of_excel_holds_is_refused_with_another_format(
    client: httpx.Client, tmp_path: Path
) -> None:
    store(typed(tmp_path / "t.parquet", {"x": pa.array(["y" * 40_000])}))
    answer = client.get("/data/download?format=excel")
    assert (answer.status_code, answer.json()["type"]) == (413, "urn:regatta:problem:too-large")
    assert "Row 2, column 'x'" in answer.json()["detail"]
    assert "y" * 40_000 in client.get("/data/download").text


def test_a_table_longer_than_a_sheet_goes_on_the_next_one(
    client: httpx.Client, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(excel, "EXCEL_ROWS", 101)
    book = load_workbook(io.BytesIO(download(client, format="excel")))
    assert {sheet.title: sheet.max_row for sheet in book} == {"data": 101, "data 2": table.rows - 100 + 1}


def test_raw_leaves_texts_of_a_csv_as_they_are(client: httpx.Client, table: Table) -> None:
    assert b'"\'=cmd"' in download(client)
    raw = download(client, raw=True)
    assert b'"=cmd"' in raw
    assert b"'" not in raw


def test_a_download_leaves_nothing_on_the_disk(
    client: httpx.Client, table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    for kind in tables.TABLE_FORMATS:
        download(client, format=kind, processed=True)
    store(typed(tmp_path / "t.parquet", {"x": pa.array(["y" * 40_000])}))
    assert client.get("/data/download?format=excel").status_code == 413
    assert list(folder.iterdir()) == []


def test_without_a_file_there_is_nothing_to_download(client: httpx.Client) -> None:
    assert client.get("/data/download").json()["type"] == "urn:regatta:problem:no-current-file"
    assert client.get("/data/download?file_id=nothing-here").json()["type"] == "urn:regatta:problem:no-such-file"
    assert client.get("/data/download?format=pdf").status_code == 422
