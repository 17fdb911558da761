"""Rows in the order of time are found, and what only resembles time is not."""

from datetime import date
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


def calendar_findings(folder: Path, columns: dict[str, Any]) -> list[Any]:
    table = {name: pa.array(values) for name, values in columns.items()} | {"y": pa.array(RNG.normal(size=200))}
    findings = profile(typed(folder / "t.parquet", table))["findings"]
    return [entry for entry in findings if entry["kind"] == "ordered-in-time"]


YEARS, MONTHS = RNG.integers(2006, 2011, 200), np.arange(200) % 12 + 1


@pytest.mark.parametrize(
    ("year", "month"), [("Yr Sold", "Mo Sold"), ("成交年份", "成交月份"), ("Jahr", "Monat"), ("a", "b"), ("año", "mes")]
)
def test_a_year_and_its_month_are_time_whatever_they_are_called(tmp_path: Path, year: str, month: str) -> None:
    (entry,) = calendar_findings(tmp_path, {month: MONTHS, year: YEARS})
    assert entry["column"] == year
    assert f"{month!r} are a year and its month" in entry["finding"]
    assert f"validation=time and time_column={year}" in entry["suggestion"]


@pytest.mark.parametrize(
    ("year", "month"),
    [
        ({"年份": YEARS}, {"月份": [f"{'一二三四五六七八九十'[month - 1]}月" for month in MONTHS % 10 + 1]}),
        ({"year": YEARS}, {"sold in": [f"{date(2000, month, 1):%b}" for month in MONTHS]}),
        ({"yr": YEARS % 100}, {"mo": MONTHS}),
        ({"年": YEARS % 100}, {"月": MONTHS}),
    ],
)
def test_months_may_have_names_and_years_two_digits(tmp_path: Path, year: Any, month: Any) -> None:
    (entry,) = calendar_findings(tmp_path, {**month, **year})
    assert entry["column"] == next(iter(year))


@pytest.mark.parametrize(("name", "values"), [("年龄", YEARS % 100), ("yr", YEARS % 4 + 67), ("x", YEARS % 100)])
def test_small_numbers_are_years_only_under_their_name_and_in_their_order(
    tmp_path: Path, name: str, values: Any
) -> None:
    assert calendar_findings(tmp_path, {name: values, "month": MONTHS}) == []


def test_of_several_years_the_one_that_the_month_belongs_to_is_time(tmp_path: Path) -> None:
    built = RNG.integers(1950, 2008, 200)
    columns = {"Year Built": built, "Year Remodelled": built + 2, "Mo Sold": MONTHS, "Year Sold": YEARS}
    (entry,) = calendar_findings(tmp_path, columns)
    assert entry["column"] == "Year Sold"


def test_a_few_months_count_only_under_their_name(tmp_path: Path) -> None:
    summer = MONTHS % 3 + 6
    assert calendar_findings(tmp_path, {"year": YEARS, "grade": summer}) == []
    assert calendar_findings(tmp_path, {"year": YEARS, "month": summer})[0]["column"] == "year"


def test_a_date_or_a_row_number_says_more_or_less_than_a_year_and_a_month(tmp_path: Path) -> None:
    columns = {"row": np.arange(200), "year": YEARS, "month": MONTHS}
    assert calendar_findings(tmp_path, columns)[0]["column"] == "year"
    assert calendar_findings(tmp_path, {**columns, "seen": DAYS})[0]["column"] == "seen"


def test_what_is_said_of_a_row_number_does_not_contradict_itself(tmp_path: Path) -> None:
    found = {entry["kind"]: entry for entry in column_findings(tmp_path, np.arange(200) + 1, "Id")}
    assert "rows may still be divided by it" in found["identifier"]["suggestion"]
    assert "also where it is left out as a feature" in found["ordered-in-time"]["suggestion"]
