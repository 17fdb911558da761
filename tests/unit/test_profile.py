"""The profile of a table, compared with pandas."""

import json

import pandas as pd
import pytest

from core.tables.profile import IDENTIFIER_ROWS, PREVIEW_ROWS, TOP_VALUES, duplicate_rows, profile
from tests.unit.tables import CSVS, read, real


def with_pandas(name: str) -> pd.DataFrame:
    return pd.read_csv(CSVS[name][0])


def findings(source: str) -> list[tuple[str | None, str]]:
    return [(found["column"], found["finding"]) for found in profile(read(source))["findings"]]


@pytest.mark.parametrize("name", CSVS)
def test_statistics_of_numbers_agree_with_pandas(name: str) -> None:
    columns = profile(real(name))["columns"]
    described = with_pandas(name).describe()
    assert [column for column, found in columns.items() if found["type"] != "category"] == list(described)
    for column in described:
        ours, theirs = columns[column], described[column]
        assert ours["count"] == theirs["count"]
        names = {"mean": "mean", "std": "std", "min": "min", "25%": "q25", "50%": "median", "75%": "q75", "max": "max"}
        for label, key in names.items():
            assert ours[key] == pytest.approx(theirs[label], rel=1e-9, abs=1e-12), (column, key)


@pytest.mark.parametrize("name", ["california_housing", "mpg", "taxis", "diamonds"])
def test_top_values_agree_with_pandas(name: str) -> None:
    columns, frame = profile(real(name))["columns"], with_pandas(name)
    for column in frame.select_dtypes(exclude="number"):
        counts = frame[column].value_counts()
        top = columns[column]["top"]
        assert len(top) == min(TOP_VALUES, len(counts))
        assert [entry["count"] for entry in top] == counts.tolist()[: len(top)]
        assert all(counts[entry["value"]] == entry["count"] for entry in top)
        assert columns[column]["distinct"] == len(counts)
        assert columns[column]["missing"] == frame[column].isna().sum()


@pytest.mark.parametrize("name", CSVS)
def test_duplicates_are_counted_like_pandas_does(name: str) -> None:
    assert duplicate_rows(real(name)) == with_pandas(name).duplicated().sum()


def test_rows_with_the_same_gaps_are_duplicates() -> None:
    assert duplicate_rows(read("a,b\n1,\n1,\n,x\n,x\n,x\n2,y\n")) == 3


def test_the_preview_is_the_head_of_the_file() -> None:
    preview = profile(real("mpg"))["preview"]
    assert preview["columns"] == list(with_pandas("mpg"))
    assert len(preview["rows"]) == PREVIEW_ROWS
    assert preview["rows"][0] == [18.0, 8, 307.0, 130.0, 3504, 12.0, 70, "usa", "chevrolet chevelle malibu"]
    assert preview["rows"][32][3] is None  # the first car without horsepower
    assert len(profile(read("a,b\n1,2\n"))["preview"]["rows"]) == 1


@pytest.mark.parametrize("name", CSVS)
def test_a_profile_is_plain_json(name: str) -> None:
    found = profile(real(name))
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_one_row_has_no_spread() -> None:
    assert profile(read("a,b\n1,2\n"))["columns"]["a"]["std"] is None


def test_a_column_without_values_is_a_warning_and_has_no_mean() -> None:
    assert "mean" not in profile(read("a,b\n,1\n,2\n"))["columns"]["a"]
    assert ("a", "has no values at all") in findings("a,b\n,1\n,2\n")


def test_a_constant_column_is_found() -> None:
    assert ("a", "has one and the same value everywhere") in findings("a,b\n7,1\n7,2\n")


def test_many_missing_values_are_found_and_few_are_not() -> None:
    some = "a,b\n" + "".join(f"{i},{'' if i < 6 else i}\n" for i in range(100))
    few = "a,b\n" + "".join(f"{i},{'' if i < 5 else i}\n" for i in range(100))
    assert ("b", "6.0% of its values are missing") in findings(some)
    assert findings(few) == []


def test_an_identifier_is_found_in_texts_and_not_in_numbers() -> None:
    rows = "".join(f"k{i},{i},{i % 5}\n" for i in range(IDENTIFIER_ROWS))
    found = findings("key,number,y\n" + rows)
    assert [column for column, finding in found if "identifier" in finding] == ["key"]


def test_repeated_rows_are_found() -> None:
    assert (None, "2 rows repeat an earlier one") in findings("a,b\n1,2\n1,2\n1,2\n3,4\n")
