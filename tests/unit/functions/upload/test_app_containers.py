"""Containers by every road: uploaded, announced, dropped in a series, read again, downloaded, and predicted on."""

import gzip
import hashlib
import io
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from core.manifests import Feature, Reading
from core.services.processing.ingest import ingest
from tests.support.arrivals import linear_table, read_arrival, retrain_on, serve_champion
from tests.support.containers import archive, parquet_file, workbook
from tests.support.storage import WORKSPACE, Repositories, home
from tests.support.uploads import put_upload, read_ticket, receive_event

HEADER = ["code", "price", "sold"]
ROWS: list[list[Any]] = [[f"{n:03}", n + 0.125, datetime(2024, 1, 3) + timedelta(days=n)] for n in range(1, 60)]
TEXT = "code,price,sold\n" + "".join(f"{code},{price},{day:%Y-%m-%d}\n" for code, price, day in ROWS)
TYPES = {"code": "category", "price": "number", "sold": "date"}
XLSX = workbook([HEADER, *ROWS])
COLUMNS: dict[str, Any] = {name: [row[i] for row in ROWS] for i, name in enumerate(HEADER)}
LINES = b"".join(
    b'{"code": "%s", "price": %r, "sold": "%s"}\n' % (c.encode(), p, f"{d:%Y-%m-%d}".encode()) for c, p, d in ROWS
)
FILES: dict[str, tuple[bytes, str]] = {
    "prices.xlsx": (XLSX, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "prices.parquet": (parquet_file(COLUMNS), "application/vnd.apache.parquet"),
    "prices.jsonl": (LINES, "application/json"),
    "prices.zip": (archive({"prices.csv": TEXT.encode()}), "application/zip"),
    "prices.xlsx.gz": (gzip.compress(XLSX), "application/gzip"),
    "价格.csv": (XLSX, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "text.xlsx": (TEXT.encode(), "text/csv"),
}


@pytest.fixture(params=list(FILES.items()), ids=list(FILES))
def file(request: pytest.FixtureRequest) -> tuple[str, bytes, str]:
    """A name, bytes and their media type."""
    name, (body, media_type) = request.param
    return name, body, media_type


def upload(handlers: httpx.Client, name: str, body: bytes, **fields: Any) -> httpx.Response:
    return handlers.post("/data/upload", files={"file": (name, body)}, data=fields)


def test_an_upload_keeps_the_bytes_and_the_text(
    handlers: httpx.Client, repositories: Repositories, file: tuple[str, bytes, str]
) -> None:
    name, body, media_type = file
    answer = upload(handlers, name, body)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["filename"], found["rows"], found["column_types"]) == (name, 59, TYPES)
    assert (found["size_bytes"], found["sha256"]) == (len(body), hashlib.sha256(body).hexdigest())
    folder = f"{WORKSPACE}/datasets/{found['file_id']}"
    assert repositories.objects.get(f"{folder}/source.csv") == body
    if "container" in found:
        assert repositories.objects.get(f"{folder}/text.csv").decode().replace('"', "") == TEXT
        assert handlers.get("/data/info").json()["container"] == found["container"]
    assert handlers.get("/data/preview", params={"rows": 1}).json()["rows"] == [["001", 1.125, "2024-01-04"]]
    source = handlers.get("/data/download", params={"source": "true"})
    assert (source.content, source.headers["content-type"].partition(";")[0]) == (body, media_type)
    assert name.isascii() is (f'filename="{name}"' in source.headers["content-disposition"])


def test_an_announced_file_is_ingested(repositories: Repositories, file: tuple[str, bytes, str]) -> None:
    file_id = put_upload(file[1])
    receive_event(file_id)
    assert {column.name: column.type for column in home().datasets.manifest(file_id).columns} == TYPES


def test_the_fields_of_an_announcement_choose_a_sheet(repositories: Repositories) -> None:
    body = workbook([["a", "b"], [1, 2]], [HEADER, *ROWS])
    file_id = put_upload(body, Reading(sheet="2"))
    receive_event(file_id)
    assert home().datasets.manifest(file_id).rows == 59
    refused = put_upload(body, Reading(sheet="Prices"))
    receive_event(refused)
    error = read_ticket(refused).error
    assert error is not None and error["status"] == 422 and error["errors"][0]["field"] == "sheet"


# Made by the test: each process of a run imports this module, and packing takes seconds.
REFUSED: dict[str, tuple[Callable[[], bytes], dict[str, str], int, str]] = {
    "200 sheets": (lambda: workbook(*[[HEADER]] * 200), {}, 422, "unreadable-container"),
    "nested Parquet": (lambda: parquet_file({"a": [[1]], "b": [2]}), {}, 422, "unreadable-container"),
    "zip of zips": (lambda: archive({"a.zip": archive({"a.csv": b"a,b\n1,2\n"})}), {}, 422, "unreadable-container"),
    "nested JSON": (lambda: b'{"a": {"b": 1}}', {}, 422, "unreadable-container"),
    "bomb": (lambda: archive({"a.csv": bytes(80 << 20)}), {}, 413, "too-large"),
    "no such sheet": (lambda: XLSX, {"sheet": "7"}, 422, "invalid-input"),
    "a sheet of a text": (TEXT.encode, {"sheet": "1"}, 422, "invalid-input"),
}


@pytest.mark.parametrize(("pack", "fields", "status", "slug"), REFUSED.values(), ids=REFUSED.keys())
def test_a_refused_container_leaves_nothing(
    handlers: httpx.Client,
    repositories: Repositories,
    pack: Callable[[], bytes],
    fields: dict[str, str],
    status: int,
    slug: str,
) -> None:
    answer = upload(handlers, "file", pack(), **fields)
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:regatta:problem:{slug}")
    assert repositories.keys() == []


def test_another_sheet_is_read_again(handlers: httpx.Client, repositories: Repositories) -> None:
    parent = upload(handlers, "two.xlsx", workbook([["a", "b"], [1, 2]], [HEADER, *ROWS])).json()
    assert any("'Sheet2'" in warning for warning in parent["warnings"])
    answer = handlers.patch(f"/data/files/{parent['file_id']}/reading", json={"sheet": 2})
    assert answer.status_code == 201, answer.text
    assert (answer.json()["rows"], answer.json()["container"]["sheet"]) == (59, "Sheet2")
    assert answer.json()["reading"] == {"sheet": "2"}


def test_a_source_has_one_form(handlers: httpx.Client, repositories: Repositories) -> None:
    upload(handlers, "a.csv", TEXT.encode())
    answer = handlers.get("/data/download", params={"source": "true", "format": "parquet"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "source")


def german(rows: int = 80) -> tuple[bytes, list[list[Any]]]:
    """Return a CSV with decimal commas and D.M.Y dates, and its rows as values."""
    random = np.random.default_rng(0)
    size = [round(float(value), 3) for value in random.uniform(1, 9, rows)]
    days = [datetime(2024, 1, 1) + timedelta(days=3 * n) for n in range(rows)]
    values: list[list[Any]] = [
        [a, day, round(3 * a + n / 10, 3)] for n, (a, day) in enumerate(zip(size, days, strict=True))
    ]
    lines = [_german(*row) for row in values]
    return ("size;day;y\n" + "\n".join(lines) + "\n").encode(), values


def _german(size: float, day: datetime, target: float) -> str:
    return f"{str(size).replace('.', ',')};{day:%d.%m.%Y};{str(target).replace('.', ',')}"


@pytest.mark.parametrize("pack", ["xlsx", "parquet", "json"])
def test_values_mean_the_same_to_a_model_of_decimal_commas(
    handlers: httpx.Client, repositories: Repositories, pack: str
) -> None:
    text, rows = german()
    upload(handlers, "a.csv", text)
    trained = handlers.post("/model/train", json={"model_type": "ridge", "target_column": "y", "model_name": "m"})
    assert trained.status_code == 200, trained.text
    expected = predicted(handlers, upload(handlers, "b.csv", text).json()["file_id"])
    columns = {name: [row[i] for row in rows] for i, name in enumerate(("size", "day", "y"))}
    lines = "".join(f'{{"size": {a!r}, "day": "{day:%Y-%m-%d}", "y": {y!r}}}\n' for a, day, y in rows)
    bodies = {
        "xlsx": workbook([["size", "day", "y"], *rows]),
        "parquet": parquet_file(columns),
        "json": lines.encode(),
    }
    assert predicted(handlers, upload(handlers, "b", bodies[pack]).json()["file_id"]) == pytest.approx(
        expected, abs=1e-9
    )


@pytest.mark.parametrize(
    "body", [workbook([["size", "y"], [1.234, 1], [52.75, 2]]), b'{"size": 1.234, "y": 1}\n{"size": 52.75, "y": 2}\n']
)
def test_values_mean_the_same_to_a_series_of_decimal_commas(
    repositories: Repositories, tmp_path: Path, body: bytes
) -> None:
    like = [Feature(name="size", type="number", fill=0.0, decimal=","), Feature(name="y", type="number", fill=0.0)]
    (tmp_path / "a").write_bytes(body)
    file_id = ingest(home(), "a.xlsx", tmp_path / "a", like=like).file_id
    rows = json.loads(repositories.objects.get(f"{WORKSPACE}/datasets/{file_id}/profile.json"))["preview"]["rows"]
    assert rows == [[1.234, 1], [52.75, 2]]


def predicted(handlers: httpx.Client, file_id: str) -> list[float]:
    answer = handlers.post("/predict/batch", json={"file_id": file_id, "model_name": "m"})
    assert answer.status_code == 200, answer.text
    found: list[float] = answer.json()["predictions"]
    return found


def test_numbers_that_a_model_takes_as_texts_are_read_from_the_text(
    handlers: httpx.Client, repositories: Repositories
) -> None:
    levels = ["1.5", "2", "open"]
    lines = "".join(f"{levels[n % 3]},{n % 3 + n / 100}\n" for n in range(90))
    upload(handlers, "a.csv", f"level,y\n{lines}".encode())
    handlers.post("/model/train", json={"model_type": "ridge", "target_column": "y", "model_name": "m"})
    numbers = upload(handlers, "b.xlsx", workbook([["level", "y"], [1.5, 0], [2, 0], [1.5, 0]])).json()["file_id"]
    texts = upload(handlers, "b.csv", b"level,y\n1.5,0\n2,0\n1.5,0\n").json()["file_id"]
    assert predicted(handlers, numbers) == pytest.approx(predicted(handlers, texts))


@pytest.mark.usefixtures("bucket", "arrival_clock")
def test_a_workbook_dropped_in_a_series_trains_a_challenger(tmp_path: Any) -> None:
    serve_champion(tmp_path)
    file = io.BytesIO()
    linear_table(1, 500).to_excel(file, index=False)
    job = retrain_on("March.XLSX", file.getvalue())
    assert job.status == "succeeded", job.error
    arrival = read_arrival(job)
    assert arrival.version == 2
    assert home().datasets.manifest(job.order["file_id"]).container is not None


@pytest.mark.usefixtures("bucket", "arrival_clock")
def test_an_arrival_that_cannot_be_unpacked_is_refused(tmp_path: Any) -> None:
    serve_champion(tmp_path)
    job = retrain_on("a.zip", archive({"a.zip": archive({"a.csv": b"a,b\n1,2\n"})}))
    arrival = read_arrival(job)
    assert arrival.state == "refused"
    assert "archive inside an archive" in (arrival.reason or "")


def test_a_text_loads_nothing_of_containers(tmp_path: Any) -> None:
    (tmp_path / "a.csv").write_text(TEXT)
    code = (
        "import sys\nfrom pathlib import Path\nfrom core.manifests import Reading\n"
        "from core.services.processing.received_table import find_table\n"
        "find_table(Path(sys.argv[1]), Path(sys.argv[2]), Reading(), 1 << 30)\n"
        "print([name for name in sys.modules if name.startswith(('core.containers.', 'python_calamine'))])"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "a.csv"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['core.containers.formats']"
