"""What is worth knowing of a table is found, and what is not is not."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from core.profiling.profile import profile
from core.severity import ORDER
from core.types import Json
from tests.support.tables import CSVS, read, real, typed

RNG = np.random.default_rng(4)


def found(folder: Path, values: Any, name: str = "a") -> list[Json]:
    """The findings about one column, in a table where nothing else is to be found."""
    column = pa.array(values, from_pandas=True)
    beside = pa.array(np.random.default_rng(0).normal(size=len(column)))
    table = typed(folder / "t.parquet", {name: column, "beside": beside})
    return [entry for entry in profile(table)["findings"] if entry["column"] == name]


def kinds(findings: list[Json]) -> list[str]:
    return [entry["kind"] for entry in findings]


# What an experienced colleague says of the real tables: column and kind, in the order of severity.
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
        ("warning", "instant", "identifier"),
        ("warning", "hum", "zeros"),
        ("info", "dteday", "ordered-in-time"),
    ],
    "diamonds": [
        ("warning", "table", "extremes"),
        ("warning", "x", "zeros"),
        ("warning", "y", "zeros"),
        ("warning", "y", "extremes"),
        ("warning", "z", "zeros"),
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
    assert kinds(findings) == ["nothing-to-learn", "duplicates", "empty-column", "constant"]


@pytest.mark.parametrize("kind", [pa.int64(), pa.float64(), pa.bool_(), pa.timestamp("ms"), pa.string()])
def test_a_column_without_values_is_found(tmp_path: Path, kind: pa.DataType) -> None:
    (entry,) = found(tmp_path, pa.nulls(60, kind))
    assert (entry["kind"], entry["severity"], entry["finding"]) == ("empty-column", "warning", "has no values at all")
    assert entry["suggestion"] == 'leave it out: POST /data/process with {"leave_out": ["a"]}'


def test_a_suggestion_is_a_request_body_whatever_the_column_is_called(tmp_path: Path) -> None:
    (entry,) = found(tmp_path, [5] * 60, name='价格 "x"')
    body = entry["suggestion"].split("POST /data/process with ")[1]
    assert json.loads(body) == {"leave_out": ['价格 "x"']}


@pytest.mark.parametrize(("gaps", "severity"), [(1, "info"), (30, "info"), (31, "warning")])
def test_missing_values_are_found_and_a_warning_where_they_are_most(tmp_path: Path, gaps: int, severity: str) -> None:
    rng = np.random.default_rng(4)
    values = np.append(np.full(gaps, np.nan), rng.normal(size=60 - gaps))
    (entry,) = found(tmp_path, values)
    assert (entry["kind"], entry["severity"], entry["count"]) == ("missing", severity, gaps)
    assert entry["rows"] == list(range(2, 2 + min(gaps, 5)))


def test_too_few_missing_values_to_show_are_not_nothing(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    (entry,) = found(tmp_path, np.append(rng.normal(size=5000), np.nan))
    assert entry["finding"] == "has no value in 1 row (<0.1%)"


@pytest.mark.parametrize("values", [[7] * 60, [0.1] * 60, [True] * 60, ["x"] * 60])
def test_a_constant_column_is_found(tmp_path: Path, values: list[Any]) -> None:
    assert kinds(found(tmp_path, values)) == ["constant"]


@pytest.mark.parametrize("values", [[7] * 199 + [8], [True] * 199 + [False], ["x"] * 199 + ["y"]])
def test_a_nearly_constant_column_is_found(tmp_path: Path, values: list[Any]) -> None:
    (entry,) = found(tmp_path, values)
    assert (entry["kind"], entry["count"]) == ("nearly-constant", 1)


def test_a_rare_flag_is_not_nearly_constant(tmp_path: Path) -> None:
    assert found(tmp_path, [0] * 195 + [1] * 5) == []


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
    entry, *others = found(tmp_path, values, name)
    assert set(kinds(others)) <= {"ordered-in-time"}
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
    assert found(tmp_path, values) == []


def test_free_text_is_found(tmp_path: Path) -> None:
    values = [f"The {i}th customer wrote a long and very friendly letter about it." for i in range(100)]
    (entry,) = found(tmp_path, values)
    assert (entry["kind"], entry["severity"]) == ("free-text", "warning")


def test_a_category_of_too_many_levels_is_found(tmp_path: Path) -> None:
    (entry,) = found(tmp_path, [f"k{i % 60}" for i in range(300)])
    assert (entry["kind"], entry["count"]) == ("high-cardinality", 60)
    assert found(tmp_path, [f"k{i % 60}" for i in range(3000)]) == []


def test_words_among_numbers_are_found(tmp_path: Path) -> None:
    values = [str(i % 30) for i in range(100)]
    values[10], values[20] = "about 3", "?!"
    (entry,) = found(tmp_path, values)
    assert (entry["kind"], entry["count"], entry["rows"]) == ("mixed-type", 2, [12, 22])
    assert "'about 3', '?!'" in entry["finding"]


@pytest.mark.parametrize("words", [0, 40, 100])
def test_texts_that_are_all_numbers_or_mostly_words_are_not_mixed(tmp_path: Path, words: int) -> None:
    assert "mixed-type" not in kinds(found(tmp_path, ["abc"] * words + ["12"] * (100 - words)))


def test_zeros_far_from_everything_else_are_found(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    values = rng.normal(50, 5, 1000).round(1)
    values[[3, 700]] = 0
    (entry,) = found(tmp_path, values)
    assert (entry["kind"], entry["severity"], entry["rows"]) == ("zeros", "warning", [5, 702])


@pytest.mark.parametrize(
    "values",
    [
        RNG.poisson(4, 2000),
        RNG.uniform(0, 1, 2000).round(2),
        np.where(RNG.random(2000) < 0.4, 0.0, RNG.normal(50, 5, 2000)),  # too many to be gaps
        np.where(RNG.random(2000) < 0.01, 0.0, RNG.normal(0, 5, 2000)),
        np.where(RNG.random(2000) < 0.03, 0, 1),
    ],
)
def test_ordinary_zeros_are_left_alone(tmp_path: Path, values: Any) -> None:
    assert "zeros" not in kinds(found(tmp_path, values))


def test_a_limit_that_cuts_values_off_is_found(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    values = np.minimum(rng.normal(0, 1, 1000), 1.5)
    (entry,) = found(tmp_path, values)
    assert (entry["kind"], entry["count"]) == ("capped", np.count_nonzero(values == 1.5))
    assert "1.5" in entry["finding"]


@pytest.mark.parametrize("sign", [1, -1])
def test_values_far_from_all_others_are_found(tmp_path: Path, sign: int) -> None:
    rng = np.random.default_rng(4)
    values = rng.normal(0, 1, 3000)
    values[[40, 50]] = 60 * sign, 70 * sign
    (entry,) = found(tmp_path, values)
    assert (entry["kind"], entry["count"], entry["rows"]) == ("extremes", 2, [42, 52])
    assert f"{70 * sign}" in entry["finding"]


def test_a_long_tail_is_found_once(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    (entry,) = found(tmp_path, rng.gamma(0.2, size=5000))
    assert entry["kind"] == "skew"
    (entry,) = found(tmp_path, -rng.gamma(0.2, size=5000))
    assert "small values" in entry["finding"]


def test_heavy_tails_are_found_as_outliers(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    (entry,) = found(tmp_path, rng.laplace(size=5000))
    assert entry["kind"] == "outliers"
    assert 250 < entry["count"] < 500


@pytest.mark.parametrize("values", [RNG.normal(size=5000), RNG.uniform(size=5000), RNG.integers(0, 100, 5000)])
def test_ordinary_columns_have_no_findings(tmp_path: Path, values: Any) -> None:
    assert found(tmp_path, values) == []


@pytest.mark.parametrize("values", [[1.7e308, -1.7e308] * 50, [5e-324, 0.0] * 50, [1e15 + i / 8 for i in range(100)]])
def test_hostile_numbers_have_no_findings(tmp_path: Path, values: list[float]) -> None:
    assert found(tmp_path, values) == []


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


DAYS = np.datetime64("2024-01-01", "ms") + np.arange(200) * np.timedelta64(1, "D")
LATE = np.append(DAYS[5:], DAYS[:5])


@pytest.mark.parametrize("values", [DAYS, DAYS[::-1], LATE, np.arange(200) + 1, np.arange(0, 400, 2)])
def test_rows_in_the_order_of_time_are_found_with_the_way_to_ask_for_folds_in_time(tmp_path: Path, values: Any) -> None:
    (entry,) = [entry for entry in found(tmp_path, values, "when") if entry["kind"] == "ordered-in-time"]
    assert (entry["severity"], entry["count"]) == ("info", 200)
    assert "random folds" in entry["finding"]
    assert "validation=time and time_column=when" in entry["suggestion"]


def test_dates_in_no_order_are_found_as_well_but_not_called_the_order_of_the_rows(tmp_path: Path) -> None:
    (entry,) = found(tmp_path, np.random.default_rng(4).permutation(DAYS))
    assert entry["finding"].startswith("has 200 different dates: if")
    (entry,) = found(tmp_path, DAYS)
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
    assert "ordered-in-time" not in kinds(found(tmp_path, values))


def test_of_several_columns_the_date_that_the_rows_go_by_is_named(tmp_path: Path) -> None:
    columns = {
        "row": pa.array(np.arange(200)),
        "born": pa.array(RNG.permutation(DAYS)),
        "seen": pa.array(DAYS),
        "y": pa.array(RNG.normal(size=200)),
    }
    findings = profile(typed(tmp_path / "t.parquet", columns))["findings"]
    assert [entry["column"] for entry in findings if entry["kind"] == "ordered-in-time"] == ["seen"]


def test_a_short_table_is_found() -> None:
    assert kinds(profile(read("a,b\n1,2\n3,1\n"))["findings"]) == ["few-rows"]
