"""Dates and booleans of JSON records as raw columns: accepted values, errors and warnings."""

from typing import Any

import numpy as np
import pytest

from core.errors import InvalidRecordsError
from core.inference.input_batch import raw_columns_of_clean_row
from core.manifests import Feature
from tests.support.raw_columns import raw_columns_of_records

DAY = Feature(name="day", type="date", fill=1325764800.5, format="D/M/Y")
OPEN = Feature(name="open", type="boolean", fill=1.0)


def day(value: Any, format: str | None = "D/M/Y") -> float:
    feature = DAY.model_copy(update={"format": format})
    return float(raw_columns_of_records([{"day": value}], [feature])[0]["day"][0])


def is_open(value: Any) -> float:
    return float(raw_columns_of_records([{"open": value}], [OPEN])[0]["open"][0])


def message(feature: Feature, value: Any) -> str:
    with pytest.raises(InvalidRecordsError) as caught:
        raw_columns_of_records([{feature.name: value}], [feature])
    (error,) = caught.value.errors
    assert error["field"] == feature.name
    return str(error["message"])


@pytest.mark.parametrize(
    "sent", ["5/1/2012", " 05/01/2012 ", "2012-01-05", "2012-01-05T00:00:00Z", 1325721600, 1325721600.0]
)
def test_a_date_may_come_as_the_file_writes_it_or_as_iso_or_as_seconds(sent: Any) -> None:
    assert day(sent) == 1325721600.0


def test_the_files_own_way_to_write_a_date_wins() -> None:
    assert day("5/1/2012", "M/D/Y") - day("5/1/2012") == 117 * 86_400


def test_a_date_before_1970_and_its_milliseconds_are_kept() -> None:
    assert day("1969-12-31 23:59:59.999") == -0.001
    assert day(-11676096000) == day("1600-01-01")


@pytest.mark.parametrize(
    "value",
    ["soon", True, [2012, 1, 5], "20120105", "1325721600", "2012-02-30", "2012-01-05 10:00+99:00", 1e300, -1e300,
     float("nan"), 10**400, "0001-01-01 00:00+05:00"],
)  # fmt: skip
def test_what_is_no_date_is_refused_with_what_is_taken(value: Any) -> None:
    assert message(DAY, value).startswith("must be a date (D/M/Y as in the file, or 2012-01-31 or ")


@pytest.mark.parametrize(
    ("sent", "taken"),
    [
        (True, 1.0),
        (False, 0.0),
        (1, 1.0),
        (0.0, 0.0),
        ("yes", 1.0),
        ("否", 0.0),
        (" TRUE ", 1.0),
        ("0", 0.0),
        ("1", 1.0),
    ],
)
def test_a_boolean_may_come_as_a_word_or_a_number(sent: Any, taken: float) -> None:
    assert is_open(sent) == taken


@pytest.mark.parametrize("value", ["maybe", 2, 0.5, "2", [True], float("nan")])
def test_what_is_neither_true_nor_false_is_refused(value: Any) -> None:
    assert message(OPEN, value).startswith("must be true or false (or 1, 0, yes, no), not ")


@pytest.mark.parametrize(
    ("fill", "shown"), [(1.0, "true"), (0.0, "false"), (0.4, "0.4, between false (0) and true (1)")]
)
def test_gaps_in_dates_and_booleans_are_said_to_be_imputed_as_people_write_them(fill: float, shown: str) -> None:
    known = OPEN.model_copy(update={"fill": fill})
    columns, warnings = raw_columns_of_records([{"day": None, "open": "NA"}], [DAY, known])
    assert np.isnan(columns["day"][0])
    assert np.isnan(columns["open"][0])
    assert warnings == [
        "'day' has 1 missing value, imputed with 2012-01-05 12:00:00.500",
        f"'open' has 1 missing value, imputed with {shown}",
    ]


def test_the_short_way_takes_booleans_and_leaves_dates_to_the_long_one() -> None:
    booleans = frozenset({True, False})
    assert raw_columns_of_clean_row({"open": True}, {"open": booleans}) == {"open": np.array([1.0])}
    for value in (1, 0, 7, "true", None):
        assert raw_columns_of_clean_row({"open": value}, {"open": booleans}) is None
    for value in ("2012-01-05", 1325721600, True):
        assert raw_columns_of_clean_row({"day": value}, {"day": frozenset()}) is None


@pytest.mark.parametrize("number", [20220301, 20220301.0, 202203, 2022, 44621])
def test_seconds_that_look_like_a_date_have_a_warning(number: float) -> None:
    column, (warning,) = raw_columns_of_records([{"day": "5/1/2012"}, {"day": number}], [DAY])
    assert column["day"][1] == number
    assert f"'day': {number:.0f} is read as seconds since 1970-01-01" in warning
    assert "send it as a text, such as 2022-03-01" in warning


@pytest.mark.parametrize("number", [0, 1, 1325721600, 20221301, 20220300, 20220301.5, None])
def test_other_seconds_have_no_such_warning(number: float | None) -> None:
    assert not any("since 1970" in warning for warning in raw_columns_of_records([{"day": number}], [DAY])[1])


def test_a_number_is_no_seconds_where_the_file_writes_dates_as_numbers() -> None:
    feature = DAY.model_copy(update={"format": "YYYYMMDD"})
    assert not any("since 1970" in warning for warning in raw_columns_of_records([{"day": 20220301}], [feature])[1])
