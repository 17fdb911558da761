"""Rows of a DataFrame are read as a file of the model; what pandas has made of its texts is turned back or named."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from io import StringIO
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.cell_values import parse_date
from core.errors import InvalidInputError, InvalidRecordsError
from core.inference.frame_input import read_frame
from core.inference.lost_texts import TrainedFeature


def feature(kind: str, levels: str = "", **fields: Any) -> TrainedFeature:
    """Return a feature called x; `levels` are divided by blanks."""
    fill = "" if kind == "category" else 0.0
    return TrainedFeature.model_validate(
        {"name": "x", "type": kind, "fill": fill, "levels": levels.split(), "is_complete": True, **fields}
    )


def read(values: Any, kind: str, levels: str = "", dtype: Any = None, **fields: Any) -> tuple[list[Any], list[str]]:
    """Return the raw column of values in a frame, and the warnings."""
    found = read_frame(pd.DataFrame({"x": pd.Series(values, dtype=dtype)}), [feature(kind, levels, **fields)])
    return found.columns["x"].tolist(), found.warnings


def read_csv(text: str, kind: str, levels: str = "", **fields: Any) -> tuple[list[Any], list[str]]:
    """Return the raw column of a file of one column, by default options of pandas, and the warnings."""
    frame = pd.read_csv(StringIO("x,k\n" + "".join(f"{cell},1\n" for cell in text.split(" "))))
    found = read_frame(frame, [feature(kind, levels, **fields)])
    return found.columns["x"].tolist(), found.warnings


@pytest.mark.parametrize(
    ("text", "levels", "expected"),
    [
        ("00123 01067 09999", "00123 01067", ["00123", "01067", "09999"]),
        ("12 7 13", "12 7 13", ["12", "7", "13"]),
        ("12  7", "12 7", ["12", "", "7"]),
        ("1.50 2.00 2.5", "1.50 2.00", ["1.50", "2.00", "2.5"]),
        ("TRUE FALSE TRUE", "TRUE FALSE", ["TRUE", "FALSE", "TRUE"]),
        ("1e3 5", "1e3 5", ["1e3", "5"]),
        ("12345678901234567 5", "12345678901234567 5", ["12345678901234567", "5"]),
        ("1_000 5", "1_000 5", ["1_000", "5"]),
    ],
)
def test_a_level_that_pandas_read_as_a_number_is_the_level_again(text: str, levels: str, expected: list[str]) -> None:
    found, warnings = read_csv(text, "category", levels)
    assert found == expected
    assert all("training never saw" in warning or "row" in warning for warning in warnings)


def test_a_number_that_was_one_of_two_levels_is_an_error() -> None:
    with pytest.raises(InvalidRecordsError, match=r"7 in column 'x' may be '7' or '007' .* dtype=\{'x': str\}"):
        read_csv("7 007 8", "category", "7 007 8")
    with pytest.raises(InvalidRecordsError, match=r"1\.1 in column 'x' may be '1\.1' or '1\.10'"):
        read_csv("1.1 1.2", "category", "1.1 1.10 1.2")


def test_a_level_that_pandas_takes_for_missing_is_restored_where_training_had_none_missing() -> None:
    found, (warning,) = read_csv("None Wood None", "category", "None Wood")
    assert found == ["None", "Wood", "None"]
    assert "'x' has 2 missing values, read as 'None'" in warning
    assert "keep_default_na=False" in warning


@pytest.mark.parametrize(("levels", "is_complete"), [("None Wood", False), ("None NA Wood", True)])
def test_where_it_may_have_been_missing_a_warning_says_so(levels: str, is_complete: bool) -> None:
    found, warnings = read_csv("None Wood", "category", levels, is_complete=is_complete)
    assert found == ["", "Wood"]
    assert "'x' has 1 missing value that may be 'None'" in warnings[0]
    frame = pd.DataFrame({"x": [None, "Wood"]})
    with pytest.raises(InvalidRecordsError, match="may be 'None'"):
        read_frame(frame, [feature("category", levels, is_complete=is_complete)], strict=True)


def test_a_table_with_the_word_itself_has_missing_values_beside_it() -> None:
    assert read(["None", None, "Wood"], "category", "None Wood")[0] == ["None", "", "Wood"]


MARCH = parse_date("2022-03-01")


@pytest.mark.parametrize(
    ("text", "date_format"),
    [
        ("20220301 20220301", "YYYYMMDD"),
        ("20220301  20220301", "YYYYMMDD"),
        ("202203  202203", "YYYYMM"),
        ("44621 44621", "Excel"),
        ("03.2022 03.2022", "M.Y"),
        ("2022.03 2022.03", "Y.M"),
        ("01/03/2022 01/03/2022", "D/M/Y"),
        ("2022年3月1日 2022年3月1日", "Y年M月D日"),
    ],
)
def test_dates_are_read_in_the_format_of_the_file(text: str, date_format: str) -> None:
    found, _ = read_csv(text, "date", format=date_format)
    assert [MARCH if np.isnan(value) else value for value in found] == [MARCH] * len(found)
    assert found[0] == MARCH


def test_months_behind_a_point_are_read_where_their_digits_tell_them_apart() -> None:
    assert read_csv("2022.01 2022.10", "date", format="Y.M")[0] == [parse_date("2022-01-01"), parse_date("2022-10-01")]
    found, (warning, _) = read_csv("2022.1 2022.2 2022.3", "date", format="Y.M")
    assert np.isnan(found[0]) and found[2] == MARCH
    assert "'x' has 1 value that is not a date" in warning and "2022.1 in row 0" in warning


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([datetime(2022, 3, 1)], None),
        ([datetime(2022, 3, 1)], "datetime64[s]"),
        ([datetime(2022, 3, 1)], "datetime64[us]"),
        ([datetime(2022, 3, 1)], "timestamp[ns][pyarrow]"),
        ([date(2022, 3, 1)], object),
        ([date(2022, 3, 1)], "date32[pyarrow]"),
        ([pd.Timestamp("2022-03-01 01:00", tz="Europe/Berlin")], None),
        ([datetime(2022, 3, 1, tzinfo=UTC), "2022-03-01", None], object),
        (["1/3/2022"], "category"),
        (["1/3/2022"], "string"),
        (["1/3/2022"], "string[pyarrow]"),
        ([MARCH], None),
    ],
)
@pytest.mark.parametrize("date_format", ["D/M/Y", "YYYYMMDD"])
def test_a_date_of_any_dtype_is_a_date(values: list[Any], dtype: Any, date_format: str) -> None:
    if date_format == "YYYYMMDD" and values in ([MARCH], ["1/3/2022"]):
        return  # a number there is written as digits, and 1/3 could be either
    found, warnings = read(values, "date", dtype=dtype, format=date_format)
    assert found[:2] == [MARCH] * len(found[:2])
    assert np.isnan(found[2:]).all()
    assert not [warning for warning in warnings if "not a date" in warning]


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([1.5, 2], None),
        ([1.5, 2], "Float64"),
        ([1.5, 2], "double[pyarrow]"),
        ([1.5, 2], "float32"),
        ([Decimal("1.5"), 2], object),
        (["1.5", 2], object),
        (["1.5", " 2 kg"], None),
        ([np.float64(1.5), np.int8(2)], object),
        (["1.5", "2"], "category"),
    ],
)
def test_a_number_of_any_dtype_is_a_number(values: list[Any], dtype: Any) -> None:
    assert read(values, "number", dtype=dtype, unit="kg") == ([1.5, 2.0], [])


@pytest.mark.parametrize("dtype", ["Int64", "int64[pyarrow]", object])
def test_a_missing_value_of_any_dtype_is_missing(dtype: Any) -> None:
    assert np.isnan(read([1, None], "number", dtype=dtype)[0][1])
    assert read([12, None], "category", "12", dtype=dtype)[0] == ["12", ""]


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([True, False], None),
        ([True, False], "boolean"),
        ([True, False], "bool[pyarrow]"),
        ([1, 0], None),
        ([1.0, 0.0], None),
        (["ja", "nein"], None),
        (["是", "否"], None),
        (["Y", "N"], "category"),
    ],
)
def test_a_boolean_of_any_dtype_and_word_is_true_or_false(values: list[Any], dtype: Any) -> None:
    if values == ["ja", "nein"]:
        assert read(values, "category", "ja nein")[0] == values  # they are levels to Regatta
        return
    assert read(values, "boolean", dtype=dtype) == ([1.0, 0.0], [])


def test_a_time_of_day_is_in_seconds() -> None:
    for values in ([time(14, 35)], ["14:35"], [pd.Timedelta(hours=14, minutes=35)], [52_500]):
        assert read(values, "number", format="h:m") == ([52_500.0], [])


def test_the_words_and_numbers_that_mean_missing_are_those_of_the_file() -> None:
    assert np.isnan(read_csv("-999 5", "number", missing=["-999"])[0][0])
    assert read_csv("-1 5", "category", "5", missing=["-1"])[0] == ["", "5"]
    assert read(["unknown", "5"], "category", "5", missing=["unknown"])[0] == ["", "5"]


def test_numbers_with_three_decimals_may_have_been_thousands() -> None:
    german: dict[str, Any] = {"decimal": ",", "fill": 1234.0}
    with pytest.raises(InvalidRecordsError, match=r"1\.234 in column 'x' .*thousands='\.' and decimal=','"):
        read_csv("1.234 12", "number", **german, is_whole=True)
    found, (warning,) = read_csv("1.234 12", "number", **german)
    assert found == [1.234, 12.0]
    assert "'x': 1.234 is taken as it is" in warning
    with pytest.raises(InvalidRecordsError, match=r"1\.234 in column 'x'"):
        read(["1.234", 1.234, "12,5"], "number", dtype=object, **german, is_whole=True)
    assert read_csv("1234.5 12.25", "number", **german) == ([1234.5, 12.25], [])
    assert read_csv("1.2345 12", "number", **german) == ([1.2345, 12.0], [])


def test_columns_are_found_by_name_in_any_order_and_by_what_an_upload_calls_them() -> None:
    names = ["a", "a_2", "column_3", "b"]
    features = [feature("number", name=name) for name in names]
    frame = pd.read_csv(StringIO("a,a,, b ,c\n1,2,3,4,5\n"))
    assert [*frame.columns] == ["a", "a.1", "Unnamed: 2", " b ", "c"]
    for one in (frame, frame[frame.columns[[4, 0, 1, 2, 3]]].rename(columns={"Unnamed: 2": "Unnamed: 3"})):
        columns = read_frame(one, features[:2] + features[3:]).columns
        assert [columns[name][0] for name in ("a", "a_2", "b")] == [1, 2, 4]
    assert read_frame(frame, features).columns["column_3"] == [3]
    plain = pd.read_csv(StringIO("1,2\n3,4\n"), header=None)
    assert read_frame(plain, [feature("number", name="column_2")]).columns["column_2"].tolist() == [2, 4]


def test_a_frame_of_another_file_says_what_is_absent() -> None:
    found = read_frame(pd.DataFrame({"y": [1.0]}), [feature("number", name="y"), feature("number")])
    assert found.warnings == ["'x' is absent, imputed with 0.0"]
    with pytest.raises(InvalidRecordsError, match=r"columns such as 'x', and the frame has 'x;y'.*sep"):
        read_frame(pd.DataFrame({"x;y": ["1;2"]}), [feature("number")])
    with pytest.raises(InvalidInputError, match=r"a pandas DataFrame .* and not list"):
        read_frame([{"x": 1}], [feature("number")])


def test_rows_without_any_value_are_named() -> None:
    frame = pd.DataFrame({"x": [1.0, None, None]})
    (warning,) = read_frame(frame, [feature("number")]).warnings
    assert warning.startswith("2 rows have no value in any column of the model, the first of them in row 1: ")


@pytest.mark.parametrize("value", [[1], {"a": 1}, True, "soon", float("inf")])
def test_a_value_of_another_kind_is_named(value: Any) -> None:
    frame = pd.DataFrame({"x": pd.Series([1.0, 2.0, 3.0, value], dtype=object)})
    found = read_frame(frame, [feature("number")])
    assert np.isnan(found.columns["x"][3])
    assert "is not a finite number" in found.warnings[0] and "in row 3" in found.warnings[0]
