"""Rows in the order of time are found, and what only resembles time is not."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from core.profiling.profile import profile
from tests.support.findings import column_findings, kinds_of
from tests.support.tables import typed

RNG = np.random.default_rng(4)
DAYS = np.datetime64("2024-01-01", "ms") + np.arange(200) * np.timedelta64(1, "D")
LATE = np.append(DAYS[5:], DAYS[:5])


@pytest.mark.parametrize("values", [DAYS, DAYS[::-1], LATE, np.arange(200) + 1, np.arange(0, 400, 2)])
def test_rows_in_the_order_of_time_are_found_with_the_way_to_ask_for_folds_in_time(tmp_path: Path, values: Any) -> None:
    (entry,) = [entry for entry in column_findings(tmp_path, values, "when") if entry["kind"] == "ordered-in-time"]
    assert (entry["severity"], entry["count"]) == ("info", 200)
    assert "random folds" in entry["finding"]
    assert "validation=time and time_column=when" in entry["suggestion"]


def test_dates_in_no_order_are_found_as_well_but_not_called_the_order_of_the_rows(tmp_path: Path) -> None:
    (entry,) = column_findings(tmp_path, np.random.default_rng(4).permutation(DAYS))
    assert entry["finding"].startswith("has 200 different dates: if")
    (entry,) = column_findings(tmp_path, DAYS)
    assert entry["finding"].startswith("has 200 different dates, and the rows are in their order: if")


@pytest.mark.parametrize(
    "values",
    [
        np.sort(RNG.normal(size=200)),  # sorted by what was measured
        np.repeat([1, 2], 100),  # a kind, block by block
        DAYS[np.arange(200) // 10],  # twenty editions
        DAYS[:40],  # too few rows to say anything
    ],
)
def test_what_only_resembles_time_is_left_alone(tmp_path: Path, values: Any) -> None:
    assert "ordered-in-time" not in kinds_of(column_findings(tmp_path, values))


def test_of_several_columns_the_date_that_the_rows_go_by_is_named(tmp_path: Path) -> None:
    columns = {
        "row": pa.array(np.arange(200)),
        "born": pa.array(RNG.permutation(DAYS)),
        "seen": pa.array(DAYS),
        "y": pa.array(RNG.normal(size=200)),
    }
    findings = profile(typed(tmp_path / "t.parquet", columns))["findings"]
    assert [entry["column"] for entry in findings if entry["kind"] == "ordered-in-time"] == ["seen"]
