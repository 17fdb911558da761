"""A comparison whose trials one worker fits, and two on a core each: how much sooner the trials of two are done."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

import pandas as pd

from bench._bucket import bucket
from bench._events import discard_logs
from bench._process_timer import ProcessTimer
from bench._report import Figure, at_least, paired, run
from core.machine_limits import available_cores
from core.services.processing.ingest import ingest
from tests.support.storage import home

HOUSES = Path(__file__).parent.parent / "examples" / "california_housing.csv"
ROWS, QUICK_ROWS = 8_000, 3_000
WORKERS = 2

# The targets: seconds of one worker / of two, for the trials and from the start to the result. The folds are prepared,
# and the models refitted, by one worker.
TRIALS, WHOLE = 1.6, 1.2

IMPORTS = """
import os
from core.errors import ConflictError
from core.jobs.commands import CompareCommand
from core.progress import ignore_progress
from core.services.handlers import DIVIDED
from tests.support.storage import home
file_id, job_id, core = sys.argv[1], sys.argv[2], int(sys.argv[3])
os.sched_setaffinity(0, {core})
command = CompareCommand(target_column="median_house_value", file_id=file_id, parallel=True)
how, tasks = DIVIDED[CompareCommand], home().tasks
"""
DIVIDE = """
tasks.divide(job_id, how.divide(home(), command, ignore_progress, job_id))
answer = None
"""
# A worker takes the next trial that nobody has, as those of a server do.
TASKS = """
division, answer = tasks.division(job_id), []
for number in range(division.tasks):
    try:
        tasks.take(job_id, number, f"core {core}", 600)
    except ConflictError:
        continue
    tasks.mark_done(job_id, number, how.run_task(home(), command, division, number, ignore_progress, job_id))
    answer.append(number)
"""
FINISH = """
division = tasks.division(job_id)
result = how.finish(home(), command, division, tasks.outputs(job_id, division), ignore_progress, job_id)
answer = [row["cross_validation"] for row in result["results"]]
"""


def measure(quick: bool) -> Iterator[Figure]:
    """Yield the figures, on a machine that has two cores."""
    if available_cores() < WORKERS:
        return
    with bucket() as folder:
        discard_logs()
        rows = QUICK_ROWS if quick else ROWS
        file_id = store_houses(folder / "houses.csv", rows)
        one, two = Comparison(file_id, 1), Comparison(file_id, WORKERS)
        pair = paired(one, two, rounds=3)
        if one.scores != two.scores:
            raise AssertionError("Two workers have other scores than one.")
        trials = median(alone / shared for alone, shared in zip(one.trial_seconds, two.trial_seconds, strict=True))
        sides = f"{median(one.trial_seconds):.2f} s / {median(two.trial_seconds):.2f} s"
        yield at_least(f"trials on {rows:,} rows, seconds of one worker / of two", trials, TRIALS, sides)
        sides = f"{pair.ours:.2f} s / {pair.theirs:.2f} s"
        yield at_least("with folds, refit and storing", pair.ratio, WHOLE, sides)


def store_houses(path: Path, rows: int) -> str:
    """Store rows of California housing and return their file_id."""
    pd.read_csv(HOUSES).sample(rows, random_state=0).to_csv(path, index=False)
    return ingest(home(), path.name, path).file_id


class Comparison:
    """A timer of a comparison that so many workers share; the start of their processes does not count."""

    def __init__(self, file_id: str, workers: int) -> None:
        self._file_id, self._workers = file_id, workers
        # Of each run the seconds of its trials alone.
        self.trial_seconds: list[float] = []
        # Of the last run the scores of each model.
        self.scores: Any = None

    def __call__(self) -> float:
        """Prepare the folds, fit the trials side by side, and finish; return the seconds."""
        job_id = uuid4().hex[:12]
        begin, *at_work, end = (
            ProcessTimer(IMPORTS, work, self._file_id, job_id, str(core))
            for work, core in [(DIVIDE, 0), *((TASKS, core) for core in range(self._workers)), (FINISH, 0)]
        )
        seconds = begin()
        with ThreadPoolExecutor(self._workers) as threads:
            self.trial_seconds.append(max(threads.map(ProcessTimer.__call__, at_work)))
        seconds += self.trial_seconds[-1] + end()
        self.scores = end.results[-1]["answer"]
        home().tasks.delete(job_id)
        return seconds


if __name__ == "__main__":
    sys.exit(run("Trials side by side", measure))
