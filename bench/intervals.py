"""How often true values are between the bounds of `interval=`, in each fifth of the predictions, and how wide they are.

Models are winners of short portfolio searches. The rows are a fifth of each table that no search has seen, because the
holdout of a large table calibrates the spread.
"""

import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import numpy as np
import pandas as pd

from bench._bucket import bucket
from bench._events import discard_logs
from bench._quality_cases import TABLES
from bench._report import Figure, at_most, run
from core.array_types import Floats
from tests.support.storage import home

LEVELS = (0.8, 0.9, 0.95)
FIFTHS = 5
# The level whose fifths and widths are figures; the table shows the others as well.
SHOWN = 0.9
# Up to so many rows, so many splits: the share inside of 80 rows is off by 3 points by chance alone.
SPLITS = ((1_000, 8), (10_000, 3), (sys.maxsize, 1))
QUICK_TABLES, QUICK_SPLITS = ("concrete", "taxis"), 2
TEST_SIZE, SECONDS = 0.2, 10.0
# How far coverage may be from the level, over all rows and over a fifth, and the mean width as a multiple of today's.
COVERAGE_OFF, FIFTH_OFF, WIDTH = 0.02, 0.05, 1.0


@dataclass(frozen=True)
class Rows:
    """The held-out rows of one split: by level the share inside and the half widths, adaptive and of equal width."""

    method: str
    predicted: Floats
    errors: Floats
    half_widths: dict[float, Floats]
    equal: dict[float, float]

    def covered(self, level: float, *, equal: bool = False) -> Floats:
        """Return the share inside of each fifth of the predictions, and of all rows at the end, (6,)."""
        inside = self.errors <= (self.equal if equal else self.half_widths)[level]
        fifths = np.array_split(np.argsort(self.predicted, kind="stable"), FIFTHS)
        return np.array([*(inside[rows].mean() for rows in fifths), inside.mean()])

    def width(self, level: float) -> float:
        """Return the mean width as a multiple of the equal one."""
        return float(np.mean(self.half_widths[level]) / self.equal[level])


def measure(quick: bool, tables: str | None = None) -> Iterator[Figure]:
    """Yield the figures of each table, and print a line of a table in Markdown for it."""
    lines, widths = [], []
    chosen = tables_of(Path(tables)) if tables else {name: (csv, target, []) for name, (csv, target) in TABLES.items()}
    with bucket() as folder:
        discard_logs()
        for name, (csv, target, dropped) in chosen.items():
            if quick and not tables and name not in QUICK_TABLES:
                continue
            splits = list(_splits(folder, name, pd.read_csv(csv).drop(columns=dropped), target, quick))
            lines.append(_line(name, splits))
            covered = np.mean([split.covered(SHOWN) for split in splits], axis=0) - SHOWN
            detail = ", ".join(f"{SHOWN + off:.3f}" for off in covered)
            yield at_most(f"{name}: coverage off at {SHOWN:g}", abs(covered[-1]), COVERAGE_OFF, detail)
            equal = np.mean([split.covered(SHOWN, equal=True) for split in splits], axis=0) - SHOWN
            worst = f"with equal width {np.abs(equal[:-1]).max():.3f}, and all rows {SHOWN + equal[-1]:.3f}"
            yield at_most(f"{name}: the worst fifth off", float(np.abs(covered[:-1]).max()), FIFTH_OFF, worst)
            widths.append(mean(split.width(SHOWN) for split in splits))
            yield at_most(f"{name}: mean width / equal width", widths[-1], WIDTH, splits[0].method)
    yield at_most("mean width / equal width, all tables", mean(widths), WIDTH, "")
    print("\n".join(["", *HEAD, *lines]))


def tables_of(folder: Path) -> dict[str, tuple[Path, str, list[str]]]:
    """Return by name the file, the target and the columns to drop of the tables that `tables.toml` names."""
    entries = tomllib.loads((folder / "tables.toml").read_text())
    return {name: (folder / one["file"], one["target"], one.get("drop", [])) for name, one in entries.items()}


def _splits(folder: Path, name: str, whole: pd.DataFrame, target: str, quick: bool) -> Iterator[Rows]:
    """Search a model for each split of a table, and yield its held-out rows."""
    from core.inference.intervals import interval_of
    from core.inference.model_file import ModelFile
    from core.jobs.commands import CompareCommand
    from core.services.processing.ingest import ingest
    from core.services.training.compare import compare_models

    for seed in range(QUICK_SPLITS if quick else next(splits for rows, splits in SPLITS if len(whole) <= rows)):
        path, held_out = folder / f"{name}-{seed}.csv", folder / "held-out.csv"
        shuffled = whole.dropna(subset=[target]).sample(frac=1, random_state=seed)
        count = int(TEST_SIZE * len(shuffled))
        actual = shuffled[target].iloc[:count].to_numpy(np.float64)
        shuffled.iloc[:count].to_csv(held_out, index=False)
        shuffled.iloc[count:].to_csv(path, index=False)
        file_id = ingest(home(), path.name, path).file_id
        path.unlink()
        command = CompareCommand(target_column=target, file_id=file_id, ensemble=True, time_limit=SECONDS)
        best = compare_models(home(), command)["best"]
        model = ModelFile.loaded(home().models.load(best["model_name"], best["version"]).graph)
        intervals = {level: model.card.interval(level) for level in LEVELS}
        predicted = model.predict_csv(held_out, spread=intervals[SHOWN].is_adaptive)
        spreads = np.ones(1) if predicted.spreads is None else predicted.spreads
        quantiles, rows = model.card.interval_quantiles, model.card.rows_train
        yield Rows(
            intervals[SHOWN].method,
            predicted.values,
            np.abs(actual - predicted.values),
            {level: found.half_width * spreads for level, found in intervals.items()},
            {level: float(interval_of(quantiles, level, rows).half_width) for level in LEVELS},
        )


HEAD = (
    "| table | method | inside at 80, 90, 95 % | fifths at 90 % | fifths at equal width | mean width at 80, 90, 95 % |",
    "| --- | --- | --- | --- | --- | --- |",
)


def _line(name: str, splits: Sequence[Rows]) -> str:
    """Return the table's line: coverage, the least and the most covered fifth, and the width relative to the equal."""
    inside = {level: np.mean([split.covered(level) for split in splits], axis=0) for level in LEVELS}
    equal = np.mean([split.covered(SHOWN, equal=True) for split in splits], axis=0)[:-1]
    widths = [np.mean([split.width(level) for split in splits]) for level in LEVELS]
    methods = sorted({split.method for split in splits})
    cells = [
        name,
        " or ".join(method.replace("_", " ") for method in methods),
        ", ".join(f"{100 * inside[level][-1]:.1f}" for level in LEVELS),
        f"{100 * inside[SHOWN][:-1].min():.0f} to {100 * inside[SHOWN][:-1].max():.0f}",
        f"{100 * equal.min():.0f} to {100 * equal.max():.0f}",
        ", ".join(f"{width:.2f}" for width in widths),
    ]
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    options = {
        "tables": "measure the tables that tables.toml in this folder names, instead of those of bench/quality.py"
    }
    sys.exit(run("Coverage and width of prediction intervals", measure, options=options))
