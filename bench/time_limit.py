"""The seconds of a portfolio search, storing included, as a multiple of its time limit."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

from bench._bucket import bucket
from bench._report import Figure, at_most, run

ROOT = Path(__file__).parent.parent
TABLES = {"examples/mpg.csv": "mpg", "examples/concrete.csv": "strength", "tests/data/taxis.csv": "total"}
SECONDS = 5.0

# The target of each ratio.
TIME = 1.15


def measure(quick: bool) -> Iterator[Figure]:
    """Yield every figure."""
    with bucket():
        for path, target in TABLES.items():
            worst = max(_search_seconds(ROOT / path, target) for _ in range(1 if quick else 3))
            name = f"search {Path(path).name}: time / time limit"
            yield at_most(name, worst / SECONDS, TIME, f"{worst:.2f} s / {SECONDS:g} s")


def _search_seconds(table: Path, target: str) -> float:
    """Return the seconds of one search on a stored dataset."""
    from core.jobs.commands import CompareCommand
    from core.services.processing.ingest import ingest
    from core.services.training.compare import compare_models
    from tests.support.storage import home

    file_id = ingest(home(), table.name, table).file_id
    command = CompareCommand(target_column=target, file_id=file_id, ensemble=True, time_limit=SECONDS)
    begun = time.perf_counter()
    compare_models(home(), command)
    return time.perf_counter() - begun


if __name__ == "__main__":
    sys.exit(run("The time limit of a search", measure))
