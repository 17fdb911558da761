"""The seconds and the peak memory of a large table, ingested and trained; the latter against their forecast.

With `--parts` a training has so many rows in memory, and learns from all of them in parts or from these alone.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv

from bench._bucket import bucket
from bench._process_timer import ProcessTimer
from bench._report import Figure, at_most, run
from core.catalogue import regressor

ROWS, QUICK_ROWS = 2_000_000, 200_000
BLOCK_ROWS = 100_000
# By name the numbers, the dates and the levels of each category of a table. The factors of `expected_memory` were
# fitted on the first; the others say how far they carry.
SHAPES: dict[str, tuple[int, int, tuple[int, ...]]] = {
    "mixed": (10, 2, (5, 30, 200, 4)),
    "numbers": (40, 0, ()),
    "categories": (4, 0, (3, 8, 20, 60, 150, 400)),
    "wide": (120, 0, ()),
}
TARGET = "price"

# The most memory of ingesting: as many bytes as the file has, and those of a process that has loaded what it takes.
INGEST_PROCESS = 300 << 20
# The most memory of a training by what was forecast.
FORECAST = 1.1
MODEL_TYPES = ("ridge", "decision_tree")
PARTS_TYPES = ("lightgbm", "ridge")
# The error of a model of all rows by that of one of the rows in memory, on other rows. A linear model gains next to
# nothing, and the noise of a table may take that away.
NO_WORSE = 1.001
OTHER_ROWS, OTHER_SEED = 200_000, 25

SETUP = "from core.storage.container import container"
INGEST = (
    f"{SETUP}\nfrom core.services.processing.ingest import ingest",
    "answer = ingest(container().workspace('default'), 'large.csv', Path(sys.argv[1])).file_id",
)
TRAIN = (
    f"{SETUP}\nfrom core.jobs.commands import TrainCommand\nfrom core.machine_memory import training_bytes\n"
    "from core.regressors.expected_memory import expected_bytes\n"
    "from core.services.training.train import requested_candidate, train_model",
    "params = {'n_estimators': int(sys.argv[2])} if sys.argv[2] else {}\n"
    f"command = TrainCommand(model_type=sys.argv[1], target_column={TARGET!r}, params=params)\n"
    "workspace = container().workspace('default')\n"
    "dataset = workspace.datasets.manifest(None)\n"
    "needed = expected_bytes([requested_candidate(command)], dataset.rows, dataset.columns)\n"
    "manifest = train_model(workspace, command)\n"
    "answer = {'forecast': min(needed, training_bytes()), 'r2': manifest.metrics['r2'], 'notes': manifest.notes}",
)
# The same rows in memory, with and without the pass over all of them; the errors are those on another file.
PARTS = (
    f"{SETUP}\nfrom core.jobs.commands import TrainCommand\n"
    "from core.regressors.expected_memory import bytes_with_parts, expected_bytes\n"
    "from core.services.training.placement import RowsToRead\n"
    "from core.services.training.publish import Publication\n"
    "from core.services.training.train import open_split, requested_candidate, train_on_split",
    "params = {'n_estimators': int(sys.argv[2])} if sys.argv[2] else {}\n"
    f"command = TrainCommand(model_type=sys.argv[1], target_column={TARGET!r}, params=params)\n"
    "workspace, file_id = container().workspace('default'), sys.argv[3]\n"
    "read = RowsToRead(int(sys.argv[4]), then_all=bool(sys.argv[5]))\n"
    "dataset, data = open_split(workspace, file_id, command.target_column, 0.2, rows_to_read=lambda _: read)\n"
    "one, columns = requested_candidate(command), dataset.columns\n"
    "forecast = expected_bytes([one], read.rows, columns)\n"
    "if read.then_all: forecast = bytes_with_parts([one], [one], read.rows, dataset.rows, columns)\n"
    "trained = train_on_split(Publication(workspace.models, dataset, 0.2), data, command, 'parts')\n"
    "answer = {'forecast': forecast, 'version': trained.version, 'rows': trained.dataset.rows_train}",
)
JUDGE = (
    f"{SETUP}\nfrom core.services.retraining.serving_model import ServingModel\n"
    "from core.services.training.join_files import open_as",
    "workspace = container().workspace('default')\n"
    "model = ServingModel.load(workspace, 'parts', int(sys.argv[1]))\n"
    "answer = model.metrics(open_as(workspace, sys.argv[2], model.manifest).frame)['rmse']",
)


def measure(
    quick: bool,
    rows: str | None,
    types: str | None,
    trees: str | None,
    memory: str | None,
    shape: str | None,
    parts: str | None,
) -> Iterator[Figure]:
    """Yield the peak memory of each step by byte of the file; the detail has its seconds."""
    count = int(rows) if rows else QUICK_ROWS if quick else ROWS
    with bucket() as home:
        source = home / "large.csv"
        write_table(source, count, shape or "mixed")
        size = source.stat().st_size
        os.environ["REGATTA_MAX_FILE_BYTES"] = str(max(size, 2 << 30))
        os.environ["REGATTA_TRAINING_MEMORY_BYTES"] = str(int(float(memory or 0) * (1 << 30)))
        ingested = ProcessTimer(*INGEST, str(source))
        seconds = ingested()
        detail = f"{seconds:,.1f} s, peak {ingested.peak_mb:,.0f} MiB of {size >> 20:,} MiB"
        peak = ingested.peak_mb * (1 << 20)
        yield at_most(f"ingest {count:,} rows: peak / file + process", peak / (size + INGEST_PROCESS), 1.0, detail)
        if parts:
            other = home / "other.csv"
            write_table(other, OTHER_ROWS, shape or "mixed", OTHER_SEED)
            file_ids = [ingested.results[-1]["answer"], _answer(ProcessTimer(*INGEST, str(other)))]
            for name in types.split(",") if types else PARTS_TYPES:
                yield from _compare_in_parts(name, _trees(name, trees), file_ids, int(parts))
            return
        for name in types.split(",") if types else MODEL_TYPES:
            trained = ProcessTimer(*TRAIN, name, _trees(name, trees))
            seconds, answer = trained(), trained.results[-1]["answer"]
            forecast = answer.pop("forecast")
            detail = f"{seconds:,.1f} s, peak {trained.peak_mb:,.0f} MiB, forecast {forecast >> 20:,}; {answer}"
            ratio = trained.peak_mb * (1 << 20) / forecast
            yield at_most(f"train {name}, {count:,} rows: peak / forecast", ratio, FORECAST, detail)


def _compare_in_parts(name: str, trees: str, file_ids: list[str], rows: int) -> Iterator[Figure]:
    """Yield the peak of learning in parts by its forecast, and the error by that of the rows in memory alone.

    `file_ids` are the file that is learned from and the one that is predicted, `rows` those in memory.
    """
    learned, other = file_ids
    errors, details = [], []
    for in_parts in ("", "parts"):
        timer = ProcessTimer(*PARTS, name, trees, learned, str(rows), in_parts)
        seconds, answer = timer(), timer.results[-1]["answer"]
        errors.append(_answer(ProcessTimer(*JUDGE, str(answer["version"]), other)))
        forecast = answer["forecast"] >> 20
        learned_from = f"{answer['rows']:,} rows, {seconds:,.1f} s"
        details.append(f"{learned_from}, peak {timer.peak_mb:,.0f} MiB, forecast {forecast:,}, RMSE {errors[-1]:.5f}")
        ratio = timer.peak_mb * (1 << 20) / answer["forecast"]
        what = "in parts" if in_parts else "in memory"
        yield at_most(f"train {name} {what}: peak / forecast", ratio, FORECAST, details[-1])
    yield at_most(f"{name}: error in parts / in memory", errors[1] / errors[0], NO_WORSE, f"{OTHER_ROWS:,} other rows")


def _answer(timer: ProcessTimer) -> Any:
    """Run a timer once, and return the answer of its work."""
    timer()
    return timer.results[-1]["answer"]


def _trees(name: str, trees: str | None) -> str:
    """Return the number of trees for a regressor that has some, else an empty text."""
    return trees if trees and "n_estimators" in regressor(name).build({}).get_params() else ""


def write_table(path: Path, rows: int, shape: str, seed: int = 24) -> None:
    """Write a CSV of so many rows and one of `SHAPES`; a row has about 200 bytes where it is mixed."""
    random = np.random.default_rng(seed)
    with path.open("wb") as file:
        writer: csv.CSVWriter | None = None
        for start in range(0, rows, BLOCK_ROWS):
            block = _block(random, start, min(BLOCK_ROWS, rows - start), *SHAPES[shape])
            writer = writer or csv.CSVWriter(file, block.schema)
            writer.write_batch(block)
        assert writer is not None
        writer.close()


def _block(
    random: np.random.Generator, start: int, rows: int, numbers: int, dates: int, levels: tuple[int, ...]
) -> pa.RecordBatch:
    """Return rows of the table from the row `start` on."""
    measures = {f"measure_{i}": np.round(random.normal(100 * i, 20, rows), 6 if i < 6 else 2) for i in range(numbers)}
    measures["measure_3"][random.random(rows) < 0.05] = np.nan
    codes = {f"kind_{i}": random.integers(0, count, rows) for i, count in enumerate(levels)}
    begun = np.datetime64("2020-01-01T00:00:00", "s") + (np.arange(start, start + rows) * 7).astype("timedelta64[s]")
    days = (begun + random.integers(1, 30, rows) * 86_400).astype("datetime64[D]")
    price = measures["measure_1"] + 30 * np.sin(measures["measure_2"] / 20) + random.normal(0, 10, rows)
    for code, count in zip(codes.values(), levels, strict=True):
        price = price + 20 * code / count
    texts = {
        name: pa.array([f"{name}_{code:03d}" for code in range(count)]).take(pa.array(codes[name]))
        for name, count in zip(codes, levels, strict=True)
    }
    times = {"sold_at": pa.array(begun).cast(pa.string()), "delivered": pa.array(days)}
    return pa.record_batch(
        {
            **dict(list(times.items())[:dates]),
            **{name: pa.array(values, from_pandas=True) for name, values in measures.items()},
            **texts,
            TARGET: np.round(price, 2),
        }
    )


OPTIONS = {
    "rows": f"rows of the table (default: {ROWS:,})",
    "types": "regressors that are trained, separated by commas",
    "trees": "n_estimators of those that have it",
    "parts": "rows in memory, to compare learning from all in parts with learning from these",
    "shape": f"shape of the table: {', '.join(SHAPES)} (default: mixed)",
    "memory": "GiB that a training may use (default: what the machine has)",
}

if __name__ == "__main__":
    sys.exit(run("A table that outgrows a function", measure, options=OPTIONS))
