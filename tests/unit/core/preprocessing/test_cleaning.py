"""A recipe on a whole table: rows dropped, gaps filled, dates and categories as numbers."""

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from core.errors import InvalidInputError, TargetError, UnknownColumnError
from core.manifests import Recipe
from core.preprocessing.cleaning import CleanTable, clean
from core.preprocessing.pipeline import make_preprocessor, raw_frame
from core.services.processing.recipe_check import check_recipe
from core.tables.table import Table
from tests.support.tables import typed, voyages


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return voyages(tmp_path / "voyages.parquet")


def rows_of(done: CleanTable, rows: int = 50) -> pa.Table:
    return pa.Table.from_batches(done.batches(rows), done.schema())


def refused(table: Table, **recipe: Any) -> dict[str, str]:
    with pytest.raises((InvalidInputError, UnknownColumnError, TargetError)) as caught:
        check_recipe(table.columns, Recipe(**recipe))
    return {error["field"]: error["message"] for error in caught.value.errors}


def test_a_clean_table_is_what_the_pipeline_makes_of_it(table: Table) -> None:
    recipe = Recipe(handle_missing="mean", columns={"sailed": "median", "crew": "mode"}, target_column="fare")
    features = [column for column in table.columns if column.name != "fare"]
    frame = raw_frame(table, [column.name for column in features])
    prepare = make_preprocessor(features, recipe, table.rows).fit(frame)
    names = [name.partition("__")[2].replace("port_", "port=") for name in prepare.get_feature_names_out()]
    done = rows_of(clean(table, recipe))
    assert sorted([*names, "fare"]) == sorted(done.column_names)
    for name, expected in zip(names, prepare.transform(frame).T, strict=True):
        assert done.column(name).to_numpy() == pytest.approx(expected, rel=1e-15)


def test_the_target_comes_last_and_nothing_is_missing(table: Table) -> None:
    done = rows_of(clean(table, Recipe(target_column="fare")))
    assert done.column_names[-1] == "fare"
    assert sum(column.null_count for column in done.columns) == 0
    parts = ["sailed_year", "sailed_month", "sailed_day", "sailed_weekday", "sailed_hour"]
    assert done.column_names == [*parts, "length", "crew", "insured", "port==cmd", "port=Oslo", "port=上海", "fare"]


def test_integers_of_18_digits_stay_exact_while_their_gaps_are_filled(table: Table) -> None:
    done = rows_of(clean(table, Recipe(handle_missing="mode")))
    crew = table.column("crew").to_pylist()
    assert done.schema.field("crew").type == pa.int64()
    assert [new for new, old in zip(done.column("crew").to_pylist(), crew, strict=True) if old is not None] == [
        old for old in crew if old is not None
    ]


def test_a_boolean_filled_with_a_share_becomes_a_number(table: Table) -> None:
    column = rows_of(clean(table, Recipe(handle_missing="mean"))).column("insured")
    share = np.nanmean(table.values("insured"))
    assert sorted(set(column.to_pylist())) == pytest.approx([0.0, share, 1.0])
    assert rows_of(clean(table, Recipe(handle_missing="mode"))).schema.field("insured").type == pa.int8()


def test_only_the_columns_to_be_dropped_by_cost_rows(table: Table) -> None:
    done = clean(table, Recipe(columns={"length": "drop", "port": "drop"}, leave_out=["port"]))
    gaps = table.column("length").null_count
    assert done.dropped == {"length": gaps}
    assert rows_of(done).num_rows == table.rows - gaps
    assert not [name for name in done.schema().names if name.startswith("port")]


def test_the_batches_add_up_however_long_they_are(table: Table) -> None:
    done = clean(table, Recipe(handle_missing="drop", target_column="fare"))
    assert rows_of(done, 7).equals(rows_of(done, 1000))
    assert rows_of(done).num_rows == int(done.kept.sum()) < table.rows


def test_a_column_without_values_goes_and_so_does_one_whose_values_go(tmp_path: Path) -> None:
    columns = {
        "empty": pa.nulls(4, pa.int64()),
        "gone": pa.array(["a", None, None, None]),
        "x": pa.array([None, 1, 2, 3], pa.int64()),
    }
    done = clean(typed(tmp_path / "t.parquet", columns), Recipe(columns={"x": "drop"}))
    assert done.schema().names == ["x"]
    assert rows_of(done).column("x").to_pylist() == [1, 2, 3]


def test_names_that_collide_are_told_apart(tmp_path: Path) -> None:
    days = pa.array([datetime(2012, 1, 5)] * 3, pa.timestamp("ms"))
    columns = {"d": days, "d_year": pa.array([2, 3, 4]), "c": pa.array(["x", "y", "x"]), "c=x": pa.array([7, 8, 9])}
    done = rows_of(clean(typed(tmp_path / "t.parquet", columns), Recipe(target_column="c=x")))
    assert done.column_names == [
        *["d_year", "d_month", "d_day", "d_weekday", "d_hour"],
        *["d_year_2", "c=x", "c=y", "c=x_2"],
    ]
    assert done.column("c=x").to_pylist() == [1, 0, 1]
    assert done.column("c=x_2").to_pylist() == [7, 8, 9]


def test_rare_levels_share_a_column(tmp_path: Path) -> None:
    texts = [f"level {i % 30 if i % 2 else 0}" for i in range(4000)]
    done = clean(typed(tmp_path / "t.parquet", {"c": pa.array([*texts, *["odd", "rare"] * 4, None])}), Recipe())
    names = done.columns[0].names
    assert (len(names), names[-2:]) == (17, ["c=level 9", "c=other"])
    encoded = np.array([column.to_numpy() for column in rows_of(done).columns])
    assert encoded.sum(axis=0).tolist() == [1] * 4009
    assert encoded[-1].sum() == 8


@pytest.mark.parametrize("levels", [3, 40])
def test_levels_are_encoded_as_the_pipeline_encodes_them_ties_included(tmp_path: Path, levels: int) -> None:
    table = typed(tmp_path / "t.parquet", {"c": pa.array(levels_of(levels))})
    expected = make_preprocessor(table.columns, Recipe(), table.rows).fit_transform(raw_frame(table, ["c"]))
    done = rows_of(clean(table, Recipe()), 64)
    assert np.array_equal(np.column_stack([column.to_numpy() for column in done.columns]), expected)


def levels_of(count: int) -> list[str | None]:
    """Texts of so many levels, more than five rows each, with gaps."""
    rng = np.random.default_rng(count)
    texts = [f"级 {i % count}" for i in range(5 * count)] + [f"级 {i}" for i in rng.integers(0, count, 50)]
    return [text if i % 9 else None for i, text in enumerate(texts)]


@pytest.mark.parametrize("levels", [41, 90])
def test_many_levels_become_the_mean_of_their_target(tmp_path: Path, levels: int) -> None:
    texts = levels_of(levels)
    y = np.random.default_rng(1).normal(size=len(texts)) + np.arange(len(texts)) % levels
    table = typed(tmp_path / "t.parquet", {"c": pa.array(texts), "y": pa.array(y)})
    features = [column for column in table.columns if column.name == "c"]
    expected = make_preprocessor(features, Recipe(), table.rows).fit(raw_frame(table, ["c"]), y)
    done = rows_of(clean(table, Recipe(target_column="y")), 64)
    assert done.column_names == ["c", "c_missing", "y"]
    made = np.column_stack([done.column(name).to_numpy() for name in ("c", "c_missing")])
    assert made == pytest.approx(expected.transform(raw_frame(table, ["c"])), rel=1e-12)
    assert len(set(done.column("c").to_pylist())) > 0.9 * levels


def test_many_levels_wait_for_a_target(tmp_path: Path) -> None:
    table = typed(tmp_path / "t.parquet", {"c": pa.array(levels_of(50)), "x": pa.array(np.arange(300.0) / 7)})
    assert clean(table, Recipe()).schema().names == ["x"]


def test_many_gaps_are_marked_and_few_are_not(tmp_path: Path) -> None:
    values = np.arange(1000.0) / 3
    columns = {
        "often": pa.array(values, mask=np.arange(1000) % 10 == 0),
        "once": pa.array(values, mask=np.arange(1000) == 5),
        "y": pa.array(values),
    }
    table = typed(tmp_path / "t.parquet", columns)
    done = rows_of(clean(table, Recipe(target_column="y")))
    assert done.column_names == ["often", "once", "often_missing", "y"]
    assert done.column("often_missing").to_pylist() == [int(i % 10 == 0) for i in range(1000)]
    assert "often_missing" not in clean(table, Recipe(target_column="y", columns={"often": "drop"})).schema().names


def test_a_level_that_only_dropped_rows_have_is_no_column(tmp_path: Path) -> None:
    columns = {"c": pa.array(["a", "b", "c", "a"]), "x": pa.array([1, 2, None, 4], pa.int64())}
    done = rows_of(clean(typed(tmp_path / "t.parquet", columns), Recipe(columns={"x": "drop"})))
    assert done.to_pylist() == [
        {"c=a": 1, "c=b": 0, "x": 1},
        {"c=a": 0, "c=b": 1, "x": 2},
        {"c=a": 1, "c=b": 0, "x": 4},
    ]


def test_columns_of_a_recipe_that_the_table_lacks_are_all_named(table: Table) -> None:
    assert refused(table, columns={"age": "mean", "length": "mean"}, leave_out=["port", "id"]) == {
        "columns.age": "no such column",
        "leave_out[1]": "no such column",
    }


@pytest.mark.parametrize("handling", ["mean", "median"])
def test_text_has_no_mean_and_no_median(table: Table, handling: str) -> None:
    assert refused(table, columns={"port": handling}) == {
        "columns.port": f"text has no {handling}; choose drop or mode"
    }


def test_a_target_cannot_be_left_out_or_filled(table: Table) -> None:
    assert list(refused(table, target_column="fare", leave_out=["port", "fare"])) == ["leave_out[1]"]
    assert list(refused(table, target_column="fare", columns={"fare": "mean"})) == ["columns.fare"]
    check_recipe(table.columns, Recipe(target_column="fare", columns={"fare": "drop", "port": "mode"}))


def test_something_has_to_be_left_to_learn_from(table: Table) -> None:
    names = ["sailed", "length", "crew", "insured", "port"]
    assert list(refused(table, target_column="fare", leave_out=names)) == ["leave_out"]


@pytest.mark.parametrize(("name", "what"), [("sailed", "a date"), ("port", "text")])
def test_a_date_or_a_text_is_no_target(table: Table, name: str, what: str) -> None:
    with pytest.raises(TargetError, match=f"is {what}, .* Numeric columns: length, crew, fare"):
        check_recipe(table.columns, Recipe(target_column=name))
