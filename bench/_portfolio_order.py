"""The portfolio that the results teach: learned from all tables, or from all but the one that it is measured on."""

import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from unittest.mock import patch

from bench._portfolio_fits import SIZES
from bench._portfolio_grid import grid, name_of
from bench._portfolio_results import Gain, read
from core.automl import portfolio
from core.automl.preset import FILE, Preset

PORTFOLIO_CSV = Path(portfolio.__file__).parent / FILE
FIELDS = ("model_type", "target", "codes", "small", "medium", "large", "parameters")
# A table of the next size counts so much for what is expected, one of the same size 1.
NEXT_SIZE = 0.5
# What is expected to gain less is not raced.
LEAST_GAIN = 0.03


def expected_gains(results: Iterable[Gain], size: str, without: str | None = None) -> dict[str, float]:
    """Return by configuration the mean gain on tables of a size and of the next ones, but for the table left out.

    A table on which a configuration was not measured does not count for it.
    """
    place, total, counts = list(SIZES).index(size), defaultdict[str, float](float), defaultdict[str, float](float)
    for result in results:
        distance = abs(list(SIZES).index(result.size) - place)
        if distance <= 1 and result.table != without:
            total[result.configuration] += NEXT_SIZE**distance * result.gain
            counts[result.configuration] += NEXT_SIZE**distance
    means = {name: total[name] / counts[name] for name in total}
    return {name: gain for name, gain in means.items() if gain >= LEAST_GAIN}


def learned_portfolio(results: Sequence[Gain], without: str | None = None) -> tuple[Preset, ...]:
    """Return the presets with what they are expected to gain, those that gain most first."""
    by_size = [expected_gains(results, size, without) for size in SIZES]
    learned = []
    for name, preset in grid().items():
        small, medium, large = (round(gains.get(name, 0.0), 3) for gains in by_size)
        if any((small, medium, large)):
            learned.append(replace(preset, gains=(small, medium, large)))
    return tuple(sorted(learned, key=lambda preset: (-sum(preset.gains), name_of(preset))))


@contextmanager
def portfolio_without(table: str) -> Iterator[None]:
    """Let races of this process try the portfolio that is learned without this table.

    So its gains have not seen the table that it is measured on. One that has taught nothing is raced with the portfolio
    of the product.
    """
    learned = _learned_without(table)
    with patch.object(portfolio, "PORTFOLIO", learned or portfolio.PORTFOLIO):
        yield


@cache
def _learned_without(table: str) -> tuple[Preset, ...]:
    results = read()
    return learned_portfolio(results, table) if any(result.table == table for result in results) else ()


def write_portfolio(presets: Iterable[Preset]) -> None:
    """Write the presets as the file that the product reads."""
    with PORTFOLIO_CSV.open("w", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(FIELDS)
        for preset in presets:
            gains = [f"{gain:g}" for gain in preset.gains]
            codes = "codes" if preset.codes else ""
            lines.writerow([preset.model_type, preset.target, codes, *gains, json.dumps(preset.params)])
