"""Outliers, compared with a plain calculation in numpy."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from core.errors import InvalidInputError
from core.profiling.outliers import ROWS_SHOWN, Method, outliers
from core.profiling.profile import profile
from tests.support.tables import CSVS, real, typed


@pytest.mark.parametrize("name", CSVS)
@pytest.mark.parametrize("threshold", [None, 1.0, 2.5])
@pytest.mark.parametrize("method", ["iqr", "zscore"])
def test_outliers_of_real_tables_are_those_of_numpy(name: str, method: Method, threshold: float | None) -> None:
    table = real(name)
    answer = outliers(table, method, threshold)
    json.dumps(answer, allow_nan=False)
    reach = threshold or {"iqr": 1.5, "zscore": 3.0}[method]
    assert (answer["method"], answer["threshold"]) == (method, reach)
    assert list(answer["columns"]) == [c.name for c in table.columns if c.type in ("integer", "number")]
    for column, found in answer["columns"].items():
        values = table.values(column)
        assert isinstance(values, np.ndarray)
        present = values[~np.isnan(values)]
        if method == "iqr":
            q25, q75 = np.quantile(present, [0.25, 0.75])
            lower, upper = q25 - reach * (q75 - q25), q75 + reach * (q75 - q25)
        else:
            lower = present.mean() - reach * present.std(ddof=1)
            upper = present.mean() + reach * present.std(ddof=1)
        assert found["lower"] == pytest.approx(lower, rel=1e-9, abs=1e-12)
        assert found["upper"] == pytest.approx(upper, rel=1e-9, abs=1e-12)
        outside = np.flatnonzero((values < found["lower"]) | (values > found["upper"]))
        assert found["count"] == len(outside)
        # A spreadsheet counts the header as row 1.
        assert found["rows"] == [position + 2 for position in outside[:ROWS_SHOWN]]
        assert found["values"] == values[outside[:ROWS_SHOWN]].tolist()


def test_the_profile_counts_the_same_outliers() -> None:
    columns = profile(real("diamonds"))["columns"]
    for name, found in outliers(real("diamonds"))["columns"].items():
        assert columns[name]["outliers"] == found["count"]


def test_the_row_is_the_one_a_spreadsheet_shows() -> None:
    lines = CSVS["diamonds"][0].read_text().splitlines()
    found = outliers(real("diamonds"), "zscore", 20)["columns"]["y"]
    assert [lines[row - 1].split(",")[8] for row in found["rows"]] == ["58.9", "31.8"]
    assert found["values"] == [58.9, 31.8]


def test_a_value_on_a_bound_is_inside(tmp_path: Path) -> None:
    table = typed(tmp_path / "t.parquet", {"a": pa.array([0.0, 1.0, 2.0, 3.0, 4.0, 4.0, 5.0, 8.0, 11.0])})
    found = outliers(table, "iqr", 2.0)["columns"]["a"]  # the quartiles are 2 and 5
    assert (found["upper"], found["count"]) == (11.0, 0)
    assert outliers(table, "iqr", 1.99)["columns"]["a"]["values"] == [11.0]


def test_missing_values_are_no_outliers(tmp_path: Path) -> None:
    table = typed(
        tmp_path / "t.parquet", {"a": pa.array([None, 1.0, 2.0, 3.0, 2.0, 100.0]), "b": pa.nulls(6, pa.int64())}
    )
    found = outliers(table)["columns"]
    assert (found["a"]["count"], found["a"]["rows"]) == (1, [7])
    assert found["b"] == {"lower": None, "upper": None, "count": 0, "rows": [], "values": []}


@pytest.mark.parametrize("method", ["iqr", "zscore"])
@pytest.mark.parametrize(
    "values", [[3.0], [3.0, 3.0], [1.0, 2.0], [-1.7e308, 1.7e308, 0.0], [5e-324, 0.0, 0.0], [1e15, 1e15 + 1, 1e15 + 2]]
)
def test_hostile_numbers_have_no_outliers_and_stay_json(tmp_path: Path, method: Method, values: list[float]) -> None:
    answer = outliers(typed(tmp_path / "t.parquet", {"a": pa.array(values)}), method)
    json.dumps(answer, allow_nan=False)
    expected = 1 if values == [5e-324, 0.0, 0.0] and method == "iqr" else 0
    assert answer["columns"]["a"]["count"] == expected


@pytest.mark.parametrize("threshold", [0.0, -1.0, float("nan"), float("inf")])
def test_a_threshold_is_a_number_above_zero(threshold: float) -> None:
    with pytest.raises(InvalidInputError, match="above 0") as refused:
        outliers(real("mpg"), "iqr", threshold)
    assert refused.value.errors == [{"field": "threshold", "message": "must be a number above 0"}]
