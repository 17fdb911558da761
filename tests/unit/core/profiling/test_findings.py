"""Findings of tables and columns: each problem is found, and ordinary columns have none."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from core.profiling.profile import profile
from core.severity import ORDER, grouped
from tests.support.findings import column_findings, kinds_of
from tests.support.tables import CSVS, read, real, typed

RNG = np.random.default_rng(4)


# What an experienced colleague says of the real tables: column and kind, the worst first.
EXPECTED: dict[str, list[tuple[str, str | None, str]]] = {
    "california_housing": [
        ("warning", "population", "extremes"),
        ("info", "housing_median_age", "capped"),
        ("info", "total_rooms", "skew"),
        ("info", "total_bedrooms", "missing"),
        ("info", "total_bedrooms", "skew"),
        ("info", "households", "skew"),
        ("info", "median_house_value", "capped"),
        ("info", "median_house_value", "outliers"),
    ],
    "concrete": [("info", None, "duplicates")],
    "mpg": [("info", "horsepower", "missing"), ("info", "name", "high-cardinality")],
    "energy_efficiency": [],
    "taxis": [
        ("info", "pickup", "ordered-in-time"),
        ("info", "distance", "skew"),
        ("info", "fare", "skew"),
        ("info", "total", "skew"),
        ("info", "payment", "missing"),
        ("info", "pickup_zone", "missing"),
        ("info", "dropoff_zone", "missing"),
        ("info", "pickup_borough", "missing"),
        ("info", "dropoff_borough", "missing"),
    ],
    "bike_sharing": [
        ("warning", "hum", "zeros"),
        ("info", "dteday", "ordered-in-time"),
        ("warning", "instant", "identifier"),
    ],
    "diamonds": [
        ("warning", "x", "zeros"),
        ("warning", "y", "zeros"),
        ("warning", "z", "zeros"),
        ("warning", "table", "extremes"),
        ("warning", "y", "extremes"),
        ("warning", "z", "extremes"),
        ("info", None, "duplicates"),
        ("info", "price", "outliers"),
    ],
}


@pytest.mark.parametrize("name", CSVS)
def test_real_tables_have_these_findings_and_no_others(name: str) -> None:
    findings = profile(real(name))["findings"]
    assert [(entry["severity"], entry["column"], entry["kind"]) for entry in findings] == EXPECTED[name]


@pytest.mark.parametrize("name", CSVS)
def test_every_finding_has_a_count_and_rows_that_exist_and_a_way_out(name: str) -> None:
    table = real(name)
    for entry in profile(table)["findings"]:
        assert entry["count"] > 0
        assert all(2 <= row <= table.rows + 1 for row in entry["rows"])
        assert entry["finding"] and entry["suggestion"]


def test_the_rows_of_a_finding_are_those_of_a_spreadsheet() -> None:
    lines = CSVS["diamonds"][0].read_text().splitlines()
    findings = {(entry["column"], entry["kind"]): entry for entry in profile(real("diamonds"))["findings"]}
    assert [lines[row - 1].split(",")[7] for row in findings["x", "zeros"]["rows"]] == ["0"] * 5
    assert [lines[row - 1].split(",")[8] for row in findings["y", "extremes"]["rows"]] == ["58.9", "31.8"]
    again = findings[None, "duplicates"]["rows"]
    assert all(lines[row - 1] in lines[1 : row - 1] for row in again)


def test_the_worst_comes_first() -> None:
    findings = profile(read("a,b\n" + "1,\n" * 60))["findings"]
    severities = [ORDER.index(entry["severity"]) for entry in findings]
    assert severities == sorted(severities)
    assert kinds_of(findings) == ["nothing-to-learn", "duplicates", "empty-column", "constant"]


def test_many_columns_of_one_kind_are_one_to_a_reader() -> None:
    kinds = [("constant", 1), ("skew", 2), ("constant", 3), ("few-rows", None), ("constant", 4), ("constant", 5)]
    found = [{"kind": kind, "severity": "info", "column": column} for kind, column in kinds]
    found.append({"kind": "constant", "severity": "warning", "column": 6})
    assert [[each["column"] for each in group] for group in grouped(found)] == [[1, 3, 4, 5], [2], [None], [6]]


def test_what_makes_a_score_wrong_leads_whatever_else_there_is() -> None:
    rows = [f"{k},{[-999, k * k % 83][k % 9 > 0]},{2020 + k // 24},{k % 12 + 1},x{k}" for k in range(96)]
    findings = profile(read("\n".join(["empty,code,year,month,id", *(f",{row.partition(',')[2]}" for row in rows)])))
    assert [(entry["kind"], entry["column"]) for entry in findings["findings"]][:3] == [
        ("sentinel", "code"),
        ("ordered-in-time", "year"),
        ("empty-column", "empty"),
    ]


@pytest.mark.parametrize(
    "values",
    [
        [f"k{k}" if k else "" for k in range(60)],
        [f"a text that is long enough for no category, number {k}" if k else "" for k in range(60)],
        ["x"] * 59 + [""],
        ["7"] * 59 + [""],
        ["7"] * 198 + ["8", ""],
    ],
)
def test_nothing_is_said_of_the_gaps_of_a_column_to_be_left_out(values: list[str]) -> None:
    table = read("\n".join(["a,b", *(f"{value},{k * k % 97}" for k, value in enumerate(values))]))
    (entry,) = (entry for entry in profile(table)["findings"] if entry["column"] == "a")
    assert '{"leave_out": ["a"]}' in entry["suggestion"]


@pytest.mark.parametrize("kind", [pa.int64(), pa.float64(), pa.bool_(), pa.timestamp("ms"), pa.string()])
def test_a_column_without_values_is_found(tmp_path: Path, kind: pa.DataType) -> None:
    (entry,) = column_findings(tmp_path, pa.nulls(60, kind))
    assert (entry["kind"], entry["severity"], entry["finding"]) == ("empty-column", "warning", "has no values at all")
    assert entry["suggestion"] == 'leave it out: POST /data/process with {"leave_out": ["a"]}'


def test_a_suggestion_is_a_request_body_whatever_the_column_is_called(tmp_path: Path) -> None:
    (entry,) = column_findings(tmp_path, [5] * 60, name='价格 "x"')
    body = entry["suggestion"].split("POST /data/process with ")[1]
    assert json.loads(body) == {"leave_out": ['价格 "x"']}


@pytest.mark.parametrize(("gaps", "severity"), [(1, "info"), (30, "info"), (31, "warning")])
def test_missing_values_are_found_and_a_warning_where_they_are_most(tmp_path: Path, gaps: int, severity: str) -> None:
    rng = np.random.default_rng(4)
    values = np.append(np.full(gaps, np.nan), rng.normal(size=60 - gaps))
    (entry,) = column_findings(tmp_path, values)
    assert (entry["kind"], entry["severity"], entry["count"]) == ("missing", severity, gaps)
    assert entry["rows"] == list(range(2, 2 + min(gaps, 5)))


def test_too_few_missing_values_to_show_are_not_nothing(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    (entry,) = column_findings(tmp_path, np.append(rng.normal(size=5000), np.nan))
    assert entry["finding"] == "has no value in 1 row (<0.1%)"


@pytest.mark.parametrize("values", [[7] * 60, [0.1] * 60, [True] * 60, ["x"] * 60])
def test_a_constant_column_is_found(tmp_path: Path, values: list[Any]) -> None:
    assert kinds_of(column_findings(tmp_path, values)) == ["constant"]


@pytest.mark.parametrize("values", [[7] * 199 + [8], [True] * 199 + [False], ["x"] * 199 + ["y"]])
def test_a_nearly_constant_column_is_found(tmp_path: Path, values: list[Any]) -> None:
    (entry,) = column_findings(tmp_path, values)
    assert (entry["kind"], entry["count"]) == ("nearly-constant", 1)


def test_a_rare_flag_is_not_nearly_constant(tmp_path: Path) -> None:
    assert column_findings(tmp_path, [0] * 195 + [1] * 5) == []


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("a", np.arange(100)),  # counts the rows
        ("a", RNG.permutation(100) + 1000),  # the same, shuffled
        ("a", np.cumsum(RNG.integers(1, 9, 100))),  # grows with the rows
        ("customer_id", RNG.permutation(10_000)[:100]),
        ("ID", RNG.permutation(10_000)[:100]),
        ("订单编号", RNG.permutation(10_000)[:100]),
        ("a", [f"k{i}" for i in range(100)]),
    ],
)
def test_an_identifier_is_found(tmp_path: Path, name: str, values: Any) -> None:
    entry, *others = column_findings(tmp_path, values, name)
    assert set(kinds_of(others)) <= {"ordered-in-time"}
    assert (entry["kind"], entry["severity"]) == ("identifier", "warning")
    assert json.dumps({"leave_out": [name]}, ensure_ascii=False) in entry["suggestion"]


@pytest.mark.parametrize(
    "values",
    [
        RNG.permutation(10_000)[:100],  # could be prices
        np.arange(100) + 0.5,  # a measurement on a grid
        np.append(np.arange(98), [3, 4]),
        np.arange(40),  # too few to tell
        [f"k{i % 30}" for i in range(300)],
    ],
)
def test_what_only_resembles_an_identifier_is_none(tmp_path: Path, values: Any) -> None:
    assert column_findings(tmp_path, values) == []


def test_a_column_that_another_one_gives_exactly_is_found(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    celsius = rng.normal(20, 5, 100)
    columns = {
        "celsius": pa.array(celsius),
        "other": pa.array(rng.normal(size=100)),
        "kelvin": pa.array(celsius + 273.15),
    }
    (entry,) = profile(typed(tmp_path / "t.parquet", columns))["findings"]
    assert (entry["kind"], entry["column"]) == ("redundant", "kelvin")
    assert "'celsius'" in entry["finding"]


@pytest.mark.parametrize(("repeats", "severity"), [(1, "info"), (20, "warning")])
def test_repeated_rows_are_found(tmp_path: Path, repeats: int, severity: str) -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=100)
    columns = {"a": pa.array(np.append(x, x[:repeats])), "b": pa.array([True] * 40 + [False] * 60 + [True] * repeats)}
    (entry,) = profile(typed(tmp_path / "t.parquet", columns))["findings"]
    assert (entry["kind"], entry["severity"], entry["column"]) == ("duplicates", severity, None)
    assert (entry["count"], entry["rows"]) == (repeats, sorted(entry["rows"]))
    assert set(entry["rows"]) <= set(range(102, 102 + repeats))


def test_a_short_table_is_found() -> None:
    assert kinds_of(profile(read("a,b\n1,2\n3,1\n"))["findings"]) == ["few-rows"]
