"""How often true values are between the bounds of `interval=`, in each fifth of the predictions, and how wide they are.

Models are winners of short portfolio searches. The rows are a fifth of each table that no search has seen, drawn anew
for each split. With each share stand the bounds of 95 % that chance alone gives it, and a miss that is within them is
said to be within sampling error: it fails all the same.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import beta

from bench._bucket import bucket
from bench._events import discard_logs
from bench._quality_cases import known_tables
from bench._report import Figure, at_least, at_most, run
from core.array_types import Floats
from tests.support.storage import home

LEVELS = (0.8, 0.9)
FIFTHS = 5
# Up to so many rows, so many splits: the share inside of 80 rows is off by 3 points by chance alone.
SPLITS = ((2_000, 8), (10_000, 4), (sys.maxsize, 2))
QUICK_TABLES, QUICK_SPLITS = ("concrete", "taxis"), 2
TEST_SIZE, SECONDS = 0.2, 10.0
# How far coverage may be from the level, over all rows and over a fifth, and the mean width as a multiple of the equal.
COVERAGE_OFF, FIFTH_OFF, WIDTH = 0.02, 0.05, 1.0
# The chance that a share lies outside of its bounds.
DOUBT = 0.05


@dataclass(frozen=True)
class HeldOut:
    """The held-out rows of one split: by level the half widths, of the model's bounds and of equally wide ones."""

    method: str
    predicted: Floats
    errors: Floats
    half_widths: dict[float, Floats]
    equal: dict[float, float]

    def inside(self, level: float, *, equal: bool = False) -> list[NDArray[np.bool_]]:
        """Return whether the value of each row is inside, by fifth of the predictions."""
        inside = self.errors <= (self.equal if equal else self.half_widths)[level]
        return [inside[rows] for rows in np.array_split(np.argsort(self.predicted, kind="stable"), FIFTHS)]

    def width(self, level: float) -> float:
        """Return the mean width as a multiple of the equal one."""
        return float(np.mean(self.half_widths[level]) / self.equal[level])

    def width_by_fifth(self, level: float) -> float:
        """Return the mean width of bounds that hold in each fifth as a multiple of that of bounds that hold in all.

        Both know these rows, and each is of equal width.
        """
        fifths = np.array_split(self.errors[np.argsort(self.predicted, kind="stable")], FIFTHS)
        return float(np.mean([np.quantile(fifth, level) for fifth in fifths]) / np.quantile(self.errors, level))


@dataclass(frozen=True)
class Share:
    """The `share` inside of rows of which so many are different; splits of one table share rows."""

    share: float
    rows: float

    def bounds(self, doubt: float = DOUBT) -> tuple[float, float]:
        """Return between what the true share lies but for a `doubt`: Clopper and Pearson, Biometrika 26 (1934)."""
        inside, outside = self.share * self.rows, (1 - self.share) * self.rows
        lower = beta.ppf(doubt / 2, inside, outside + 1) if inside else 0.0
        upper = beta.ppf(1 - doubt / 2, inside + 1, outside) if outside else 1.0
        return float(lower), float(upper)

    def detail(self, level: float, tolerated: float, doubt: float = DOUBT) -> str:
        """Return the share with its bounds, and whether a miss is within sampling error."""
        lower, upper = self.bounds(doubt)
        missed = abs(self.share - level) > tolerated
        by_chance = missed and lower <= level + tolerated and upper >= level - tolerated
        return f"{self.share:.3f} ({lower:.3f} to {upper:.3f})" + (", within sampling error" if by_chance else "")


@dataclass(frozen=True)
class Table:
    """What the splits of one table have shown; it has so many `rows`."""

    name: str
    rows: int
    splits: Sequence[HeldOut]

    def fifths(self, level: float, *, equal: bool = False) -> list[Share]:
        """Return the share inside of each fifth of the predictions, the smallest ones first."""
        by_split = [split.inside(level, equal=equal) for split in self.splits]
        of_fifths = [np.concatenate(fifth) for fifth in zip(*by_split, strict=True)]
        return [Share(float(rows.mean()), min(len(rows), self.rows / FIFTHS)) for rows in of_fifths]

    def whole(self, level: float, *, equal: bool = False) -> Share:
        """Return the share inside of all held-out rows."""
        inside = np.concatenate([np.concatenate(split.inside(level, equal=equal)) for split in self.splits])
        return Share(float(inside.mean()), min(len(inside), self.rows))

    def width(self, level: float) -> float:
        """Return the mean width as a multiple of the equal one, as the mean over the splits."""
        return mean(split.width(level) for split in self.splits)

    def width_by_fifth(self, level: float) -> float:
        """Return how wide bounds are that hold in each fifth, as the mean over the splits."""
        return mean(split.width_by_fifth(level) for split in self.splits)

    @property
    def methods(self) -> str:
        """Return how wide the bounds were, with the number of splits."""
        methods = [split.method.replace("_", " ") for split in self.splits]
        return ", ".join(f"{methods.count(method)} {method}" for method in sorted(set(methods)))

    def figures(self, level: float) -> Iterator[Figure]:
        """Yield how far the share inside is off, over all rows and in the worst fifth, and the width."""
        at, whole = f"at {level:.0%}", self.whole(level)
        equal = f"equal width {self.whole(level, equal=True).share:.3f}"
        detail = f"{whole.detail(level, COVERAGE_OFF)}; {equal}"
        yield at_most(f"{self.name}: inside, off {at}", abs(whole.share - level), COVERAGE_OFF, detail)
        worst = max(self.fifths(level), key=lambda fifth: abs(fifth.share - level))
        # One of five is the worst.
        equal = f"equal width {_off(self.fifths(level, equal=True), level):.3f}"
        detail = f"{worst.detail(level, FIFTH_OFF, DOUBT / FIFTHS)}; {equal}"
        yield at_most(f"{self.name}: the worst fifth, off {at}", abs(worst.share - level), FIFTH_OFF, detail)
        by_fifth = f"{self.methods}; bounds that hold in each fifth {self.width_by_fifth(level):.3f}"
        yield at_most(f"{self.name}: mean width / equal {at}", self.width(level), WIDTH, by_fifth)


def _off(shares: Sequence[Share], level: float) -> float:
    """Return how far the worst of the shares is off."""
    return max(abs(share.share - level) for share in shares)


def measure(
    quick: bool, tables: str | None = None, splits: str | None = None, seconds: str | None = None
) -> Iterator[Figure]:
    """Yield the figures of each table and those of the issue over all tables; print a table of them in Markdown."""
    measured = []
    with bucket() as folder:
        discard_logs()
        for name, source in known_tables(Path(tables) if tables else None).items():
            if quick and not tables and name not in QUICK_TABLES:
                continue
            whole = pd.read_csv(source.csv).drop(columns=list(source.drop)).dropna(subset=[source.target])
            count = QUICK_SPLITS if quick else next(number for rows, number in SPLITS if len(whole) <= rows)
            searched = _searched(folder, name, whole, source.target, int(splits or count), float(seconds or SECONDS))
            measured.append(Table(name, len(whole), list(searched)))
            for level in LEVELS:
                yield from measured[-1].figures(level)
    yield from _over_all(measured)
    print("\n".join(["", *HEAD, *map(_line, measured)]))


def _over_all(measured: Sequence[Table]) -> Iterator[Figure]:
    """Yield on how many tables bounds hold what they say, and the mean width over all tables."""
    for level in LEVELS:
        whole = sum(abs(table.whole(level).share - level) <= COVERAGE_OFF for table in measured)
        yield at_least(f"tables within 2 points at {level:.0%}", whole, len(measured), "")
        fifths = sum(_off(table.fifths(level), level) <= FIFTH_OFF for table in measured)
        yield at_least(f"tables whose fifths are within 5 at {level:.0%}", fifths, len(measured), "")
        width = mean(table.width(level) for table in measured)
        by_fifth = mean(table.width_by_fifth(level) for table in measured)
        detail = f"bounds that hold in each fifth {by_fifth:.3f}"
        yield at_most(f"mean width / equal, all tables at {level:.0%}", width, WIDTH, detail)


def _searched(
    folder: Path, name: str, whole: pd.DataFrame, target: str, splits: int, seconds: float
) -> Iterator[HeldOut]:
    """Search a model for each split of a table, and yield its held-out rows."""
    from core.inference.intervals import interval_of
    from core.inference.model_file import ModelFile
    from core.jobs.commands import CompareCommand
    from core.services.processing.ingest import ingest
    from core.services.training.compare import compare_models

    for seed in range(splits):
        path, held_out = folder / f"{name}-{seed}.csv", folder / "held-out.csv"
        shuffled = whole.sample(frac=1, random_state=seed)
        count = int(TEST_SIZE * len(shuffled))
        actual = shuffled[target].iloc[:count].to_numpy(np.float64)
        shuffled.iloc[:count].to_csv(held_out, index=False)
        shuffled.iloc[count:].to_csv(path, index=False)
        file_id = ingest(home(), path.name, path).file_id
        path.unlink()
        command = CompareCommand(target_column=target, file_id=file_id, ensemble=True, time_limit=seconds)
        best = compare_models(home(), command)["best"]
        model = ModelFile.loaded(home().models.load(best["model_name"], best["version"]).graph)
        intervals = {level: model.card.interval(level) for level in LEVELS}
        method = intervals[LEVELS[0]].method
        predicted = model.predict_csv(held_out, spread=intervals[LEVELS[0]].is_adaptive)
        spreads = np.ones(1) if predicted.spreads is None else predicted.spreads
        quantiles, rows = model.card.interval_quantiles, model.card.rows_train
        yield HeldOut(
            method,
            predicted.values,
            np.abs(actual - predicted.values),
            {level: found.half_width * spreads for level, found in intervals.items()},
            {level: float(interval_of(quantiles, level, rows).half_width) for level in LEVELS},
        )


HEAD = (
    "| table | splits | inside at 80, 90 % | fifths at 80 % | fifths at 90 % | equal width | width at 80, 90 % |",
    "| --- | --- | --- | --- | --- | --- | --- |",
)


def _line(table: Table) -> str:
    """Return the table's line: coverage, the least and the most covered fifth, and the width relative to the equal."""

    def span(level: float, *, equal: bool = False) -> str:
        shares = [100 * fifth.share for fifth in table.fifths(level, equal=equal)]
        return f"{min(shares):.0f} to {max(shares):.0f}"

    cells = [
        table.name,
        table.methods,
        ", ".join(f"{100 * table.whole(level).share:.1f}" for level in LEVELS),
        *(span(level) for level in LEVELS),
        ", ".join(span(level, equal=True) for level in LEVELS),
        ", ".join(f"{table.width(level):.2f}" for level in LEVELS),
    ]
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    options = {
        "tables": "measure the tables that tables.toml in this folder names, instead of those of bench/quality.py",
        "splits": "so many splits of each table, instead of 8 up to 2,000 rows, 4 up to 10,000 and 2 above",
        "seconds": "the time limit of a search, instead of 10",
    }
    sys.exit(run("Coverage and width of prediction intervals", measure, options=options))
