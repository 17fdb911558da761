"""A million stored rows predicted into a file, on the running stack: in little memory, and at a URL for anyone."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import httpx
import numpy as np
import pyarrow as pa
import pytest
from pyarrow.csv import read_csv

from core.jobs.commands import TrainCommand
from core.services.processing.ingest import ingest
from core.services.training.train import train_model
from core.storage.dataset_repository import TABLE
from core.types import Json
from tests.support.gateway import HandlerTransport
from tests.support.process_state import process_environment
from tests.support.stack import Stack
from tests.support.storage import add_dataset, dataset_manifest, home
from tests.support.tables import noisy, typed
from tests.support.waiting import wait_for

ROWS = 1_000_000
FILE_ID = "0198c0ffee1"
MODEL = "百万"
MEGABYTES = 400
OPEN = ("queued", "running")

# A process of its own, whose peak is that of the export: see test_ingest_memory.py.
MEASURE = """
import json, re, sys
from pathlib import Path
from core.jobs.commands import ExportTableCommand
from core.services.table_prediction.export_table import export_table
from core.progress import ignore_progress
from tests.support.storage import home
command = ExportTableCommand(model_name=sys.argv[1], file_id=sys.argv[2])
done = export_table(home(), command, ignore_progress)
status = Path("/proc/self/status")
peak = int(re.search(r"VmHWM:\\s*(\\d+)", status.read_text())[1]) if status.exists() else 0
print(json.dumps({**done, "peak_mb": peak / 1024}))
"""


@pytest.fixture(scope="module")
def million(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """The stack with a million rows of eight columns in its bucket, and a model for them."""
    folder = tmp_path_factory.mktemp("million")
    rng = np.random.default_rng(0)
    columns = {
        "x": pa.array(rng.normal(size=ROWS)),
        "colour": pa.array(np.array(["red", "green", "blue"])[np.arange(ROWS) % 3]),
        **{f"more {n}": pa.array(rng.normal(size=ROWS)) for n in range(5)},
        "row": pa.array(np.arange(ROWS)),
    }
    with process_environment(stack.env):
        (folder / "noisy.csv").write_text(noisy(300))
        small = ingest(home(), "noisy.csv", folder / "noisy.csv").file_id
        train_model(home(), TrainCommand(model_type="ridge", target_column="y", file_id=small, model_name=MODEL))
        table = typed(folder / "t.parquet", columns, row_group_size=1 << 16)
        # As ingestion describes them: nothing has to be read again.
        literal = [column.model_copy(update={"is_literal": True}) for column in table.columns]
        add_dataset(home().datasets, dataset_manifest(FILE_ID, columns=literal, rows=ROWS), {TABLE: table.path})
    return stack


@pytest.fixture(scope="module")
def exported(million: Stack) -> Json:
    """What a process of its own says of the export of the million rows."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, MODEL, FILE_ID],
        env={**os.environ, **million.env},
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    found: Json = json.loads(done.stdout)
    return found


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from /proc")
def test_a_million_rows_become_a_file_in_little_memory(exported: Json) -> None:
    assert exported["peak_mb"] < MEGABYTES
    answer = httpx.get(exported["url"]).raise_for_status()
    assert len(answer.content) == exported["size_bytes"]
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].endswith(f"filename*=UTF-8''{quote(MODEL)}-v1.csv")
    rows = read_csv(io.BytesIO(answer.content))
    assert rows.column_names[-2:] == ["row", "prediction"]
    assert rows["row"].to_numpy().tolist() == list(range(ROWS))
    # y is 3 x plus 0, 1 or 2 by colour.
    expected = 3 * rows["x"].to_numpy() + np.arange(ROWS) % 3
    assert np.abs(rows["prediction"].to_numpy() - expected).max() < 0.5


@pytest.mark.parametrize("kind", ["csv", "excel", "json"])
def test_an_answer_over_the_limit_is_a_url_that_a_browser_can_follow(million: Stack, kind: str) -> None:
    # The function in this process, the bucket of the stack.
    variables = {**million.env, "REGATTA_MAX_RESPONSE_BYTES": "10"}
    with (
        process_environment(variables),
        httpx.Client(transport=HandlerTransport(), base_url="http://handlers") as client,
    ):
        payload = {"model_name": MODEL, "data": [{"x": 1.5, "colour": "red"}], "format": kind}
        answer = client.post("/predict/export", json=payload)
    assert answer.status_code == 303
    file = httpx.get(answer.headers["location"]).raise_for_status()
    ending = {"csv": "csv", "excel": "xlsx", "json": "json"}[kind]
    assert file.headers["content-disposition"] == (
        f"attachment; filename=\"v1.{ending}\"; filename*=UTF-8''{quote(MODEL)}-v1.{ending}"
    )
    assert len(file.content) == int(file.headers["content-length"]) > 10


def test_the_workers_of_a_stack_share_the_chunks_of_a_million_rows(million: Stack, exported: Json) -> None:
    with httpx.Client(base_url=million.base_url, timeout=300) as client:
        job = client.post("/predict/export", json={"model_name": MODEL, "file_id": FILE_ID}).raise_for_status().json()
        answer = wait_for(
            lambda: client.get(f"/jobs/{job['job_id']}").json(), lambda found: found["status"] not in OPEN
        )
    assert answer["status"] == "succeeded", answer["error"]
    assert answer["result"]["size_bytes"] == exported["size_bytes"]
    file = httpx.get(answer["result"]["url"])
    assert file.headers["etag"].endswith('-4"')  # joined from four parts
    assert file.content == httpx.get(exported["url"]).content
