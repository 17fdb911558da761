"""The real CSVs, read as the service reads them, and a few made-up ones."""

import io
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from pyarrow import parquet

from core.tables.reading import Table, read_table
from core.tables.text import read_text

ROOT = Path(__file__).parents[2]

# File and target column.
CSVS: dict[str, tuple[Path, str]] = {
    "california_housing": (ROOT / "examples/california_housing.csv", "median_house_value"),
    "concrete": (ROOT / "examples/concrete.csv", "strength"),
    "mpg": (ROOT / "examples/mpg.csv", "mpg"),
    "energy_efficiency": (ROOT / "tests/data/energy_efficiency.csv", "Heating Load"),
    "taxis": (ROOT / "tests/data/taxis.csv", "total"),
    "bike_sharing": (ROOT / "tests/data/bike_sharing.csv", "cnt"),
    "diamonds": (ROOT / "tests/data/diamonds.csv", "price"),
}


def read(source: bytes | str) -> Table:
    """The table in these bytes; a str is sent as UTF-8."""
    return read_table(read_text(source.encode() if isinstance(source, str) else source))


@cache
def real(name: str) -> Table:
    """One of `CSVS`."""
    return read(CSVS[name][0].read_bytes())


def frame(table: Table, rows: int | None = None) -> pd.DataFrame:
    """The table as training gets it: through Parquet; its first `rows` rows, all of them without."""
    buffer = io.BytesIO()
    parquet.write_table(table.data.slice(0, rows), buffer)
    buffer.seek(0)
    return pd.read_parquet(buffer)


def noisy(rows: int, seed: int = 0) -> str:
    """A CSV of `rows` rows: y depends on the number x and the colour, plus some noise."""
    rng = np.random.default_rng(seed)
    lines = ["x,colour,y"]
    for i in range(rows):
        x = rng.normal()
        lines.append(f"{x!r},{('red', 'green', 'blue')[i % 3]},{3 * x + i % 3 + rng.normal(scale=0.1)!r}")
    return "\n".join(lines).replace("np.float64(", "").replace(")", "")
