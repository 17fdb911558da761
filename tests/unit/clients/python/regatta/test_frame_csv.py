"""A DataFrame becomes a CSV with the same values."""

from datetime import date, time
from decimal import Decimal
from io import BytesIO
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from regatta.frame_csv import ROWS_AT_A_TIME, write_csv
from regatta.frames import as_frame


def written(frame: Any) -> tuple[list[str], dict[str, Any]]:
    found, file = as_frame(frame), BytesIO()
    assert found is not None
    reading = write_csv(found, file)
    return file.getvalue().decode().splitlines(), reading


def test_every_kind_of_column_is_a_cell_as_the_service_reads_it() -> None:
    frame = pd.DataFrame(
        {
            "whole": pd.array([1, None], dtype="Int64"),
            "float": [0.1 + 0.2, np.nan],
            "small": pd.Series([0.1, None], dtype="float32"),
            "flag": pd.array([True, None], dtype="boolean"),
            "text": ['a "b", c', None],
            "day": pd.to_datetime(pd.Series(["2022-03-01", None])),
            "moment": pd.to_datetime(pd.Series(["2022-03-01 10:00:00.5", None])),
            "zoned": pd.to_datetime(pd.Series(["2022-03-01 10:00", None])).dt.tz_localize("Asia/Tokyo"),
            "date": [date(2022, 3, 1), None],
            "time": [time(14, 35), None],
            "decimal": [Decimal("1.50"), None],
            "long": pd.to_timedelta([90, None], unit="s"),
        }
    )
    lines, reading = written(frame)
    assert lines == [
        "whole,float,small,flag,text,day,moment,zoned,date,time,decimal,long",
        '1,0.30000000000000004,0.10000000149011612,true,"a ""b"", c",2022-03-01,2022-03-01T10:00:00.500000,'
        "2022-03-01T01:00:00,2022-03-01,14:35:00,1.50,90.0",
        ",,,,,,,,,,,",
    ]
    assert reading == {"encoding": "utf-8", "delimiter": "comma", "has_header": True}


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (pd.Series([1, 2], dtype="category"), "category"),
        (pd.Series(["007", None, "1.5"]), "category"),
        (pd.Series(["007", "1.5"], dtype="string"), "category"),
        (pd.Series(["7", "seven"]), None),
        (pd.Series(["2022-03-01"]), None),
        (pd.Series(["yes", "no"]), None),
        (pd.Series([None, None], dtype=object), None),
        (pd.Series([1, 2], dtype=object), None),
        (pd.Series([Decimal(1)]), None),
    ],
)
def test_texts_that_look_like_numbers_stay_texts_and_others_are_read_like_a_file(values: Any, kind: str | None) -> None:
    assert written(pd.DataFrame({"a": values}))[1].get("types", {}).get("a") == kind


def test_a_frame_of_polars_is_the_same() -> None:
    frame = pl.DataFrame({"a": [1, None], "b": ["007", "8"], "c": [0.1, float("nan")], "d": [date(2022, 3, 1), None]})
    lines, reading = written(frame)
    assert (lines, reading["types"]) == (["a,b,c,d", "1,007,0.1,2022-03-01", ",8,,"], {"b": "category"})


def test_names_that_are_no_texts_become_texts() -> None:
    assert written(pd.DataFrame([[1, 2]], columns=[2021, ("a", 1)]))[0][0] == "2021,\"('a', 1)\""


def test_a_long_frame_is_written_in_pieces() -> None:
    frame = pd.DataFrame({"a": range(ROWS_AT_A_TIME + 5), "b": ["007"] * ROWS_AT_A_TIME + ["x"] * 5})
    lines, reading = written(frame)
    assert (len(lines), lines[-1]) == (ROWS_AT_A_TIME + 6, f"{ROWS_AT_A_TIME + 4},x")
    assert "types" not in reading


@pytest.mark.parametrize("frame", [pd.DataFrame(), pd.DataFrame({"a": []}), pl.DataFrame()])
def test_a_frame_without_rows_or_columns_is_refused(frame: Any) -> None:
    with pytest.raises(ValueError, match="no rows or no columns"):
        written(frame)
