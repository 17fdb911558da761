"""How columns relate to a target, compared with pandas and scikit-learn."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.feature_selection import mutual_info_regression

from core.cell_values import parse_date
from core.packed_columns import Category
from core.profiling import target_relations as module
from core.profiling.correlations import sampled_rows
from core.profiling.target_relations import CURVE_BINS, INFORMATION_ROWS, target_relations
from tests.support.tables import CSVS, csv, read, real, typed, voyages


@cache
def about(name: str) -> dict[str, Any]:
    found = target_relations(real(name), CSVS[name][1])
    return json.loads(json.dumps(found, allow_nan=False))


def made(folder: Path, target: str = "y", **columns: Any) -> dict[str, Any]:
    arrays = {name: pa.array(values, from_pandas=True) for name, values in columns.items()}
    found = target_relations(typed(folder / "t.parquet", arrays), target)
    json.dumps(found, allow_nan=False)
    return found


def kinds(found: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(entry["kind"], entry["column"], entry["severity"]) for entry in found["findings"]]


@pytest.mark.parametrize("name", CSVS)
def test_correlations_with_a_real_target_are_those_of_pandas(name: str) -> None:
    frame, target, found = pd.read_csv(CSVS[name][0]), CSVS[name][1], about(name)
    assert found["target"] == target
    assert found["rows"] == frame[target].count()
    assert list(found["relations"]) == [column for column in frame if column != target]
    for column in frame.select_dtypes("number").columns.drop(target):
        relation = found["relations"][column]
        assert relation["pearson"] == pytest.approx(frame[column].corr(frame[target]), rel=1e-9, abs=1e-12)
        assert relation["spearman"] == pytest.approx(
            frame[column].corr(frame[target], method="spearman"), rel=1e-9, abs=1e-12
        )


@pytest.mark.parametrize("name", ["concrete", "mpg", "energy_efficiency", "diamonds"])
def test_mutual_information_is_that_of_scikit_learn(name: str) -> None:
    table, target, found = real(name), CSVS[name][1], about(name)
    y = table.values(target)
    assert isinstance(y, np.ndarray)
    for column in table.columns:
        values = table.values(column.name)
        discrete = isinstance(values, Category)
        if column.name in (target, "name"):  # too many names to say anything
            continue
        x = values.codes if isinstance(values, Category) else values
        kept = ~np.isnan(x)
        rows = sampled_rows(int(kept.sum()), INFORMATION_ROWS)
        x, known = x[kept][rows, None], y[kept][rows]
        expected = mutual_info_regression(x, known, discrete_features=discrete, random_state=0)[0]
        assert found["relations"][column.name]["mutual_information"] == pytest.approx(expected, rel=1e-9), column


def test_to_mutual_information_a_missing_text_is_a_level_and_a_missing_number_is_left_out(tmp_path: Path) -> None:
    rng = np.random.default_rng(21)
    y = np.repeat([0.0, 10.0], 200) + rng.normal(size=400)
    text = [None] * 200 + ["a"] * 200
    gappy = np.where(np.arange(400) % 3 == 0, np.nan, y + rng.normal(size=400))
    relations = made(tmp_path, text=text, gappy=gappy, y=y)["relations"]
    assert relations["text"]["mutual_information"] == pytest.approx(np.log(2), abs=0.02)
    kept = ~np.isnan(gappy)
    expected = mutual_info_regression(gappy[kept, None], y[kept], random_state=0)[0]
    assert relations["gappy"]["mutual_information"] == pytest.approx(expected, rel=1e-9)


def test_texts_that_are_all_different_have_no_mutual_information(tmp_path: Path) -> None:
    found = made(tmp_path, name=[f"n{i}" for i in range(60)], y=np.arange(60.0))
    assert found["relations"]["name"]["mutual_information"] is None


def test_rare_texts_count_as_one_to_mutual_information(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(21)
    monkeypatch.setattr(module, "INFORMATION_LEVELS", 2)
    y = rng.normal(size=300)
    codes = np.repeat(np.arange(30), 10)
    codes[:200] = np.repeat([0, 1], 100)
    found = made(tmp_path, text=[f"t{code:02}" for code in codes], y=y)["relations"]["text"]
    pooled = np.where(codes < 2, codes, 2)
    expected = mutual_info_regression(pooled[:, None], y, discrete_features=True, random_state=0)[0]
    assert found["mutual_information"] == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", CSVS)
def test_curves_are_the_mean_target_of_every_row_between_their_edges(name: str) -> None:
    table, found = real(name), about(name)
    y = table.values(CSVS[name][1])
    assert isinstance(y, np.ndarray)
    for column in table.columns:
        relation = found["relations"].get(column.name, {})
        if "curve" not in relation:
            continue
        values, curve = table.values(column.name), relation["curve"]
        assert isinstance(values, np.ndarray)
        assert 1 <= len(curve) <= CURVE_BINS
        assert sum(part["count"] for part in curve) == np.count_nonzero(~np.isnan(values))
        for place, part in enumerate(curve):
            low, high = (parse_date(part[end]) if column.type == "date" else part[end] for end in ("from", "to"))
            last = place == len(curve) - 1 or low == high
            inside = (values >= low) & ((values <= high) if last else (values < high))
            assert part["count"] == inside.sum(), (column.name, part)
            assert part["mean"] == pytest.approx(y[inside].mean(), rel=1e-9)


def test_a_curve_of_few_values_has_a_point_for_each(tmp_path: Path) -> None:
    curve = made(tmp_path, x=[1, 1, 2, 2, 2, 7], y=[1.0, 3.0, 4.0, 5.0, 6.0, 9.0])["relations"]["x"]["curve"]
    assert [(part["from"], part["to"], part["count"], part["mean"]) for part in curve] == [
        (1.0, 1.0, 2, 2.0),
        (2.0, 2.0, 3, 5.0),
        (7.0, 7.0, 1, 9.0),
    ]


def test_bins_of_a_smooth_column_have_as_many_rows_each(tmp_path: Path) -> None:
    rng = np.random.default_rng(21)
    x = rng.normal(size=4000)
    curve = made(tmp_path, x=x, y=x)["relations"]["x"]["curve"]
    assert len(curve) == CURVE_BINS
    assert max(part["count"] for part in curve) - min(part["count"] for part in curve) <= 2


@pytest.mark.parametrize("name", ["california_housing", "taxis", "diamonds"])
def test_levels_are_the_mean_target_of_the_most_frequent_texts(name: str) -> None:
    frame, target, found = pd.read_csv(CSVS[name][0]), CSVS[name][1], about(name)
    for column, relation in found["relations"].items():
        if "levels" in relation:
            means = frame.groupby(column)[target].mean()
            counts = frame[column].value_counts()
            assert [level["count"] for level in relation["levels"]] == counts.tolist()[:10]
            for level in relation["levels"]:
                assert level["mean"] == pytest.approx(means[level["value"]], rel=1e-9)
                assert level["count"] == counts[level["value"]]


def test_rows_without_the_target_say_nothing(tmp_path: Path) -> None:
    found = made(tmp_path, x=[1, 2, 1, 2], text=["a", "a", "b", "b"], y=[1.0, 2.0, None, None])
    assert found["rows"] == 2
    assert [part["count"] for part in found["relations"]["x"]["curve"]] == [1, 1]
    assert found["relations"]["text"]["levels"] == [{"value": "a", "count": 2, "mean": 1.5}]
    (missing,) = found["findings"]
    assert (missing["kind"], missing["count"], missing["rows"]) == ("target-missing", 2, [4, 5])


def test_columns_of_every_type_are_related(tmp_path: Path) -> None:
    relations = target_relations(voyages(tmp_path / "t.parquet", 400), "fare")["relations"]
    assert relations["insured"]["curve"][1]["mean"] - relations["insured"]["curve"][0]["mean"] == pytest.approx(
        10, abs=2
    )
    assert relations["sailed"]["curve"][0]["from"][:2] in ("18", "19")
    assert {level["value"] for level in relations["port"]["levels"]} == {"Oslo", "上海", "=cmd"}
    assert relations["length"]["pearson"] > 0.5
    assert all(relation["mutual_information"] is not None for relation in relations.values())


def test_a_column_without_values_relates_to_nothing(tmp_path: Path) -> None:
    found = made(tmp_path, none=pa.nulls(30, pa.int64()), text=pa.nulls(30, pa.string()), y=np.arange(30.0))
    nothing = {"pearson": None, "spearman": None, "mutual_information": None}
    assert found["relations"] == {"none": {**nothing, "curve": []}, "text": {**nothing, "levels": []}}


@pytest.mark.parametrize("scale", [1e307, 5e-324])
def test_numbers_at_the_ends_of_float64_relate_like_ordinary_ones(tmp_path: Path, scale: float) -> None:
    rng = np.random.default_rng(21)
    x = rng.integers(-9, 10, 200).astype(float)
    y = x + rng.integers(-5, 6, 200)
    found = made(tmp_path, x=x * scale, y=y * scale)["relations"]["x"]
    assert found["pearson"] == pytest.approx(np.corrcoef(x, y)[0, 1], rel=1e-9)
    assert found["curve"][0]["mean"] == pytest.approx(y[x == -9].mean() * scale, rel=1e-9, abs=scale)


def test_a_column_that_gives_the_target_away_is_found(tmp_path: Path) -> None:
    rng = np.random.default_rng(21)
    y = rng.normal(size=200)
    found = made(tmp_path, cents=100 * y, curved=np.exp(y), noisy=y + rng.normal(size=200), y=y)
    assert kinds(found) == [("leakage", "cents", "warning"), ("leakage", "curved", "warning")]
    assert "Pearson" in found["findings"][0]["finding"]
    assert "Spearman" in found["findings"][1]["finding"]
    assert '{"leave_out": ["cents"]}' in found["findings"][0]["suggestion"]


def test_no_real_table_gives_its_target_away() -> None:
    leaks = [entry for name in CSVS for entry in about(name)["findings"] if entry["kind"] == "leakage"]
    assert leaks == []


def test_a_skewed_target_is_found() -> None:
    assert kinds(about("taxis")) == [("target-skewed", "total", "info")]
    assert kinds(about("concrete")) == []


def test_a_target_of_few_values_looks_like_a_class(tmp_path: Path) -> None:
    rng = np.random.default_rng(21)
    assert kinds(made(tmp_path, x=rng.normal(size=90), y=[1, 2, 3] * 30)) == [("target-few-values", "y", "warning")]
    assert kinds(made(tmp_path, x=rng.normal(size=60), y=[True, False] * 30)) == [("target-few-values", "y", "warning")]


def test_a_total_beside_a_count_is_a_leak_of_the_mean() -> None:
    people = [n % 7 + 1 for n in range(200)]
    means = [n * 37 % 101 / 4 for n in range(200)]
    totals = [count * mean for count, mean in zip(people, means, strict=True)]
    found = target_relations(read(csv(people=people, spent=totals, mean=means)), "mean")
    assert kinds(found) == [("leakage", "spent", "warning")]
    assert "'mean' is 'spent' / 'people'" in found["findings"][0]["finding"]
