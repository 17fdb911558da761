"""Amounts in the rows of a request: with the unit of the model's column or without, and with its decimal mark."""

from typing import Any

import numpy as np
import pytest

from core.errors import InvalidRecordsError
from core.inference.csv_input import batches_from_csv
from core.inference.file_cells import FileCells
from core.inference.input_batch import batch_from_records, raw_columns_of_batch
from core.inference.input_warnings import InputWarnings
from core.manifests import Feature


def feature(unit: str | None = None, decimal: Any = None) -> Feature:
    """Return a number feature."""
    return Feature(name="x", type="number", fill=0.0, unit=unit, decimal=decimal)


def read(feature: Feature, *values: Any) -> tuple[list[float], list[str]]:
    """Return the numbers that these values of a record are read as, and the warnings."""
    warnings = InputWarnings([feature])
    batch = batch_from_records([{"x": value} for value in values], [feature])
    return raw_columns_of_batch(batch, [feature], warnings)["x"].tolist(), warnings.warnings()


@pytest.mark.parametrize(
    ("unit", "decimal", "text", "value"),
    [
        ("CC", None, "1248 CC", 1248),
        ("CC", None, "1248", 1248),
        ("$", None, "$1,234.50", 1234.5),
        ("$", None, "$ (693.93)", -693.93),
        ("$", None, "$ -", 0),
        ("%", None, "12 %", 12),
        ("kr", ",", "1.069,81 kr", 1069.81),
        (None, ",", "1,234", 1.234),
        (None, ",", "1.234,56-", -1234.56),
        (None, ",", "1,5", 1.5),
        (None, ",", "1.5", 1.5),
        (None, None, "1,234", 1234),
        (None, None, "955万", 9_550_000),
        (None, None, "1.5K", 1500),
    ],
)
def test_records_and_bodies_are_read_as_the_file_was(
    unit: str | None, decimal: str | None, text: str, value: float
) -> None:
    one = feature(unit, decimal)
    assert read(one, text)[0] == [value]
    (batch,) = batches_from_csv(f'x;k\n"{text}";1\n'.encode(), "utf-8", [one], 10)
    assert raw_columns_of_batch(batch, [one], InputWarnings([one]))["x"].tolist() == [value]


def test_what_may_be_read_in_two_ways_has_a_warning() -> None:
    assert "'1,234' is read as 1.234, as in the file of the model" in read(feature(decimal=","), "1,234")[1][0]
    assert "'1.234' is read as 1234, as in the file of the model" in read(feature(decimal=","), "1.234")[1][0]
    assert read(feature(decimal=","), "1.234", "0.5") == ([1.234, 0.5], [])
    assert read(feature(), "1.234") == ([1.234], [])
    assert read(feature(decimal=","), 1.234, "2,5") == ([1.234, 2.5], [])


def test_a_bare_number_that_may_be_a_share_of_a_column_in_per_cent_has_a_warning() -> None:
    percent = feature("%").model_copy(update={"fill": 31.0})
    for value in ("0.12", 0.12):
        values, warnings = read(percent, value, 0)
        assert values == [0.12, 0]
        assert "is read as" in warnings[0]
        assert "if it is a share of 1, send it in per cent (12 or '12%' for 0.12)" in warnings[0]
    for clear in (["0.12%"], ["12", "0.5"], [12, 0.5], ["12%"], [None, 0]):
        assert not any("share" in warning for warning in read(percent, *clear)[1])
    assert read(feature("%"), "0.12") == ([0.12], [])
    cells = FileCells()
    (batch,) = batches_from_csv(b"x;k\n0.12;1\n0.5;1\n", "utf-8", [percent], 10)
    raw_columns_of_batch(batch, [percent], InputWarnings([percent]), cells)
    assert "'x': '0.12' is read as '0.12' %" in cells.finish()[0]


@pytest.mark.parametrize("text", ["1248 kg", "$5", "1,5", "1_000", "5-door"])
def test_another_unit_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidRecordsError) as refused:
        read(feature("CC"), text)
    assert "a finite number, with the unit 'CC' or without" in refused.value.errors[0]["message"]


def test_missing_values_stay_missing() -> None:
    values, _ = read(feature("CC"), "1248 CC", None, "NA")
    assert values[0] == 1248
    assert np.isnan(values[1:]).all()
