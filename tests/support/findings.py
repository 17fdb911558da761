"""The findings about a column."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from core.profiling.profile import profile
from core.types import Json
from tests.support.tables import typed


def column_findings(folder: Path, values: Any, name: str = "a") -> list[Json]:
    """Return the findings about a column of these values, in a table without other findings."""
    column = pa.array(values, from_pandas=True)
    beside = pa.array(np.random.default_rng(0).normal(size=len(column)))
    table = typed(folder / "t.parquet", {name: column, "beside": beside})
    return [entry for entry in profile(table)["findings"] if entry["column"] == name]


def kinds_of(findings: list[Json]) -> list[str]:
    """Return the kind of each finding."""
    return [entry["kind"] for entry in findings]
