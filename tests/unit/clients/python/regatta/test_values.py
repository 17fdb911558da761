"""What the client makes of the values that people have in rows."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pytest

from regatta.values import json_value, simple, text_of


class Colour(Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (float("nan"), None),
        (np.nan, None),
        (np.float32("nan"), None),
        (pd.NA, None),
        (pd.NaT, None),
        (np.datetime64("NaT"), None),
        (Decimal("NaN"), None),
        (True, True),
        (np.bool_(False), False),
        (3, 3),
        (np.int64(3), 3),
        (np.uint8(3), 3),
        (2**70, 2**70),
        (0.1, 0.1),
        (np.float64(0.1), 0.1),
        (np.float32(0.1), 0.10000000149011612),
        (np.array(2.5), 2.5),
        (float("inf"), "inf"),
        (Decimal("7"), 7),
        (Decimal("7.50"), 7.5),
        (Decimal("1E+3"), 1000),
        ("53,32", "53,32"),
        (np.str_("a"), "a"),
        (Colour.RED, "red"),
        (date(2022, 3, 1), "2022-03-01"),
        (datetime(2022, 3, 1, 10, 30), "2022-03-01T10:30:00"),
        (datetime(2022, 3, 1, 10, 30, 0, 250_000), "2022-03-01T10:30:00.250000"),
        (datetime(2022, 3, 1, 10, 30, tzinfo=UTC), "2022-03-01T10:30:00"),
        (datetime(2022, 3, 1, 10, 30, tzinfo=timezone(timedelta(hours=2))), "2022-03-01T08:30:00"),
        (pd.Timestamp("2022-03-01 10:30", tz="Europe/Berlin"), "2022-03-01T09:30:00"),
        (np.datetime64("2022-03-01T10:30:00", "ns"), "2022-03-01T10:30:00"),
        (np.datetime64("2022-03-01"), "2022-03-01T00:00:00"),
        (time(14, 35), "14:35:00"),
        (timedelta(minutes=2), 120.0),
        (pd.Timedelta(minutes=2), 120.0),
        (np.timedelta64(120, "s"), 120.0),
        (pd.Period("2022-03", "M"), "2022-03"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    ],
)
def test_a_value_is_what_json_has(value: Any, expected: Any) -> None:
    found = json_value(value)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1e300, "1e+300"),
        (12345678901234567, "12345678901234567"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1.50"), "1.50"),
        (date(33, 3, 1), "0033-03-01"),
        (pd.Timestamp("2022-03-01 00:00"), "2022-03-01T00:00:00"),
        (timedelta(seconds=1.5), "1.5"),
        ("  as it is ", "  as it is "),
    ],
)
def test_a_value_is_a_cell_with_all_its_digits(value: Any, text: str) -> None:
    assert text_of(simple(value)) == text


@pytest.mark.parametrize("value", [b"bytes", [1], {"a": 1}, np.array([1, 2]), {1, 2}])
def test_what_is_no_value_is_named(value: Any) -> None:
    with pytest.raises(TypeError, match=type(value).__name__):
        json_value(value)
