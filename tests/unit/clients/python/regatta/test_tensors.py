"""Columns become tensors as the model takes its features."""

import struct
from array import array
from typing import Any

import pandas as pd
import polars as pl
import pytest

from regatta.frames import as_frame
from regatta.tensors import merge_warnings, read_outputs, split_warnings, tensor_of


def sent(values: Any, **feature: Any) -> list[Any]:
    """What is sent for a column: the texts or numbers of its tensor."""
    frame = as_frame(pd.DataFrame({"a": values}))
    assert frame is not None
    tensor = tensor_of(frame.column(0), {"name": "a", "fill": 0, **feature})
    content = tensor.values
    if tensor.datatype == "FP64":
        return [None if number != number else number for number in array("d", content)]  # noqa: PLR0124
    texts, start = [], 0
    while start < len(content):
        (length,) = struct.unpack_from("<I", content, start)
        start += 4 + length
        texts.append(content[start - length : start].decode())
    return texts


@pytest.mark.parametrize(
    ("values", "levels", "texts"),
    [
        (pd.Series([1.0, None, 2.0]), ["1", "2"], ["1", "", "2"]),
        (pd.Series([7, 12]), ["007", "012"], ["007", "012"]),
        (pd.Series([1.5, 2.0]), ["1.50", "2.00"], ["1.50", "2.00"]),
        (pd.Series([1.0, 3.0]), ["1", "2"], ["1", "3"]),
        (pd.Series([1.0, 3.5]), ["a", "b"], ["1.0", "3.5"]),
        (pd.Series([7]), ["7", "07"], ["7"]),
        (pd.Series([1, 2], dtype="category"), ["1", "2"], ["1", "2"]),
        (pd.Series(["a", None]), ["a"], ["a", ""]),
        (pd.Series([True, False]), ["True", "False"], ["True", "False"]),
        (pd.Series([True, False]), ["yes", "no", "maybe"], ["yes", "no"]),
        (pd.Series([True, False]), ["Yes", "No", "?"], ["Yes", "No"]),
        (pd.Series([True, None, False], dtype="boolean"), ["x"], ["true", "", "false"]),
        (pd.Series([1, True, 1.0, "1"], dtype=object), ["1", "true"], ["1", "true", "1", "1"]),
        (pd.to_datetime(pd.Series(["2022-03-01", None])), [], ["2022-03-01", ""]),
    ],
)
def test_a_value_of_a_category_is_spelled_as_the_model_spells_it(
    values: Any, levels: list[str], texts: list[str]
) -> None:
    assert sent(values, type="category", levels=levels) == texts


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        (pd.Series([1, None], dtype="Int64"), "number", [1, None]),
        (pd.Series([True, False]), "number", [1, 0]),
        (pd.Series(["53,32", None]), "number", ["53,32", ""]),
        (pd.Series([1, None, "2"], dtype=object), "number", ["1", "", "2"]),
        (pd.Series([1, 2.5, None], dtype=object), "number", [1, 2.5, None]),
        (pd.to_timedelta(pd.Series([90, None]), unit="s"), "number", [90, None]),
        (pd.Series([True, None], dtype="boolean"), "boolean", [1, None]),
        (pd.Series(["yes", "no"]), "boolean", ["yes", "no"]),
        (pd.to_datetime(pd.Series(["2022-03-01", None])), "date", ["2022-03-01", ""]),
        (pd.Series(["01.03.2022"]), "date", ["01.03.2022"]),
        (pd.Series([44621]), "date", [44621]),
    ],
)
def test_other_features_get_numbers_where_there_are_numbers_and_texts_as_they_are(
    values: Any, kind: str, expected: list[Any]
) -> None:
    assert sent(values, type=kind) == expected


def test_polars_needs_no_numpy_for_its_numbers() -> None:
    frame = as_frame(pl.DataFrame({"a": [1.5, None]}))
    assert frame is not None
    tensor = tensor_of(frame.column(0), {"name": "a", "type": "number"})
    datatype, content = tensor.datatype, tensor.values
    assert (datatype, array("d", content)[0], len(content)) == ("FP64", 1.5, 16)


def test_outputs_are_read_from_binary_and_from_json() -> None:
    head = (
        b'{"outputs": [{"name": "prediction", "parameters": {"binary_data_size": 16}}, {"name": "lower", "data": [1]}]}'
    )
    _, outputs = read_outputs(head + array("d", [0.1, 2.5]).tobytes(), len(head))
    assert outputs == {"prediction": [0.1, 2.5], "lower": [1.0]}


def test_warnings_of_batches_are_divided_and_added_up() -> None:
    one = split_warnings("'a' has 2 missing values, imputed with 1; 'b' has values that training never saw: 'x'")
    two = split_warnings("'a' has 1 missing value, imputed with 1; 'b' has values that training never saw: 'x'")
    assert merge_warnings([one, two, split_warnings("")]) == [
        "'a' has 3 missing values, imputed with 1",
        "'b' has values that training never saw: 'x'",
    ]
    assert merge_warnings([["'a' has 1 missing value, a value of its own to the model"]]) == [
        "'a' has 1 missing value, a value of its own to the model"
    ]
