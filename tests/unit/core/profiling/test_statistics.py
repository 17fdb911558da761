"""The figures of a column, compared with pandas and numpy."""

import json
import math
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from core.array_types import Floats
from core.profiling.distribution import MOST_BINS, Distribution
from core.profiling.profile import profile
from core.profiling.statistics import TOP_VALUES
from tests.support.tables import CSVS, real, typed

DATES = {"taxis": ["pickup", "dropoff"], "bike_sharing": ["dteday"]}
RNG = np.random.default_rng(3)


@cache
def profiled(name: str) -> dict[str, Any]:
    return profile(real(name))


@cache
def with_pandas(name: str) -> pd.DataFrame:
    return pd.read_csv(CSVS[name][0], parse_dates=DATES.get(name, []))


def of_type(name: str, *types: str) -> dict[str, dict[str, Any]]:
    return {column: found for column, found in profiled(name)["columns"].items() if found["type"] in types}


def figures(folder: Path, values: pa.Array) -> dict[str, Any]:
    """The figures of one column; they must be JSON."""
    found: dict[str, Any] = profile(typed(folder / "t.parquet", {"a": values}))["columns"]["a"]
    json.dumps(found, allow_nan=False)
    return found


@pytest.mark.parametrize("name", CSVS)
def test_every_figure_of_a_number_is_what_pandas_computes(name: str) -> None:
    frame, columns = with_pandas(name), of_type(name, "integer", "number")
    assert list(columns) == list(frame.select_dtypes("number"))
    for column, found in columns.items():
        values = frame[column]
        scale = values.std()
        expected = {
            "mean": values.mean(),
            "std": values.std(),
            "min": values.min(),
            "q25": values.quantile(0.25),
            "median": values.median(),
            "q75": values.quantile(0.75),
            "max": values.max(),
        }
        for figure, value in expected.items():
            assert found[figure] == pytest.approx(value, rel=1e-9, abs=1e-12 * scale), (column, figure)
        assert found["skew"] == pytest.approx(values.skew(), rel=1e-9, abs=1e-9), column
        assert found["kurtosis"] == pytest.approx(values.kurt(), rel=1e-9, abs=1e-9), column
        reach = 1.5 * (expected["q75"] - expected["q25"])
        outside = (values < expected["q25"] - reach) | (values > expected["q75"] + reach)
        counted = {
            "count": values.count(),
            "missing": values.isna().sum(),
            "distinct": values.nunique(),
            "zeros": (values == 0).sum(),
            "negatives": (values < 0).sum(),
            "outliers": outside.sum(),
        }
        assert {figure: found[figure] for figure in counted} == counted, column


@pytest.mark.parametrize("name", CSVS)
def test_histograms_count_like_numpy_between_their_edges(name: str) -> None:
    for column, found in of_type(name, "integer", "number").items():
        values = with_pandas(name)[column].dropna().to_numpy(float)
        edges, counts = found["histogram"]["edges"], found["histogram"]["counts"]
        assert counts == np.histogram(values, edges)[0].tolist(), column
        assert sum(counts) == len(values)
        assert 1 <= len(counts) == len(edges) - 1 <= MOST_BINS
        assert np.allclose(np.diff(edges), edges[1] - edges[0])
        if np.array_equal(values, np.rint(values)):
            assert all(edge == round(edge) for edge in edges), column


@pytest.mark.parametrize("name", ["california_housing", "mpg", "taxis", "diamonds"])
def test_every_figure_of_a_category_is_what_pandas_counts(name: str) -> None:
    for column, found in of_type(name, "category").items():
        counts = with_pandas(name)[column].value_counts()
        shares = counts / counts.sum()
        assert [entry["count"] for entry in found["top"]] == counts.tolist()[:TOP_VALUES]
        assert all(counts[entry["value"]] == entry["count"] for entry in found["top"])
        assert found["other"] == counts.iloc[TOP_VALUES:].sum()
        assert (found["distinct"], found["count"]) == (len(counts), counts.sum())
        assert found["entropy"] == pytest.approx(-(shares * np.log2(shares)).sum(), rel=1e-9)
        assert found["mean_length"] == pytest.approx(with_pandas(name)[column].str.len().mean(), rel=1e-9)


@pytest.mark.parametrize("name", DATES)
def test_every_figure_of_a_date_is_what_pandas_computes(name: str) -> None:
    for column in DATES[name]:
        found, values = profiled(name)["columns"][column], with_pandas(name)[column]
        gaps = pd.Series(np.sort(values.dropna().unique())).diff().dropna().dt.total_seconds()
        assert found["type"] == "date"
        assert datetime.fromisoformat(found["min"]) == values.min()
        assert datetime.fromisoformat(found["max"]) == values.max()
        assert found["range_days"] == pytest.approx((values.max() - values.min()).total_seconds() / 86400, rel=1e-12)
        assert found["median_gap_seconds"] == gaps.median()
        assert found["largest_gap_seconds"] == gaps.max()
        edges = [datetime.fromisoformat(edge) for edge in found["histogram"]["edges"]]
        counted = np.histogram(values.dropna().astype("int64"), pd.Series(edges).astype(values.dtype).astype("int64"))
        assert found["histogram"]["counts"] == counted[0].tolist()
        assert sum(found["histogram"]["counts"]) == values.count()


def test_dates_of_whole_days_have_bins_of_whole_days() -> None:
    edges = profiled("bike_sharing")["columns"]["dteday"]["histogram"]["edges"]
    assert all(len(edge) == len("2011-01-01") for edge in edges)


def test_dates_of_one_afternoon_have_bins_of_minutes(tmp_path: Path) -> None:
    seconds = 1_600_000_000 + 37 * np.arange(200)
    found = figures(tmp_path, pa.array(seconds * 1000, pa.timestamp("ms")))
    assert {edge[-3:] for edge in found["histogram"]["edges"]} == {":00"}
    assert found["median_gap_seconds"] == found["largest_gap_seconds"] == 37


def test_booleans_are_counted(tmp_path: Path) -> None:
    found = figures(tmp_path, pa.array([True, None, False, True]))
    assert found == {"type": "boolean", "count": 3, "missing": 1, "distinct": 2, "true": 2, "false": 1}


def test_a_column_without_values_has_no_figures(tmp_path: Path) -> None:
    kinds = (pa.int64(), pa.float64(), pa.bool_(), pa.timestamp("ms"), pa.string())
    for kind in kinds:
        found = figures(tmp_path, pa.nulls(3, kind))
        assert (found["count"], found["missing"], found["distinct"]) == (0, 3, 0)
        gone = {"mean", "std", "min", "max", "median", "skew", "range_days", "entropy", "mean_length"} & set(found)
        assert {found[figure] for figure in gone} <= {None}, kind


def test_one_row_has_no_spread(tmp_path: Path) -> None:
    found = figures(tmp_path, pa.array([2.5]))
    assert (found["mean"], found["std"], found["skew"], found["kurtosis"]) == (2.5, None, None, None)
    assert found["histogram"] == {"edges": [2.0, 3.0], "counts": [1]}


def test_two_rows_have_a_spread_and_no_skew(tmp_path: Path) -> None:
    found = figures(tmp_path, pa.array([1.0, 2.0]))
    assert (found["std"], found["skew"], found["kurtosis"]) == (pytest.approx(math.sqrt(0.5)), None, None)


def test_three_rows_have_a_skew_and_no_kurtosis(tmp_path: Path) -> None:
    found = figures(tmp_path, pa.array([1.0, 2.0, 9.0]))
    assert (found["skew"], found["kurtosis"]) == (pytest.approx(pd.Series([1, 2, 9]).skew(), rel=1e-12), None)


def test_equal_values_have_no_shape_and_exactly_that_mean(tmp_path: Path) -> None:
    found = figures(tmp_path, pa.array([0.1] * 1000))
    assert (found["mean"], found["std"], found["skew"], found["kurtosis"]) == (0.1, 0.0, None, None)
    assert (found["q25"], found["median"], found["distinct"]) == (0.1, 0.1, 1)


@pytest.mark.parametrize("scale", [1e307, 1e-306, 5e-324])
def test_numbers_at_the_ends_of_float64_are_computed_as_if_they_were_ordinary(tmp_path: Path, scale: float) -> None:
    rng = np.random.default_rng(3)
    ordinary = rng.integers(-9, 10, 300).astype(float) ** 2 / 16
    values = ordinary * scale
    found, expected = figures(tmp_path, pa.array(values)), pd.Series(values / scale)
    assert found["mean"] == pytest.approx(expected.mean() * scale, rel=1e-9, abs=scale)
    assert found["std"] == pytest.approx(expected.std() * scale, rel=1e-9, abs=scale)
    assert found["skew"] == pytest.approx(expected.skew(), rel=1e-9)
    assert found["kurtosis"] == pytest.approx(expected.kurt(), rel=1e-9)
    assert sum(found["histogram"]["counts"]) == 300


def test_a_figure_beyond_float64_is_null_and_the_rest_is_not(tmp_path: Path) -> None:
    found = figures(tmp_path, pa.array([-1.7e308, 1.7e308, -1.7e308, 1.7e308]))
    assert (found["mean"], found["median"], found["max"], found["std"]) == (0.0, 0.0, 1.7e308, None)
    assert sum(found["histogram"]["counts"]) == 4


def test_one_number_at_the_end_of_float64_among_ordinary_ones_leaves_a_histogram(tmp_path: Path) -> None:
    """Its distance, in spreads of the others, is beyond float64."""
    found = figures(tmp_path, pa.array([*np.linspace(-1, 1, 80), 1.797e308]))
    assert found["histogram"]["counts"] == [80, *[0] * (MOST_BINS - 2), 1]


def test_a_small_variance_far_from_zero_is_not_lost(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    steps = rng.integers(0, 8, 500) / 8
    found, expected = figures(tmp_path, pa.array(1e15 + steps)), pd.Series(steps)
    assert found["std"] == pytest.approx(expected.std(), rel=1e-9)
    assert found["skew"] == pytest.approx(expected.skew(), rel=1e-9)
    assert found["kurtosis"] == pytest.approx(expected.kurt(), rel=1e-9)


def test_neighbouring_numbers_share_one_bin(tmp_path: Path) -> None:
    values = [1.0, math.nextafter(1.0, 2.0)]
    assert figures(tmp_path, pa.array(values))["histogram"] == {"edges": values, "counts": [2]}


def test_minus_zero_is_zero(tmp_path: Path) -> None:
    for values in ([0.0, -0.0], [0.0, -0.0] * 100):
        found = figures(tmp_path, pa.array(values))
        assert (found["distinct"], found["zeros"], found["negatives"]) == (1, len(values), 0)


def test_whole_numbers_of_few_values_have_a_bin_each(tmp_path: Path) -> None:
    found = figures(tmp_path, pa.array([1, 2, 2, 5] * 100))
    assert found["histogram"] == {"edges": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "counts": [100, 200, 0, 0, 100]}


@pytest.mark.parametrize(
    "values",
    [
        RNG.normal(size=100_000),
        RNG.integers(0, 50, 100_000).astype(float),
        np.where(RNG.random(100_000) < 0.3, np.nan, RNG.normal(size=100_000).round(3)),
        np.full(10, np.nan),
        np.array([]),
        np.array([3.0]),
    ],
)
def test_a_distribution_is_the_distinct_values_and_their_counts(values: Floats) -> None:
    found = Distribution.of(values.copy())
    distinct, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    assert np.array_equal(found.values, distinct)
    assert np.array_equal(found.cumulative_counts, np.cumsum(counts))


def test_a_texts_length_is_counted_in_characters(tmp_path: Path) -> None:
    found = figures(tmp_path, pa.array(["上海", "上海", "Oslo", None]))
    assert found["mean_length"] == pytest.approx(8 / 3)
    assert found["entropy"] == pytest.approx(-(2 / 3 * math.log2(2 / 3) + 1 / 3 * math.log2(1 / 3)))
