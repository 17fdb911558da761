"""The table of results: what a configuration reaches and gains on a table, as lines of a CSV file."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench._portfolio_fits import SIZES, Fits
from bench._portfolio_gains import Table

CSV = Path(__file__).parent / "portfolio_results.csv"
FIELDS = ("size", "table", "configuration", "rows", "seconds", "gain", "r2", "rmse")


@dataclass(frozen=True)
class Gain:
    """What a configuration gained on a table of some size, as `bench._portfolio_gains` defines it."""

    size: str
    table: str
    configuration: str
    gain: float


def write(measured: Mapping[tuple[str, str], Fits]) -> None:
    """Write the lines of these fits, by size and table, in the place of those that the CSV file has of the same.

    A line has the rows of the folds together, the mean CPU seconds of a fit, and R2 and RMSE by fold. They are in the
    order of size, table and configuration.
    """
    with CSV.open(newline="") as file:
        kept = [line for line in csv.DictReader(file) if (line["size"], line["table"]) not in measured]
    lines = [*kept, *(line for (size, table), fits in measured.items() for line in _lines(size, table, fits))]
    lines.sort(key=lambda line: (list(SIZES).index(line["size"]), line["table"], line["configuration"]))
    with CSV.open("w", newline="") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)


def _lines(size: str, table: str, fits: Fits) -> Iterator[dict[str, str]]:
    """Yield the line of each configuration."""
    rmse = np.sqrt(np.mean(np.square(fits.errors), axis=2))
    r2 = 1 - np.square(rmse) / fits.actual.var(axis=1, keepdims=True)
    for place, (name, gain) in enumerate(zip(fits.names, Table.of(fits).gains, strict=True)):
        scores, errors = (" ".join(f"{value:.5g}" for value in values[:, place]) for values in (r2, rmse))
        cells = (size, table, name, str(fits.actual.size), f"{fits.seconds[place]:.4f}", f"{gain:.4f}", scores, errors)
        yield dict(zip(FIELDS, cells, strict=True))


def read() -> list[Gain]:
    """Return the gains of the CSV file."""
    with CSV.open(newline="") as file:
        return [
            Gain(line["size"], line["table"], line["configuration"], float(line["gain"]))
            for line in csv.DictReader(file)
        ]
