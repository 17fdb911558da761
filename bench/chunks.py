"""Two million stored rows predicted in chunks: their overhead, two workers beside one, the memory of one, the merge."""

import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from uuid import uuid4

import boto3
import httpx
import pandas as pd
import psutil

from bench._bucket import bucket
from bench._events import discard_logs
from bench._load import HOST
from bench._process_timer import ProcessTimer, peak_memory
from bench._report import Figure, at_least, at_most, once, paired, run
from bench.load import served
from core.machine_limits import available_cores
from core.settings import load
from core.storage.s3.joined import LEAST_PART_BYTES, StoredPiece, join_objects
from tests.support.sqs import jobs_queue
from tests.support.storage import home

HOUSES = Path(__file__).parent.parent / "examples" / "california_housing.csv"
TARGET = "median_house_value"
MODEL = "houses"
ROWS, QUICK_ROWS = 2_000_000, 1_000_000
# Besides the chunks of the default size, two workers have twenty.
SHARED_CHUNKS = 20
# How often the memory of a server is looked at.
LOOK_SECONDS = 0.1
PARTS = 100

# The targets: overhead of chunks, speed of two workers, MiB of a worker, seconds of a merge.
OVERHEAD, TWICE, MEMORY, MERGE_SECONDS = 1.15, 1.7, 400, 2.0

IMPORTS = """
import os
from core.jobs.commands import ExportTableCommand
from core.progress import ignore_progress
from core.services.handlers import DIVIDED
from core.services.table_prediction.export_table import export_table
from core.storage.task_repository import Division
from tests.support.storage import home
file_id, job_id, first, step = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:5])
command = ExportTableCommand(model_name="houses", file_id=file_id)
how = DIVIDED[ExportTableCommand]
"""
WHOLE = "answer = export_table(home(), command, ignore_progress)['size_bytes']"
DIVIDE = """
division = how.divide(home(), command, ignore_progress, job_id)
home().tasks.divide(job_id, division)
answer = division.tasks
"""
# Each worker has every second task, as long as there are any, and one core. It has loaded what the functions load that
# carry out tasks, by the state machine and by SQS.
TASKS = """
division = home().tasks.division(job_id)
for number in range(first, division.tasks, step):
    facts = how.run_task(home(), command, division, number, ignore_progress, job_id)
    home().tasks.mark_done(job_id, number, facts)
answer = division.tasks
"""
FINISH = """
division = home().tasks.division(job_id)
outputs = home().tasks.outputs(job_id, division)
answer = how.finish(home(), command, division, outputs, ignore_progress, job_id)["size_bytes"]
"""
FUNCTIONS = "import functions.tasks.handler, functions.worker.handler\n"
PINNED = "os.sched_setaffinity(0, {first})\n"
# As in template.yaml for the worker.
WORKER = {"ARROW_DEFAULT_MEMORY_POOL": "system"}


def measure(quick: bool) -> Iterator[Figure]:
    """Yield the figures: of the merge, then of a stored table that one and two workers predict."""
    with bucket() as folder:
        discard_logs()
        yield merge(rounds=3 if quick else 9)
        rows = QUICK_ROWS if quick else ROWS
        file_id = store_houses(folder / "houses.csv", rows)
        yield from overhead(file_id, rows, rounds=1 if quick else 3)
        if available_cores() > 1:
            yield two_workers(file_id, rows, rounds=1 if quick else 3)
        yield from servers(folder, file_id)


def store_houses(path: Path, rows: int) -> str:
    """Train a forest on California housing, store rows drawn from it, and return the file_id of these."""
    from core.jobs.commands import TrainCommand
    from core.services.processing.ingest import ingest
    from core.services.training.train import train_model

    small = ingest(home(), HOUSES.name, HOUSES).file_id
    train_model(home(), TrainCommand(model_type="random_forest", target_column=TARGET, file_id=small, model_name=MODEL))
    pd.read_csv(HOUSES).sample(rows, replace=True, random_state=0).to_csv(path, index=False)
    return ingest(home(), path.name, path).file_id


def merge(rounds: int) -> Figure:
    """Join parts of the least size that S3 copies, on the emulator."""
    objects = home().objects
    keys = [f"default/bench/{number}" for number in range(PARTS)]
    for key in keys:
        objects.put(key, bytes(LEAST_PART_BYTES))
    pieces = [StoredPiece(key, 0, LEAST_PART_BYTES) for key in keys]
    join = once(lambda: join_objects(objects, "default/bench/whole", pieces, "text/csv"))
    seconds = median(join() for _ in range(rounds))
    objects.delete([*keys, "default/bench/whole"])
    return at_most(f"{PARTS} parts joined, seconds", seconds, MERGE_SECONDS, f"{PARTS * LEAST_PART_BYTES >> 20} MiB")


def overhead(file_id: str, rows: int, rounds: int) -> Iterator[Figure]:
    """Compare chunks of the default size, one after the other, with the table in one piece, each in one process."""
    in_one_piece = ProcessTimer(IMPORTS, WHOLE, file_id, "whole", "0", "1", environment=WORKER)
    workers: list[ProcessTimer] = []
    in_chunks = _divided(file_id, load().chunk_rows, 1, workers)
    pair = paired(in_chunks, in_one_piece, rounds)
    sides = f"{pair.ours:.2f} s / {pair.theirs:.2f} s"
    yield at_most(f"{rows:,} rows in chunks, seconds / in one piece", pair.ratio, OVERHEAD, sides)
    peak = max(timer.peak_mb for timer in workers)
    yield at_most("peak memory of a function in MB", peak, MEMORY, f"{peak:.0f} MB")


def two_workers(file_id: str, rows: int, rounds: int) -> Figure:
    """Compare two workers with one, each on a core of its own, that share the chunks of a table."""
    one, two = (
        _divided(file_id, rows // SHARED_CHUNKS, workers, [], IMPORTS + FUNCTIONS + PINNED) for workers in (1, 2)
    )
    pair = paired(one, two, rounds)
    sides = f"{pair.ours:.2f} s / {pair.theirs:.2f} s"
    return at_least(f"{rows:,} rows, rows/s of two workers / of one", pair.ratio, TWICE, sides)


def servers(folder: Path, file_id: str) -> Iterator[Figure]:
    """Let the heavy processes of a `regatta serve` export the table, by the queue of the bucket and by SQS."""
    with jobs_queue(boto3.client("sqs", endpoint_url=load().s3_endpoint), "bench") as url:
        for queue, queue_url in (("the bucket's queue", ""), ("SQS", url)):
            peak = _peak_of_server(folder, queue_url, file_id)
            yield at_most(f"peak memory of a server's process in MB, {queue}", peak, MEMORY, f"{peak:.0f} MB")


def _peak_of_server(folder: Path, queue_url: str, file_id: str) -> float:
    """Return the most MiB that any process of a server took which exported the table; raises where it did not."""
    order = {"model_name": MODEL, "file_id": file_id, "format": "csv"}
    with served(folder, queue_url) as server, httpx.Client(base_url=f"http://{HOST}:{server.port}") as client:
        path = client.post("/predict/export", json=order).raise_for_status().headers["location"]
        peak = 0.0
        while (status := client.get(path).raise_for_status().json()["status"]) in ("queued", "running"):
            processes = psutil.Process(server.process.pid).children(recursive=True)
            peak = max(peak, *(peak_memory(process.pid) for process in processes))
            time.sleep(LOOK_SECONDS)
    if status != "succeeded":
        raise RuntimeError(f"the export has {status}")
    return peak


def _divided(
    file_id: str, chunk_rows: int, workers: int, timers: list[ProcessTimer], imports: str = IMPORTS + FUNCTIONS
) -> Callable[[], float]:
    """Return a timer: the seconds to divide a table, carry out its tasks by so many workers, and join their outputs.

    The start of the processes does not count. The timers of the workers are added to `timers`.
    """
    environment = {**WORKER, "REGATTA_CHUNK_ROWS": str(chunk_rows)}

    def run_job() -> float:
        job_id = uuid4().hex

        def timer(work: str, first: int = 0, step: int = 1) -> ProcessTimer:
            return ProcessTimer(imports, work, file_id, job_id, str(first), str(step), environment=environment)

        seconds: float = timer(DIVIDE)()
        at_work = [timer(TASKS, first, workers) for first in range(workers)]
        with ThreadPoolExecutor(workers) as threads:
            seconds += max(threads.map(ProcessTimer.__call__, at_work))
        timers.extend(at_work)
        seconds += timer(FINISH)()
        home().tasks.delete(job_id)
        return seconds

    return run_job


if __name__ == "__main__":
    sys.exit(run("Predictions in chunks", measure))
