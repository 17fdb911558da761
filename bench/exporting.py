"""Exports: a million stored rows as a CSV against the textbook service, a workbook against openpyxl."""

import csv
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from bench import textbook
from bench._bucket import bucket
from bench._events import discard_logs
from bench._process_timer import ProcessTimer
from bench._report import Figure, at_least, at_most, once, paired, run
from tests.support.storage import home

HOUSES = Path(__file__).parent.parent / "examples" / "california_housing.csv"
DIAMONDS = Path(__file__).parent.parent / "tests" / "data" / "diamonds.csv"
STORED_ROWS = 1_000_000
EXCEL_ROWS = 54_000
MODEL_TYPES = ("ridge", "random_forest")

# The target of each figure; memory in MB.
SPEED = 3
MEMORY = 400
WORKBOOK = 0.75

OURS = (
    "from core.jobs.commands import ExportTableCommand\nfrom core.progress import ignore_progress\n"
    "from core.services.table_prediction.export_table import export_table\n"
    "from core.storage.container import container",
    "command = ExportTableCommand(model_name=sys.argv[1], file_id=sys.argv[2])\n"
    "answer = export_table(container().workspace('default'), command, ignore_progress)['size_bytes']",
)
# As in template.yaml for the worker.
WORKER = {"ARROW_DEFAULT_MEMORY_POOL": "system"}
THEIRS = (
    "from bench import textbook",
    "textbook.export(Path(sys.argv[1]), Path(sys.argv[2]))\nanswer = Path(sys.argv[2]).stat().st_size",
)


def measure(quick: bool) -> Iterator[Figure]:
    """Yield the figure of the workbook, then those of the stored table with each model."""
    yield workbook(rounds=3 if quick else 9)
    with bucket() as folder:
        discard_logs()
        table = folder / "houses.csv"
        file_id = store_houses(table)
        for model_type in MODEL_TYPES:
            yield from stored_table(model_type, table, file_id, folder, rounds=2 if quick else 5)


def store_houses(table: Path) -> str:
    """Draw a million rows of California housing, write them to `table` and store them; return the file_id."""
    from core.services.processing.ingest import ingest

    frame = pd.read_csv(HOUSES)
    frame.sample(STORED_ROWS, replace=True, random_state=0).to_csv(table, index=False)
    return ingest(home(), table.name, table).file_id


def stored_table(model_type: str, table: Path, file_id: str, folder: Path, rounds: int) -> Iterator[Figure]:
    """Compare a million stored rows to a CSV: ours from the bucket and back into it, theirs on the disk."""
    from core.jobs.commands import TrainCommand
    from core.services.processing.ingest import ingest
    from core.services.training.train import train_model

    small = ingest(home(), HOUSES.name, HOUSES).file_id
    command = TrainCommand(model_type=model_type, target_column=textbook.TARGET, file_id=small, model_name=model_type)
    train_model(home(), command)
    pickle = folder / f"{model_type}.pkl"
    textbook.train(HOUSES, model_type, pickle)
    os.environ[textbook.MODEL] = str(pickle)
    ours = ProcessTimer(*OURS, model_type, file_id, environment=WORKER)
    theirs = ProcessTimer(*THEIRS, str(table), str(folder / "predicted.csv"))
    pair = paired(ours, theirs, rounds)
    title = f"{model_type}: {STORED_ROWS:,} stored rows to CSV"
    yield at_least(f"{title}, rows/s / textbook", 1 / pair.ratio, SPEED, f"{pair.ours:.2f} s / {pair.theirs:.2f} s")
    yield at_most(
        f"{title}, peak memory in MB", ours.peak_mb, MEMORY, f"{ours.peak_mb:.0f} MB / {theirs.peak_mb:.0f} MB"
    )


def workbook(rounds: int) -> Figure:
    """Compare a workbook of POST /predict/export with openpyxl's write-only mode, used as in its manual."""
    header, rows = _diamonds()
    pair = paired(once(lambda: _write_ours(header, rows)), once(lambda: _write_openpyxl(header, rows)), rounds)
    return at_most(
        f"Excel, {EXCEL_ROWS:,} x {len(header)}: seconds / openpyxl",
        pair.ratio,
        WORKBOOK,
        f"{pair.ours:.2f} s / {pair.theirs:.2f} s",
    )


def _diamonds() -> tuple[list[str], list[tuple[Any, ...]]]:
    with DIAMONDS.open(newline="") as file:
        header, *lines = csv.reader(file)
    rows = [(*map(_cell, line), 3932.7997 + number / 7) for number, line in enumerate(lines)]
    return [*header, "prediction"], (rows + rows)[:EXCEL_ROWS]


def _cell(text: str) -> int | float | str:
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            pass
    return text


def _write_ours(header: list[str], rows: list[tuple[Any, ...]]) -> None:
    from core.exporting.cells import Options
    from core.exporting.files import FORMATS

    FORMATS["excel"].write(io.BytesIO(), header, rows, Options(decimals={"prediction": 1}, about=[("model", "forest")]))


def _write_openpyxl(header: list[str], rows: list[tuple[Any, ...]]) -> None:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("data")
    sheet.append(header)
    for row in rows:
        sheet.append(row)
    book.save(io.BytesIO())


if __name__ == "__main__":
    sys.exit(run("Predictions as files", measure))
