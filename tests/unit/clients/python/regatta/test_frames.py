"""Columns of pandas and polars as what their dtypes say."""

import subprocess
import sys
from array import array
from math import isnan
from typing import Any

import pandas as pd
import polars as pl
import pytest

from regatta.frames import Column, as_frame

MOMENTS = ["2022-03-01 10:00", None, "2022-03-02 00:00"]


def column(values: Any) -> Column:
    frame = as_frame(pd.DataFrame({"a": values}) if not isinstance(values, pl.Series) else pl.DataFrame({"a": values}))
    assert frame is not None
    return frame.column(0)


def doubles(values: Any) -> list[float]:
    return array("d", column(values).doubles()).tolist()


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (pd.Series([1, 2]), "number"),
        (pd.Series([1, None], dtype="Int64"), "number"),
        (pd.Series([1.5, None], dtype="Float32"), "number"),
        (pd.Series([1.5], dtype="double[pyarrow]"), "number"),
        (pd.Series([True]), "boolean"),
        (pd.Series([True, None], dtype="boolean"), "boolean"),
        (pd.Series(["a"]), "mixed"),
        (pd.Series(["a"], dtype="string"), "mixed"),
        (pd.Series([1, "a"], dtype=object), "mixed"),
        (pd.Series([1, 2], dtype="category"), "category"),
        (pd.to_datetime(pd.Series(["2022-03-01"])), "date"),
        (pd.to_datetime(pd.Series(["2022-03-01"])).dt.tz_localize("Asia/Tokyo"), "date"),
        (pd.to_timedelta(pd.Series([3]), unit="s"), "duration"),
        (pl.Series([1, 2]), "number"),
        (pl.Series([1.5, None], dtype=pl.Float32), "number"),
        (pl.Series([True, None]), "boolean"),
        (pl.Series(["a"]), "mixed"),
        (pl.Series(["a"], dtype=pl.Categorical), "category"),
        (pl.Series(["a"], dtype=pl.Enum(["a"])), "category"),
        (pl.Series(["2022-03-01"]).str.to_date(), "date"),
        (pl.Series([3], dtype=pl.Duration), "duration"),
        (pl.Series([None, None]), "mixed"),
    ],
)
def test_a_dtype_says_what_its_values_are(values: Any, kind: str) -> None:
    assert column(values).kind == kind


@pytest.mark.parametrize("values", [pd.Series([1, None], dtype="Int64"), pl.Series([1, None]), pd.Series([1.0, None])])
def test_numbers_are_doubles_with_nan_for_missing(values: Any) -> None:
    one, missing = doubles(values)
    assert one == 1
    assert isnan(missing)


def test_a_float32_keeps_its_value() -> None:
    assert (
        doubles(pd.Series([0.1], dtype="float32"))
        == [0.10000000149011612]
        == doubles(pl.Series([0.1], dtype=pl.Float32))
    )


@pytest.mark.parametrize(
    "values",
    [pd.to_datetime(pd.Series(MOMENTS)), pl.Series(MOMENTS).str.to_datetime("%Y-%m-%d %H:%M")],
)
def test_dates_have_a_time_where_one_of_them_has(values: Any) -> None:
    assert column(values).dates() == ["2022-03-01T10:00:00", "", "2022-03-02T00:00:00"]


def test_days_alone_have_no_time_and_zones_become_utc() -> None:
    days = pd.to_datetime(pd.Series(["2022-03-01", None]))
    assert column(days).dates() == ["2022-03-01", ""]
    assert column(days.dt.tz_localize("Asia/Tokyo")).dates() == ["2022-02-28T15:00:00", ""]
    tokyo = pl.Series(["2022-03-01"]).str.to_datetime().dt.replace_time_zone("Asia/Tokyo")
    assert column(tokyo).dates() == ["2022-02-28T15:00:00"]


def test_rows_can_be_taken_out_and_the_index_stays() -> None:
    frame = as_frame(pd.DataFrame({"a": [1, 2, 3]}, index=["x", "y", "z"]))
    assert frame is not None
    part = frame.slice(1, 3)
    assert ([*part.index], part.column(0).values()) == (["y", "z"], [2, 3])
    other = as_frame(pl.DataFrame({"a": [1, 2, 3]}))
    assert other is not None
    assert (other.slice(1, 3).column(0).values(), other.index) == ([2, 3], None)


def test_a_subclass_is_a_frame_and_other_things_are_none() -> None:
    class Own(pd.DataFrame):
        pass

    assert as_frame(Own({"a": [1]})) is not None
    assert [as_frame(value) for value in ([{"a": 1}], {"a": [1]}, pd.Series([1]), "text", None)] == [None] * 5


@pytest.mark.parametrize(
    "frame", [pd.DataFrame({"a": [b"x"]}), pd.DataFrame({"a": [[1, 2]]}), pl.DataFrame({"a": [[1]]})]
)
def test_a_value_that_is_none_is_named_with_its_column(frame: Any) -> None:
    found = as_frame(frame)
    assert found is not None
    with pytest.raises(TypeError, match="Column 'a': A value is a number"):
        found.column(0).values()


def test_a_frame_without_its_rows_is_refused() -> None:
    with pytest.raises(TypeError, match=r"collect\(\)"):
        as_frame(pl.LazyFrame({"a": [1]}))


def test_a_name_that_two_columns_have_is_refused() -> None:
    frame = as_frame(pd.DataFrame([[1, 2]], columns=["a", "a"]))
    assert frame is not None
    with pytest.raises(ValueError, match="'a' more than once"):
        frame.check_names()


def test_importing_the_client_loads_no_library_of_tables_and_nothing_of_the_service() -> None:
    code = (
        "import sys, regatta; from regatta import Regatta, AsyncRegatta, Predictions; Regatta('http://h')\n"
        "heavy = {'pandas', 'polars', 'numpy', 'core', 'functions', 'infra', 'pydantic', 'boto3'}\n"
        "print(sorted(heavy & {name.partition('.')[0] for name in sys.modules}))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"


def test_importing_the_package_alone_does_not_even_load_httpx() -> None:
    code = "import sys, regatta; print(regatta.__version__, 'httpx' in sys.modules, 'Regatta' in dir(regatta))"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.split()[1:] == ["False", "True"]
