"""Predictions as files: over the handler in three formats, and from a stored table of any size a slice at a time."""

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from openpyxl import load_workbook

from core.errors import NoSuchFileError, UnknownColumnError
from core.exporting import excel
from core.exporting.files import FORMATS
from core.jobs.commands import ExportTableCommand, TrainCommand
from core.progress import StoppedError, ignore_progress
from core.services.prediction.export import added_columns
from core.services.processing.ingest import ingest
from core.services.table_prediction import export_table as module
from core.services.table_prediction.export_table import export_table
from core.services.training.train import train_model
from core.settings import settings
from core.storage.s3.object_store import ObjectStore, disposition
from tests.support.jobs import read_job
from tests.support.kept_objects import KeptObjects
from tests.support.storage import WORKSPACE, home

ROWS = 200
PORTS = ("=cmd", "上海", "-2 Oslo", "")


def voyages_csv(gap_every: int = 0) -> str:
    """Boats with a column of every kind, gaps in their length, and texts that look like formulas."""
    lines = ["船,=start,crew,length,port,insured,prediction,fare"]
    for n in range(ROWS):
        length = "" if gap_every and n % gap_every == 0 else f"{-20 + n / 7:.3f}"
        date = datetime(2020, 1 + n % 12, 1 + n % 28).date()
        insured = ("yes", "no")[n % 2]
        lines.append(
            f"boat {n},{date},{n * 10 - 500},{length},{PORTS[n % 4]},{insured},{n % 5},{3 * n + n % 4 * 50 + 0.25}"
        )
    return "\n".join(lines)


def ingested(folder: Path, text: str) -> str:
    path = folder / "航次.csv"
    path.write_text(text)
    return ingest(home(), path.name, path).file_id


@pytest.fixture
def client(handlers: httpx.Client) -> httpx.Client:
    return handlers


@pytest.fixture
def file_id(bucket: ObjectStore, kept_objects: KeptObjects, tmp_path: Path) -> str:
    """The stored voyages, some without a length, and the model `船价`, trained where all had one."""

    def make() -> str:
        file_id = ingested(tmp_path, voyages_csv())
        command = TrainCommand(model_type="ridge", target_column="fare", file_id=file_id, model_name="船价")
        train_model(home(), command)
        return ingested(tmp_path, voyages_csv(gap_every=13))

    found: str = kept_objects.fill(bucket, make)
    return found


def export_payload(file_id: str, **more: Any) -> dict[str, Any]:
    return {"model_name": "船价", "file_id": file_id, **more}


def command(file_id: str, **more: Any) -> ExportTableCommand:
    return ExportTableCommand(**export_payload(file_id, **more))


def exported(client: httpx.Client, **payload: Any) -> httpx.Response:
    return client.post("/predict/export", json=payload).raise_for_status()


def predictions(client: httpx.Client, file_id: str) -> list[float]:
    answer = client.post("/predict/batch", json={"model_name": "船价", "file_id": file_id})
    values: list[float] = answer.raise_for_status().json()["predictions"]
    return values


def csv_rows(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline="")))


def stored(bucket: ObjectStore, url: str) -> bytes:
    return bucket.get(urlsplit(url).path.removeprefix(f"/{bucket.bucket}/"))


def test_a_csv_holds_the_table_and_its_predictions(client: httpx.Client, file_id: str) -> None:
    answer = exported(client, **export_payload(file_id))
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == disposition("船价-v1.csv")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = csv_rows(answer.content)
    # The table has a column of this name, and one that looks like a formula.
    names = ["船", "'=start", "crew", "length", "port", "insured", "prediction", "fare", "prediction_2"]
    assert list(rows[0]) == names
    assert [float(row["prediction_2"]) for row in rows] == predictions(client, file_id)
    assert [row["crew"] for row in rows[:2]] == ["-500", "-490"]
    assert [row["port"] for row in rows[:4]] == ["'=cmd", "上海", "'-2 Oslo", ""]
    assert (rows[0]["'=start"], rows[0]["insured"], rows[0]["length"]) == ("2020-01-01", "true", "")


def test_raw_leaves_texts_of_a_csv_as_they_are(client: httpx.Client, file_id: str) -> None:
    body = exported(client, **export_payload(file_id, raw=True)).content
    assert [row["port"] for row in csv_rows(body)[:3]] == ["=cmd", "上海", "-2 Oslo"]
    assert "=start" in csv_rows(body)[0]


def test_json_holds_the_same(client: httpx.Client, file_id: str) -> None:
    rows = json.loads(exported(client, **export_payload(file_id, format="json")).content)
    assert [row["prediction_2"] for row in rows] == predictions(client, file_id)
    first = {"船": "boat 0", "=start": "2020-01-01", "crew": -500, "length": None, "port": "=cmd", "insured": True}
    assert first.items() <= rows[0].items()


def test_a_workbook_holds_the_same_and_says_where_it_is_from(client: httpx.Client, file_id: str) -> None:
    book = load_workbook(io.BytesIO(exported(client, **export_payload(file_id, format="excel")).content))
    assert book.sheetnames == ["data", "about"]
    header, *rows = book["data"].iter_rows()
    assert [cell.value for cell in header][-3:] == ["prediction", "fare", "prediction_2"]
    assert [row[-1].value for row in rows] == pytest.approx(predictions(client, file_id), rel=1e-15)
    assert [(cell.value, cell.data_type) for cell in rows[0][:5]] == [
        ("boat 0", "s"),
        (datetime(2020, 1, 1), "d"),
        (-500, "n"),
        (None, "n"),
        ("=cmd", "s"),
    ]
    metrics = client.get("/model/metrics/船价").json()["metrics"]
    about = {row[0].value: row[1].value for row in book["about"].iter_rows(min_row=2)}
    assert (about["model"], about["version"], about["regressor"]) == ("船价", 1, "ridge")
    assert (about["target"], about["trained on"]) == ("fare", "航次.csv")
    assert about["r2 on held-out rows"] == pytest.approx(metrics["r2"])
    now = datetime.now(UTC).replace(tzinfo=None)
    assert about["trained (UTC)"] <= about["exported (UTC)"] <= now
    # Of the error the decimals show a hundredth.
    shown = {1: "#,##0.00", 2: "#,##0.0"}[len(str(int(metrics["rmse"])))]
    assert {row[-1].number_format for row in rows} == {shown}


def test_records_keep_their_values_and_numbers_that_came_as_text_are_numbers(
    client: httpx.Client, file_id: str
) -> None:
    row = {
        "船": "=b",
        "=start": "2020-01-01",
        "crew": "-5",
        "length": "NA",
        "port": "-2",
        "insured": "yes",
        "prediction": 1,
    }
    payload = {"model_name": "船价", "data": [row, {**row, "crew": -6.5, "note": "=x"}]}
    first, second = csv_rows(exported(client, **payload).content)
    assert (first["crew"], first["length"], first["port"], first["'=start"]) == ("-5.0", "NA", "'-2", "2020-01-01")
    assert (second["crew"], second["note"], first["note"]) == ("-6.5", "'=x", "")
    cells = load_workbook(io.BytesIO(exported(client, **payload, format="excel").content))["data"]
    assert [cells[name].data_type for name in ("A2", "C2", "C3", "E2")] == ["s", "n", "n", "s"]


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_larger_than_an_answer_is_offered_under_its_name(
    client: httpx.Client, file_id: str, bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("REGATTA_MAX_RESPONSE_BYTES", "100")
    settings.cache_clear()
    answer = client.post("/predict/export", json=export_payload(file_id, format=kind))
    assert (answer.status_code, answer.content) == (303, b"")
    where = urlsplit(answer.headers["location"])
    name = f"船价-v1.{FORMATS[kind].ending}"
    assert parse_qs(where.query)["response-content-disposition"] == [disposition(name)]
    key = where.path.removeprefix(f"/{bucket.bucket}/")
    assert key.startswith(f"exports/{WORKSPACE}/")
    assert bucket.client.head_object(Bucket=bucket.bucket, Key=key)["ContentType"] == FORMATS[kind].media_type
    assert len(bucket.get(key)) > 100


class RecordedProgress:
    """A `ReportProgress` that records its reports and stops the work at a stage."""

    def __init__(self, stop: str | None = None) -> None:
        self.reports: list[tuple[str, float]] = []
        self.stop = stop

    def __call__(self, stage: str, share: float, parts: Any = None) -> None:
        self.reports.append((stage, share))
        if stage == self.stop and len(self.reports) > 2:
            raise StoppedError(stage)


@pytest.mark.parametrize("slice_rows", [7, 64, 1 << 13])
@pytest.mark.parametrize("raw", [False, True])
def test_a_table_by_slices_is_the_same_csv_as_the_whole_one(
    client: httpx.Client, file_id: str, bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch, slice_rows: int, raw: bool
) -> None:
    monkeypatch.setattr(module, "SLICE_ROWS", slice_rows)
    done = export_table(home(), command(file_id, raw=raw), ignore_progress)
    ours, whole = (
        csv_rows(stored(bucket, done["url"])),
        csv_rows(exported(client, **export_payload(file_id, raw=raw)).content),
    )
    assert [list(row) for row in ours] == [list(row) for row in whole]
    # Numbers are written the shorter way: 5 for 5.0.
    for row, other in zip(ours, whole, strict=True):
        for name in ("length", "fare", "prediction_2"):
            mine, theirs = row.pop(name), other.pop(name)
            assert (mine == theirs == "") or float(mine) == float(theirs)
        assert row == other


@pytest.mark.parametrize("kind", ["excel", "json"])
def test_a_table_by_slices_is_the_same_workbook_and_json(
    client: httpx.Client, file_id: str, bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    def read(body: bytes) -> list[list[Any]]:
        if kind == "json":
            return [list(row.values()) for row in json.loads(body)]
        book = load_workbook(io.BytesIO(body))
        return [list(row) for sheet in book.worksheets[:-1] for row in sheet.iter_rows(min_row=2, values_only=True)]

    monkeypatch.setattr(module, "SLICE_ROWS", 50)
    monkeypatch.setattr(excel, "EXCEL_ROWS", 71)
    ours = read(stored(bucket, export_table(home(), command(file_id, format=kind), ignore_progress)["url"]))
    whole = read(exported(client, **export_payload(file_id, format=kind)).content)
    assert ours == whole


def test_an_export_tells_how_far_it_is_and_says_what_it_made(
    client: httpx.Client, file_id: str, bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SLICE_ROWS", 50)
    progress = RecordedProgress()
    done = export_table(home(), command(file_id), progress)
    stages, shares = zip(*progress.reports, strict=True)
    assert stages == ("predicting",) * 4 + ("storing",)
    assert list(shares) == sorted(shares)
    assert (shares[0], shares[-1]) == (0, 0.95)
    assert (done["filename"], done["media_type"]) == ("船价-v1.csv", "text/csv; charset=utf-8")
    assert done["size_bytes"] == len(stored(bucket, done["url"]))
    left = datetime.fromisoformat(done["expires_at"]) - datetime.now(UTC)
    assert 3500 < left.total_seconds() <= 3600
    assert json.loads(json.dumps(done)) == done


def test_records_are_exported_the_same_way(client: httpx.Client, file_id: str, bucket: ObjectStore) -> None:
    rows = json.loads(exported(client, **export_payload(file_id, format="json")).content)
    data = [{name: value for name, value in row.items() if name != "prediction_2"} for row in rows[:5]]
    done = exported(client, model_name="船价", data=data, format="json")
    assert done.json() == rows[:5]


@pytest.mark.parametrize(("kind", "stage"), [("csv", "predicting"), ("excel", "predicting"), ("json", "storing")])
def test_a_stopped_export_leaves_nothing(
    client: httpx.Client,
    file_id: str,
    bucket: ObjectStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    stage: str,
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.setattr(module, "SLICE_ROWS", 20)
    with pytest.raises(StoppedError):
        export_table(home(), command(file_id, format=kind), RecordedProgress(stop=stage))
    assert list(folder.iterdir()) == []
    assert list(bucket.list("exports/")) == []


def test_a_table_that_the_model_cannot_predict_is_refused(
    client: httpx.Client, file_id: str, bucket: ObjectStore, tmp_path: Path
) -> None:
    other = ingested(tmp_path, "a,b\n1,2\n3,4\n")
    with pytest.raises(UnknownColumnError, match="crew"):
        export_table(home(), command(other), ignore_progress)
    with pytest.raises(NoSuchFileError):
        export_table(home(), command("nothing-here"), ignore_progress)
    assert list(bucket.list("exports/")) == []


@pytest.mark.parametrize("kind", FORMATS)
def test_an_export_leaves_nothing_on_the_disk(
    client: httpx.Client, file_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    exported(client, **export_payload(file_id, format=kind))
    export_table(home(), command(file_id, format=kind), ignore_progress)
    assert list(folder.iterdir()) == []


def test_a_workbook_shows_the_units_of_the_features_and_of_the_target(client: httpx.Client, tmp_path: Path) -> None:
    lines = "".join(f"{n + 0.5} kg,¥{900 + 3 * n},{n % 9}\n" for n in range(80))
    file_id = ingested(tmp_path, f"weight,price,rooms\n{lines}")
    train_model(home(), TrainCommand(model_type="ridge", target_column="price", file_id=file_id, model_name="flats"))
    sent = {"model_name": "flats", "format": "excel", "interval": 0.9}
    for rows in ({"file_id": file_id}, {"data": [{"weight": "0.5 kg", "rooms": 0}]}):
        answer = client.post("/predict/export", json={**sent, **rows}).raise_for_status()
        sheet = load_workbook(io.BytesIO(answer.content))["data"]
        formats = {name.value: cell.number_format for name, cell in zip(sheet[1], sheet[2], strict=True)}
        assert formats["weight"] == 'General" kg"' or "data" in rows
        assert all(formats[name].endswith('0" ¥"') for name in ("prediction", "prediction_lower", "prediction_upper"))


def test_a_free_name_is_found_without_comparing_all_columns_each_time() -> None:
    class Counted(str):
        compared = 0
        __hash__ = str.__hash__

        def __eq__(self, other: object) -> bool:
            Counted.compared += 1
            return str.__eq__(self, other)

    header = [Counted("prediction"), *(Counted(f"prediction_{number}") for number in range(2, 2_000))]
    Counted.compared = 0
    assert added_columns(header) == ["prediction_2000"]
    assert Counted.compared < 20 * len(header)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"data": [{"crew": 1}]}, "data"),
        ({"file_id": "f", "model_name": None, "model_data": "e30="}, "model_name"),
        ({"file_id": "f", "explain": True}, "explain"),
        ({"file_id": "f", "bom": False}, "bom"),
    ],
)
def test_what_does_not_go_with_parquet_is_refused(client: httpx.Client, more: dict[str, Any], field: str) -> None:
    answer = client.post("/predict/export", json={"model_name": "m", "format": "parquet", **more})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


def test_parquet_is_always_a_job(client: httpx.Client, file_id: str) -> None:
    answer = client.post("/predict/export", json=export_payload(file_id, format="parquet"))
    assert (answer.status_code, answer.json()["kind"]) == (202, "export")
    assert read_job(answer.json()["job_id"]).order["format"] == "parquet"


def test_records_that_share_no_names_are_refused(client: httpx.Client, file_id: str) -> None:
    records = [{"crew": 1, f"note {number}": "x"} for number in range(3_000)]
    refused = client.post("/predict/export", json={"model_name": "船价", "data": records})
    assert refused.status_code == 413
    assert "share their names" in refused.json()["detail"]
