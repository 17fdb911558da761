"""Values that may stand for missing are found in so many words, and no ordinary column has one."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from core.profiling.outliers import Method, outliers
from core.profiling.profile import profile
from core.profiling.target_relations import target_relations
from core.types import Json
from tests.support.findings import column_findings
from tests.support.tables import CASES, CSVS, read, real, typed

RNG = np.random.default_rng(4)
ROWS = 1000
TEMPERATURES = RNG.normal(15, 8, ROWS).round(1)
# No other finding may say these of a sentinel.
WORDS = ("long tail", "outlier", "quartile", "largest value", "very far", "cut off")


def mixed(values: Any, *sentinels: tuple[float, int]) -> Any:
    """Return values with the first few replaced by sentinels, so many of each, in another order."""
    column, start = np.array(values, np.float64), 0
    for value, count in sentinels:
        column[start : start + count] = value
        start += count
    return np.random.default_rng(1).permutation(column)


def suspected(findings: list[Json]) -> list[str]:
    """Return the sentences of the sentinels."""
    return [entry["finding"] for entry in findings if entry["kind"] == "sentinel"]


def said(value: str, times: str) -> str:
    return f"{value} stands {times} times, far from all others: it may stand for missing"


@pytest.mark.parametrize(
    ("values", "sentences"),
    [
        (mixed(TEMPERATURES, (-200, 366)), [said("-200", "366")]),
        (mixed(TEMPERATURES, (-999, 6)), [said("-999", "6")]),
        (mixed(TEMPERATURES, (-200, 30), (9999, 20)), [said("-200", "30"), said("9999", "20")]),
        (mixed(TEMPERATURES, (-9999, 3), (-999, 3)), [said("-9999", "3"), said("-999", "3")]),
        (mixed(TEMPERATURES, (-1e30, 25)), [said("-1e+30", "25")]),
        (mixed(RNG.poisson(4, ROWS), (99999, 20)), [said("99999", "20")]),
        (mixed(RNG.poisson(0.2, ROWS), (999, 20)), [said("999", "20")]),
        (mixed(RNG.integers(0, 28, 2000), (999, 1900)), [said("999", "1,900")]),
        (mixed(RNG.lognormal(10.5, 0.35, ROWS).round(), (-999, 40)), [said("-999", "40")]),
        (mixed(RNG.lognormal(5, 0.35, ROWS).round(), (-200, 80)), [said("-200", "80")]),
        (mixed(RNG.integers(18, 90, ROWS), (999, 10)), [said("999", "10")]),
        (mixed(RNG.integers(1850, 2020, ROWS), (9999, 10)), [said("9999", "10")]),
        (mixed(RNG.integers(1, 6, ROWS), (99, 30), (98, 8)), [said("98", "8"), said("99", "30")]),
        (mixed(RNG.integers(1, 6, ROWS), (-9, 30)), [said("-9", "30")]),
        (mixed(RNG.integers(0, 2, ROWS), (9999, 30)), [said("9999", "30")]),
        (mixed(RNG.integers(0, 871, ROWS), (-1, 500)), [said("-1", "500")]),
        (mixed(RNG.integers(18, 90, ROWS), (-1, 40)), [said("-1", "40")]),
        (mixed(TEMPERATURES, (99.9, 20)), [said("99.9", "20")]),
        (mixed(RNG.gamma(2, 4, ROWS).round(1), (999.9, 5)), [said("999.9", "5")]),
    ],
)
def test_a_repeated_value_far_from_all_others_is_suspected(tmp_path: Path, values: Any, sentences: list[str]) -> None:
    findings = column_findings(tmp_path, values)
    assert suspected(findings) == sentences
    assert {entry["severity"] for entry in findings if entry["kind"] == "sentinel"} == {"warning"}
    rest = " ".join(entry["finding"] for entry in findings if entry["kind"] != "sentinel")
    assert not any(word in rest for word in WORDS), rest


@pytest.mark.parametrize(
    "values",
    [
        RNG.poisson(0.3, ROWS),
        np.where(RNG.random(ROWS) < 0.7, 0, RNG.poisson(20, ROWS)),
        np.where(RNG.random(ROWS) < 0.9, 0, RNG.lognormal(6, 1, ROWS).round(-1)),
        np.minimum(RNG.lognormal(12, 0.6, ROWS).round(-2), 500_001),
        np.minimum(RNG.normal(0, 1, ROWS), 1.5),
        RNG.integers(1, 6, ROWS),
        RNG.random(ROWS) < 0.03,
        (RNG.random(ROWS) < 0.03).astype(np.int64),
        RNG.integers(0, 100, ROWS),
        np.minimum(RNG.integers(17, 110, ROWS), 90),
        10.0 ** RNG.integers(0, 9, ROWS),
        RNG.choice([5, 10, 20, 50, 100, 500, 1000, 10_000, 100_000], ROWS),
        RNG.choice([99, 199, 299, 499, 999], ROWS),
        RNG.choice([110.25, 122.5, 147.0, 220.5], ROWS),
        RNG.choice([0, 100], ROWS),
        (RNG.pareto(0.8, ROWS) * 10).round(),
        RNG.standard_cauchy(ROWS).round(),
        mixed(RNG.poisson(3, ROWS), (-1, 50)),
        mixed(RNG.lognormal(3, 1, ROWS).round(2), (-20, 1), (-10, 1)),
        np.where(RNG.random(ROWS) < 0.4, 0.0, RNG.normal(50, 5, ROWS)),
        RNG.choice([-1, 0, 1], ROWS),
        RNG.integers(-1, 60, ROWS),
        RNG.choice([19.99, 29.99, 49.99, 79.99, 99.99], ROWS),
    ],
)
def test_ordinary_columns_have_no_sentinel(tmp_path: Path, values: Any) -> None:
    assert suspected(column_findings(tmp_path, values)) == []


@pytest.mark.parametrize("name", CSVS)
def test_real_tables_have_no_sentinel(name: str) -> None:
    assert suspected(profile(real(name))["findings"]) == []


@pytest.mark.parametrize("day", ["1900-01-01", "1970-01-01", "9999-12-31", "2099-12-31"])
def test_a_date_far_from_all_others_is_suspected(tmp_path: Path, day: str) -> None:
    dates = [datetime(2019, 1, 1, tzinfo=UTC).timestamp() + 86_400 * int(n) for n in RNG.integers(0, 900, ROWS)]
    dates[:40] = [datetime.fromisoformat(f"{day}T00:00+00:00").timestamp()] * 40
    values = pa.array([int(1000 * second) for second in dates], pa.timestamp("ms"))
    entry = next(entry for entry in column_findings(tmp_path, values) if entry["kind"] == "sentinel")
    assert entry["finding"] == said(day, "40")
    assert f'{{"missing": ["{day}"]}}' in entry["suggestion"]


def test_dates_of_birth_keep_their_range(tmp_path: Path) -> None:
    days = np.append(RNG.integers(-11_000, 11_000, ROWS), [-25_567] * 40)
    values = pa.array((86_400_000 * days).tolist(), pa.timestamp("ms"))
    assert suspected(column_findings(tmp_path, values)) == [said("1900-01-01", "40")]
    values = pa.array((86_400_000 * days[:ROWS]).tolist(), pa.timestamp("ms"))
    assert suspected(column_findings(tmp_path, values)) == []


@pytest.mark.parametrize(
    ("form", "spelled", "day"),
    [
        ("{2:02}.{1:02}.{0}", "31.12.9999", "9999-12-31"),
        ("{2:02}/{1:02}/{3:02}", "01/01/70", "1970-01-01"),
        ("{2:02}.{1:02}.{3:02}", "01.01.70", "1970-01-01"),
        ("{0}-{1:02}", "1900-01", "1900-01-01"),
        ("{0}年{1}月", "1900年1月", "1900-01-01"),
    ],
)
def test_the_way_out_spells_a_date_as_its_file_does(form: str, spelled: str, day: str) -> None:
    dates = [(year, month, day, year % 100) for year in (2019, 2021) for month in range(1, 13) for day in range(1, 28)]
    days = [form.format(*date) for date in dates] + [spelled] * 99
    found = profile(read("day,x\n" + "".join(f"{day},{n * 7 % 13}\n" for n, day in enumerate(days))))["findings"]
    (entry,) = (entry for entry in found if entry["kind"] == "sentinel")
    assert (entry["finding"], entry["count"]) == (said(day, "99"), 99)
    assert f'{{"missing": ["{spelled}"]}}' in entry["suggestion"]


@pytest.mark.parametrize(
    ("levels", "code"),
    [("red green Unknown", "Unknown"), ("红 绿 未知", "未知"), ("red green -999", "-999"), ("A1 B2 C3 9999", "9999")],
)
def test_a_level_that_says_that_nothing_is_known_is_suspected(levels: str, code: str) -> None:
    texts = levels.split()
    table = read("a,b\n" + "".join(f"{texts[k % len(texts)]},{k * k % 97}\n" for k in range(len(texts) * 20)))
    (entry,) = (entry for entry in profile(table)["findings"] if entry["column"] == "a")
    assert (entry["kind"], entry["severity"], entry["count"]) == ("sentinel", "info", 20)
    assert entry["finding"] == f"'{code}' stands 20 times: it may stand for missing"
    assert f'{{"missing": ["{code}"]}}' in entry["suggestion"]
    assert entry["rows"][0] == texts.index(code) + 2


@pytest.mark.parametrize("levels", ["S M 99 38", "unknowns known", "red 99-100 101-200"])
def test_an_ordinary_level_is_not(levels: str) -> None:
    texts = levels.split()
    table = read("a,b\n" + "".join(f"{texts[k % len(texts)]},{k * k % 97}\n" for k in range(len(texts) * 20)))
    assert suspected(profile(table)["findings"]) == []


def test_the_case_of_the_issue_names_both() -> None:
    table = read((CASES / "C3_sentinels_minus200_and_9999.csv").read_bytes())
    found = profile(table)
    by_column = {entry["column"]: entry for entry in found["findings"] if entry["kind"] == "sentinel"}
    assert {name: entry["finding"] for name, entry in by_column.items()} == {
        "T": said("-200", "18"),
        "RH": said("9999", "13"),
    }
    assert "PATCH /data/files/{file_id}/reading" in by_column["T"]["suggestion"]
    assert '["-200", "-200.0"]' in by_column["T"]["suggestion"]
    lines = (CASES / "C3_sentinels_minus200_and_9999.csv").read_text().splitlines()
    assert [lines[row - 1].split(",")[0] for row in by_column["T"]["rows"]] == ["-200"] * 5
    relations = target_relations(table, "T")
    for entry in [*found["findings"], *relations["findings"]]:
        assert entry["kind"] == "sentinel" or not any(word in entry["finding"] for word in WORDS), entry


def test_other_findings_leave_sentinels_out(tmp_path: Path) -> None:
    gammas = RNG.gamma(0.2, size=5000)
    findings = column_findings(tmp_path, mixed(gammas, (-999, 50)))
    assert [entry["kind"] for entry in findings] == ["sentinel", "skew"]
    assert "large values" in findings[1]["finding"]
    far = mixed(RNG.normal(50, 1, 3000), (-999, 50), (120, 1))
    findings = column_findings(tmp_path, far)
    assert [(entry["kind"], entry["count"]) for entry in findings] == [("sentinel", 50), ("extremes", 1)]
    assert far[np.array(findings[1]["rows"]) - 2].tolist() == [120]
    findings = column_findings(tmp_path, mixed(TEMPERATURES, (9999, 20), (12000, 1)))
    assert [entry["finding"].split(",")[0] for entry in findings] == [
        "9999 stands 20 times",
        "has 1 value very far from all the others",
    ]
    zeros = mixed(RNG.normal(50, 1, 3000), (-999, 50), (0, 4))
    assert [entry["kind"] for entry in column_findings(tmp_path, zeros)] == ["sentinel", "zeros"]


@pytest.mark.parametrize("method", ["iqr", "zscore"])
def test_outliers_and_the_profile_leave_sentinels_out_alike(tmp_path: Path, method: Method) -> None:
    values = mixed(RNG.laplace(size=ROWS), (-200, 60), (9999, 20))
    table = typed(tmp_path / "t.parquet", {"a": pa.array(values)})
    clean = typed(tmp_path / "u.parquet", {"a": pa.array(np.where(np.isin(values, (-200, 9999)), None, values))})
    found, expected = (outliers(one, method)["columns"]["a"] for one in (table, clean))
    assert found == {**expected, "sentinels": [-200.0, 9999.0]}
    statistics = profile(table)["columns"]["a"]
    assert statistics["outliers"] == outliers(table)["columns"]["a"]["count"]
    assert statistics["sentinels"] == [{"value": -200.0, "count": 60}, {"value": 9999.0, "count": 20}]
    # The other statistics are of all values, as a spreadsheet has them.
    assert (statistics["min"], statistics["mean"]) == (-200.0, pytest.approx(values.mean()))
    json.dumps(profile(table), allow_nan=False)


def test_shared_sentinels_are_no_relation(tmp_path: Path) -> None:
    gone = RNG.random(ROWS) < 0.3
    columns = {name: pa.array(np.where(gone, -9999, RNG.normal(20, 5, ROWS))) for name in "ab"}
    table = typed(tmp_path / "t.parquet", columns)
    assert profile(table)["correlations"]["pearson"][0][1] > 0.99
    kinds = {entry["kind"] for entry in [*profile(table)["findings"], *target_relations(table, "a")["findings"]]}
    assert kinds == {"sentinel", "duplicates"}
