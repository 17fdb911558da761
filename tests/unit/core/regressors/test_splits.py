"""Splitting a table: target checks, rows and columns left out."""

import numpy as np
import pytest

from core.errors import NotEnoughRowsError, TargetError, UnknownColumnError
from core.manifests import Recipe
from core.preprocessing.features import check_target
from core.regressors.splits import MIN_ROWS
from tests.support.tables import noisy, read, real
from tests.support.training import split_of, split_text


def lines(rows: int, pattern: str) -> str:
    """`pattern` for i in 0..rows-1, below a header x,k,y."""
    return "x,k,y\n" + "".join(pattern.format(i=i) + "\n" for i in range(rows))


def test_an_unknown_target_is_refused_with_the_columns_there_are() -> None:
    with pytest.raises(UnknownColumnError, match=r"'price'.*cylinders.*weight") as caught:
        check_target(real("mpg").columns, "price")
    assert caught.value.errors[0]["field"] == "target_column"


def test_a_text_target_is_refused_with_the_numeric_columns() -> None:
    with pytest.raises(TargetError, match="'origin' is text") as caught:
        check_target(real("mpg").columns, "origin")
    assert "horsepower" in caught.value.detail
    assert "name" not in caught.value.detail.split("Numeric columns:")[1]


@pytest.mark.parametrize("value", ["5", ""])
def test_a_constant_or_empty_target_is_refused(value: str) -> None:
    with pytest.raises(TargetError, match="same value"):
        check_target(read("a,y\n" + f"1,{value}\n" * 30).columns, "y")


@pytest.mark.parametrize(("exponent", "way_out"), [("e300", "Divide"), ("e-300", "Multiply")])
def test_a_target_whose_squared_errors_are_no_numbers_is_refused(exponent: str, way_out: str) -> None:
    with pytest.raises(TargetError, match=way_out) as caught:
        split_text(lines(40, "{i},2,{i}.5" + exponent))
    assert caught.value.errors == [{"field": "target_column", "message": "out of range"}]


def test_a_numeric_target_is_returned() -> None:
    assert check_target(real("mpg").columns, "mpg").type == "number"


def test_too_few_rows_are_refused() -> None:
    assert len(split_text(noisy(MIN_ROWS)).train_x) == 16
    with pytest.raises(NotEnoughRowsError, match="19 usable rows"):
        split_text(noisy(MIN_ROWS - 1))


def test_rows_without_a_target_do_not_count() -> None:
    source = noisy(MIN_ROWS - 1) + "\n1,red,NA\n2,green,"
    with pytest.raises(NotEnoughRowsError, match="19 usable rows"):
        split_text(source)
    data = split_text(source + "\n1,red,1\n2,red,2")
    assert len(data.train_y) + len(data.test_y) == 21
    assert "2 rows have no y and were left out" in data.notes
    assert not np.isnan(np.concatenate([data.train_y, data.test_y])).any()


def test_drop_leaves_incomplete_rows_out_and_says_so() -> None:
    data = split_of(real("mpg"), "mpg", Recipe(handle_missing="drop", leave_out=["name"]))
    assert len(data.train_x) + len(data.test_x) == 392
    assert data.notes == ["6 rows have a missing value and were left out"]
    assert not data.train_x.isna().any().any()


def test_other_recipes_keep_incomplete_rows() -> None:
    data = split_of(real("mpg"), "mpg", Recipe(handle_missing="mean", leave_out=["name"]))
    assert len(data.train_x) + len(data.test_x) == 398
    assert data.notes == []


def test_when_drop_leaves_nothing_another_recipe_is_proposed() -> None:
    with pytest.raises(NotEnoughRowsError, match="another handling"):
        split_text(lines(40, "{i},,{i}"), recipe=Recipe(handle_missing="drop"))


def test_a_feature_without_values_is_left_out_and_said_so() -> None:
    data = split_text(lines(40, "{i}.5,,{i}"))
    assert [column.name for column in data.columns] == ["x"]
    assert list(data.train_x) == ["x"]
    assert data.notes == ["column 'k' has no values in the training part and was left out"]


def test_of_many_features_without_values_one_note_names_the_first_and_counts_the_others() -> None:
    empty = ",".join(f"e{number}" for number in range(190))
    rows = "\n".join(f"{number}.5{',' * 190},{number}" for number in range(40))
    data = split_text(f"x,{empty},y\n{rows}")
    assert data.notes == ["columns 'e0', 'e1', 'e2' and 187 more have no values in the training part and were left out"]


def test_without_any_feature_there_is_nothing_to_learn() -> None:
    with pytest.raises(NotEnoughRowsError, match="No feature"):
        split_text(lines(40, ",,{i}"))


def test_the_target_is_no_feature() -> None:
    data = split_text(noisy(50))
    assert list(data.train_x) == ["x", "colour"]
    assert [column.name for column in data.columns] == ["x", "colour"]


def test_no_row_is_in_both_parts() -> None:
    data = split_text(lines(100, "{i},a{i},{i}"), recipe=Recipe(columns={"x": "median"}))
    assert sorted([*data.train_x["x"], *data.test_x["x"]]) == list(range(100))
    assert data.train_x["x"].tolist() == data.train_y.tolist()
    assert data.test_x["x"].tolist() == data.test_y.tolist()


@pytest.mark.parametrize(("test_size", "rows"), [(0.1, 10), (0.25, 25), (0.5, 50)])
def test_the_holdout_has_the_size_asked_for(test_size: float, rows: int) -> None:
    table = read(noisy(100))
    assert len(split_of(table, "y", test_size=test_size).test_x) == rows


def test_features_are_float64_and_object_whatever_the_file_says() -> None:
    data = split_text(lines(40, "{i}.5,t{i},{i}.5"))
    assert {name: str(dtype) for name, dtype in data.train_x.dtypes.items()} == {"x": "float64", "k": "object"}
    assert data.train_y.dtype == np.float64


@pytest.mark.parametrize("size", [0.01, 0.7, 0.8, 0.999])
def test_a_holdout_or_folds_of_one_row_are_refused(size: float) -> None:
    table = read(noisy(20))
    with pytest.raises(NotEnoughRowsError, match="test_size"):
        split_of(table, "y", test_size=size)
