"""The real CSVs, read as the service reads them, and a few made-up ones."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from core.delimited.decoding import read_text
from core.delimited.dialect import find_dialect
from core.manifests import Column, Reading
from core.packed_columns import ColumnTable
from core.preprocessing.pipeline import raw_frame
from core.tables.csv_reader import read_table
from core.tables.table import Table
from core.types import ColumnType

ROOT = Path(__file__).parents[2]
# Small made-up tables as they come from other programs, one a kind of trouble.
CASES = ROOT / "tests/data/cases"

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


@cache
def table_folder() -> TemporaryDirectory[str]:
    """The folder of the tables of this process, which the end of its tests deletes: `tests/conftest.py`.

    A process that is forked or killed reads none, so it has no folder to leave behind.
    """
    return TemporaryDirectory(prefix="regatta-tests-")


def read(source: bytes | str, reading: Reading | None = None) -> Table:
    """The table in these bytes; a str is sent as UTF-8."""
    folder = Path(mkdtemp(dir=table_folder().name))
    path = folder / "source.csv"
    path.write_bytes(source.encode() if isinstance(source, str) else source)
    return read_file(path, folder, reading or Reading())


def read_file(path: Path, folder: Path, reading: Reading) -> Table:
    """The table in a file, as ingestion reads it, all warnings with it."""
    text = read_text(path, folder, reading.encoding, max_bytes=1 << 30)
    dialect = find_dialect(text, folder, reading.delimiter, reading.has_header)
    table = read_table(dialect, folder, reading=reading)
    table = table.with_distinct({c.name: len(table.column(c.name).drop_null().unique()) for c in table.columns})
    return replace(table, warnings=[*text.warnings, *dialect.warnings, *table.warnings])


@cache
def real(name: str) -> Table:
    """One of `CSVS`."""
    return read_file(CSVS[name][0], Path(mkdtemp(dir=table_folder().name)), Reading())


def first_rows(name: str, rows: int) -> bytes:
    """The header and the first `rows` lines of one of `CSVS`."""
    return b"".join(CSVS[name][0].read_bytes().splitlines(keepends=True)[: rows + 1])


def uncoded(table: Table) -> Table:
    """The table without what reading left of it in memory, as it is opened later."""
    return replace(table, coded={})


def cells(table: Table, name: str) -> list[Any]:
    """The values of one column as Python has them."""
    return table.column(name).to_pylist()


def packed(table: Table) -> ColumnTable:
    """The table as light functions get it."""
    return ColumnTable.of({column.name: table.values(column.name) for column in table.columns}, table.columns)


def frame(table: Table, rows: int | None = None) -> pd.DataFrame:
    """The table as training gets it: its first `rows` rows, all of them without."""
    return raw_frame(table, [column.name for column in table.columns])[:rows]


ARROW_TYPES: dict[pa.DataType, ColumnType] = {
    pa.int64(): "integer",
    pa.float64(): "number",
    pa.bool_(): "boolean",
    pa.timestamp("ms"): "date",
    pa.string(): "category",
}


def typed(path: Path, columns: dict[str, pa.Array], format: str | None = None, *, row_group_size: int = 64) -> Table:
    """A table of these values as ingestion would leave it at `path`; strings become categories."""
    stored = {n: v.dictionary_encode() if pa.types.is_string(v.type) else v for n, v in columns.items()}
    parquet.write_table(pa.table(stored), path, row_group_size=row_group_size)
    described = [
        Column(
            name=name,
            type=(kind := ARROW_TYPES[values.type]),
            missing=values.null_count,
            distinct=pc.count_distinct(values).as_py(),
            format=format if kind == "date" else None,
        )
        for name, values in columns.items()
    ]
    return Table(path, described, len(next(iter(columns.values()))))


def voyages(path: Path, rows: int = 120) -> Table:
    """A made-up table with a column of every type, gaps in each of them but the target `fare`."""
    rng = np.random.default_rng(5)
    seconds = rng.integers(-3_000_000_000, 3_000_000_000, rows)
    aboard = rng.random(rows) < 0.4
    length = rng.normal(30, 5, rows)
    port = rng.integers(0, 3, rows)
    year = (seconds * 1000).astype("datetime64[ms]").astype("datetime64[Y]").astype(int)

    def gaps(values: Any, kind: pa.DataType, every: int) -> pa.Array:
        return pa.array(values, kind, mask=np.arange(rows) % every == 1)

    return typed(
        path,
        {
            "sailed": gaps(seconds * 1000 + 250, pa.timestamp("ms"), 11),
            "length": gaps(length, pa.float64(), 13),
            "crew": gaps(10**17 + np.arange(rows), pa.int64(), 17),
            "insured": gaps(aboard, pa.bool_(), 7),
            "port": gaps(np.array(["Oslo", "上海", "=cmd"])[port], pa.string(), 19),
            "fare": pa.array(length + 10 * aboard + port + year / 100 + rng.normal(0, 0.1, rows)),
        },
        "D.M.Y",
    )


def noisy(rows: int, seed: int = 0) -> str:
    """A CSV of `rows` rows: y depends on the number x and the colour, plus some noise."""
    rng = np.random.default_rng(seed)
    lines = ["x,colour,y"]
    for i in range(rows):
        x = rng.normal()
        lines.append(f"{x!r},{('red', 'green', 'blue')[i % 3]},{3 * x + i % 3 + rng.normal(scale=0.1)!r}")
    return "\n".join(lines).replace("np.float64(", "").replace(")", "")


def csv(**columns: Any) -> str:
    """A CSV of these columns."""
    return pd.DataFrame(columns).to_csv(index=False)


def wandering(rows: int = 900) -> str:
    """A target that wanders at random from day to day, its date, and a column that says nothing of it."""
    random = np.random.default_rng(11)
    days = np.datetime64("2020-01-01") + np.arange(rows)
    return csv(t=days, noise=random.normal(size=rows), y=np.cumsum(random.normal(size=rows)))


def clustered(groups: int = 30, each: int = 12) -> str:
    """A target that depends on the group alone, and a column that gives the group away."""
    random = np.random.default_rng(12)
    level, mark = random.normal(size=groups), random.normal(size=groups)
    g = np.repeat(np.arange(groups), each)
    return csv(
        g=[f"site {i}" for i in g],
        mark=mark[g] + random.normal(0, 0.01, len(g)),
        y=level[g] + random.normal(0, 0.1, len(g)),
    )
