"""The seconds of a portfolio search, storing included, as a multiple of its time limit, on tables of many shapes."""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench._bucket import bucket
from bench._report import Figure, at_most, run

SECONDS, QUICK_SECONDS = 10.0, 5.0
# The target of each ratio: this share of the limit beyond it, or so many seconds if that is more.
OVER_SHARE, OVER_SECONDS = 0.15, 1.0
TARGET = "y"


def measure(quick: bool) -> Iterator[Figure]:
    """Yield every figure."""
    with bucket() as folder:
        yield from time_limits(folder, QUICK_SECONDS if quick else SECONDS)


def time_limits(folder: Path, seconds: float) -> Iterator[Figure]:
    """Compare the seconds of a portfolio search with its limit on a table of each of the `SHAPES`."""
    for name in SHAPES:
        taken, best = timed_search(upload(folder, name), seconds)
        detail = f"{taken:.1f} s / {seconds:g} s, R2 {best['metrics']['r2']:.4f} by {best['model_type']}"
        yield at_most(f"{name}: seconds / time_limit", taken / seconds, most(seconds), detail)


def most(seconds: float) -> float:
    """Return what a search may take at the most, as a multiple of its time limit."""
    return 1 + max(OVER_SHARE, OVER_SECONDS / seconds)


def upload(folder: Path, name: str) -> str:
    """Store the table of one of the `SHAPES`; return the id of its file."""
    from core.services.processing.ingest import ingest
    from tests.support.storage import home

    SHAPES[name](np.random.default_rng(0)).to_csv(path := folder / "limited.csv", index=False)
    file_id = ingest(home(), path.name, path).file_id
    path.unlink()
    return file_id


def timed_search(file_id: str, seconds: float) -> tuple[float, dict[str, Any]]:
    """Search the portfolio on a stored table; return the seconds that it took, and its winner."""
    from core.jobs.commands import CompareCommand
    from core.services.training.compare import compare_models
    from tests.support.storage import home

    begun = time.perf_counter()
    command = CompareCommand(target_column=TARGET, file_id=file_id, ensemble=True, time_limit=seconds)
    best = compare_models(home(), command)["best"]
    return time.perf_counter() - begun, best


def _numbers(random: np.random.Generator, rows: int, columns: int) -> pd.DataFrame:
    """Return a table of normal numbers; its target depends on the first two columns."""
    values = random.normal(size=(rows, columns)).round(4)
    target = values[:, 0] + np.sin(3 * values[:, min(1, columns - 1)]) + 0.3 * random.normal(size=rows)
    return pd.DataFrame(values, columns=[f"x{place}" for place in range(columns)]).assign(y=target.round(4))


def _categories(random: np.random.Generator, rows: int, columns: int, levels: int) -> pd.DataFrame:
    """Return a table of texts; its target depends on those of the first column."""
    codes = random.integers(0, levels, (rows, columns))
    effects = random.normal(size=levels)
    texts = {f"c{place}": [f"level {code}" for code in codes[:, place]] for place in range(columns)}
    return pd.DataFrame(texts).assign(y=(effects[codes[:, 0]] + 0.3 * random.normal(size=rows)).round(4))


def _mostly_empty(random: np.random.Generator) -> pd.DataFrame:
    """Return 200 columns, 190 of them without any value."""
    table = _numbers(random, 2_000, 200)
    table.iloc[:, 10:200] = np.nan
    return table


SHAPES: dict[str, Callable[[np.random.Generator], pd.DataFrame]] = {
    "50 x 5": lambda random: _numbers(random, 50, 5),
    "20 x 1": lambda random: _numbers(random, 20, 1),
    "1,000 x 20": lambda random: _numbers(random, 1_000, 20),
    "10,000 x 10": lambda random: _numbers(random, 10_000, 10),
    "3,000 x 200": lambda random: _numbers(random, 3_000, 200),
    "2,000 x 200, 190 empty": _mostly_empty,
    "5,000 x 20 texts of 30 levels": lambda random: _categories(random, 5_000, 20, 30),
    "20,000 x 5 texts of 5,000 levels": lambda random: _categories(random, 20_000, 5, 5_000),
    "100,000 x 20": lambda random: _numbers(random, 100_000, 20),
    "1,000,000 x 8": lambda random: _numbers(random, 1_000_000, 8),
}


if __name__ == "__main__":
    sys.exit(run("The time limit of a search", measure))
