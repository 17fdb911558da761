"""Correlations, compared with pandas."""

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from core.array_types import Floats
from core.profiling import correlations as relations
from core.profiling.correlations import MOST_COLUMNS, correlations, pearson_of, spearman_of
from core.profiling.distribution import Distribution
from core.tables.table import SLICE_ROWS, Table
from tests.support.tables import CSVS, real, typed


def related(table: Table) -> dict[str, Any]:
    """The correlations of all columns but texts and dates, as a profile makes them; they must be JSON."""
    moments = {}
    for column in table.columns:
        if column.type in ("integer", "number", "boolean"):
            found = Distribution.of(table.values(column.name))
            moments[column.name] = found.moments() if found.count else None
    answer = correlations(table, moments)
    json.dumps(answer, allow_nan=False)
    return answer


def made(folder: Path, **columns: Any) -> Table:
    return typed(folder / "t.parquet", {name: pa.array(values, from_pandas=True) for name, values in columns.items()})


def agree(ours: list[list[float | None]], theirs: pd.DataFrame) -> None:
    np.testing.assert_allclose(np.array(ours, float), theirs.to_numpy(), rtol=1e-9, atol=1e-11)


def with_gaps(rows: int, columns: int) -> dict[str, Floats]:
    rng = np.random.default_rng(8)
    common = rng.normal(size=rows)
    values = {f"c{i}": (common * i + rng.normal(size=rows)).round(1) for i in range(columns)}
    return {name: np.where(rng.random(rows) < 0.2, np.nan, column) for name, column in values.items()}


@pytest.mark.parametrize("name", CSVS)
def test_correlations_of_real_tables_are_those_of_pandas(name: str) -> None:
    frame = pd.read_csv(CSVS[name][0]).select_dtypes("number")
    found = related(real(name))
    assert found["columns"] == list(frame)
    assert found["rows"] == len(frame)
    agree(found["pearson"], frame.corr())
    agree(found["spearman"], frame.corr(method="spearman"))


@pytest.mark.parametrize("rows", [3, 50, 3000])
def test_of_columns_with_gaps_only_the_rows_that_have_both_count(tmp_path: Path, rows: int) -> None:
    columns = {**with_gaps(rows, 4), "full": np.arange(rows, dtype=float) ** 2}
    found = related(made(tmp_path, **columns))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas divides by zero where two rows are shared
        agree(found["pearson"], pd.DataFrame(columns).corr())
        agree(found["spearman"], pd.DataFrame(columns).corr(method="spearman"))


def test_many_rows_are_taken_slice_by_slice(tmp_path: Path) -> None:
    columns = with_gaps(200_000, 3)
    assert len(columns["c0"]) > SLICE_ROWS
    found = related(made(tmp_path, **columns))
    agree(found["pearson"], pd.DataFrame(columns).corr())
    agree(found["spearman"], pd.DataFrame(columns).corr(method="spearman"))


def test_true_counts_as_one(tmp_path: Path) -> None:
    flags, x = [True, False, True, None, True], [5.0, 1.0, 4.0, 9.0, 2.0]
    found = related(made(tmp_path, flag=flags, x=x))
    agree(found["pearson"], pd.DataFrame({"flag": [1, 0, 1, np.nan, 1], "x": x}).corr())


def test_what_does_not_vary_has_no_correlation(tmp_path: Path) -> None:
    found = related(made(tmp_path, x=[1.0, 2.0, 3.0], same=[7.0, 7.0, 7.0], none=pa.nulls(3, pa.float64())))
    expected = [[pytest.approx(1.0), None, None], [None, None, None], [None, None, None]]
    assert found["pearson"] == found["spearman"] == expected


def test_what_does_not_vary_where_the_other_is_there_has_no_correlation(tmp_path: Path) -> None:
    x, y = [0.1, 0.1, 0.1, 5.0, 8.0], [1.0, 2.0, 4.0, None, None]
    found = related(made(tmp_path, x=x, y=y))
    assert found["pearson"][0][1] is None
    assert found["spearman"][0][1] is None


def test_columns_that_never_meet_have_no_correlation(tmp_path: Path) -> None:
    found = related(made(tmp_path, x=[1.0, 2.0, None, None], y=[None, None, 1.0, 3.0]))
    assert found["pearson"][0][1] is None
    assert found["spearman"][0][1] is None


def test_an_outlier_that_a_pair_does_not_share_does_not_blur_it(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    x = rng.normal(size=1000)
    y = x + rng.normal(size=1000)
    x[7], y[7] = 1e9, np.nan
    found = related(made(tmp_path, x=x, y=y))
    agree(found["pearson"], pd.DataFrame({"x": x, "y": y}).corr())


@pytest.mark.parametrize("scale", [1e307, 1e-300])
def test_numbers_at_the_ends_of_float64_correlate_like_ordinary_ones(tmp_path: Path, scale: float) -> None:
    rng = np.random.default_rng(8)
    x = rng.normal(size=100)
    y = np.where(rng.random(100) < 0.1, np.nan, x + rng.normal(size=100))
    found = related(made(tmp_path, x=x * scale, y=y * scale, z=x))
    agree(found["pearson"], pd.DataFrame({"x": x, "y": y, "z": x}).corr())


def test_a_small_variance_far_from_zero_correlates_too(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    x, y = rng.integers(0, 9, 400) / 8, rng.normal(size=400)
    found = related(made(tmp_path, x=1e15 + x, y=y))
    agree(found["pearson"], pd.DataFrame({"x": x, "y": y}).corr())


def test_no_correlation_is_beyond_one(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    x = rng.normal(size=1000) * 1e-3 + 0.1
    found = related(made(tmp_path, x=x, y=3 * x, z=-x))
    assert np.abs(found["pearson"]).max() <= 1


def test_ranks_of_a_large_table_are_of_rows_at_even_distances(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relations, "SAMPLE_ROWS", 1000)
    columns = with_gaps(2500, 2)
    found = related(made(tmp_path, **columns))
    assert found["rows"] == 1000
    sampled = pd.DataFrame(columns).iloc[np.arange(1000) * 2500 // 1000]
    agree(found["spearman"], sampled.corr(method="spearman"))
    agree(found["pearson"], pd.DataFrame(columns).corr())


def test_many_pairs_with_gaps_are_ranked_on_fewer_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relations, "MOST_RANKS", 6000)
    assert related(made(tmp_path, **with_gaps(2000, 4)))["rows"] == 500  # 6 pairs, both of each ranked
    full = {name: np.nan_to_num(column) for name, column in with_gaps(2000, 4).items()}
    assert related(made(tmp_path, **full))["rows"] == 2000


def test_of_very_many_columns_the_first_hundred_are_related(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    found = related(made(tmp_path, **{f"c{i}": rng.normal(size=5) for i in range(MOST_COLUMNS + 20)}))
    assert found["columns"] == [f"c{i}" for i in range(MOST_COLUMNS)]
    assert np.shape(found["pearson"]) == np.shape(found["spearman"]) == (MOST_COLUMNS, MOST_COLUMNS)


def test_a_table_of_texts_has_no_correlations(tmp_path: Path) -> None:
    assert related(made(tmp_path, a=["x", "y"])) == {"columns": [], "pearson": [], "spearman": [], "rows": 2}


def test_two_columns_alone_agree_with_pandas() -> None:
    columns = with_gaps(2000, 2)
    x, y = pd.Series(columns["c0"]), pd.Series(columns["c1"])
    assert pearson_of(columns["c0"], columns["c1"]) == pytest.approx(x.corr(y), rel=1e-9)
    assert spearman_of(columns["c0"], columns["c1"]) == pytest.approx(x.corr(y, method="spearman"), rel=1e-9)


@pytest.mark.parametrize("x", [[], [1.0], [np.nan, 1.0], [2.0, 2.0]])
def test_two_columns_alone_may_have_no_correlation(x: list[float]) -> None:
    y = np.arange(len(x), dtype=float)
    assert pearson_of(np.array(x), y) is None
    assert spearman_of(np.array(x), y) is None
