"""Tensors of the Open Inference Protocol: every way to send a column, and every way in which one can be wrong."""

import struct
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from core.errors import InvalidInputError
from core.inference.input_batch import raw_columns_of_batch
from core.inference.input_warnings import InputWarnings
from core.manifests import Feature
from functions.inference.tensors import NUMBERS, InferRequest, Input, batch_from_tensors, declare_inputs, encode_outputs

FEATURES = [
    Feature(name="x", type="number", fill=0.5),
    Feature(name="open", type="boolean", fill=1.0),
    Feature(name="day", type="date", fill=0.0),
    Feature(name="城", type="category", fill="a", levels=["a", "上海", "3"]),
]


def texts(*values: str) -> bytes:
    return b"".join(struct.pack("<I", len(text.encode())) + text.encode() for text in values)


def tensor(name: str, datatype: str, data: Any, shape: list[int] | None = None) -> tuple[Input, bytes]:
    """An input, with its values in the JSON if they are a list, else behind it."""
    if isinstance(data, bytes):
        parameters = {"binary_data_size": len(data)}
        return Input(name=name, datatype=datatype, shape=shape or [2], parameters=parameters), data
    return Input(name=name, datatype=datatype, shape=[len(data)] if shape is None else shape, data=data), b""


def read(*tensors: tuple[Input, bytes]) -> tuple[dict[str, list[Any]], list[str]]:
    input_warnings = InputWarnings(FEATURES)
    batch = batch_from_tensors([t for t, _ in tensors], b"".join(b for _, b in tensors), FEATURES)
    return {
        n: v.tolist() for n, v in raw_columns_of_batch(batch, FEATURES, input_warnings).items()
    }, input_warnings.warnings()


@pytest.mark.parametrize("datatype", NUMBERS)
@pytest.mark.parametrize("shape", [[2], [2, 1]])
def test_numbers_of_every_datatype_are_read_from_binary(datatype: str, shape: list[int]) -> None:
    values = np.array([1, 0]).astype(NUMBERS[datatype])
    columns, _ = read(tensor("x", datatype, values.tobytes(), shape), tensor("open", datatype, values.tobytes()))
    assert (columns["x"], columns["open"]) == ([1.0, 0.0], [1.0, 0.0])


def test_texts_are_read_from_binary_and_mean_what_they_would_in_a_record() -> None:
    columns, _ = read(
        tensor("城", "BYTES", texts("上海", "")),
        tensor("day", "BYTES", texts("2012-01-05", "NA")),
        tensor("x", "BYTES", texts("1.5", "2")),
        tensor("open", "BYTES", texts("yes", "否")),
    )
    assert columns["城"] == ["上海", ""]
    assert columns["day"][0] == 1325721600.0
    assert np.isnan(columns["day"][1])
    assert (columns["x"], columns["open"]) == ([1.5, 2.0], [1.0, 0.0])


@pytest.mark.parametrize("data", [[1.5, None], [[1.5], [None]]])
def test_values_in_json_may_be_nested_and_null(data: list[Any]) -> None:
    columns, warnings = read(tensor("x", "FP64", data, [2, 1]))
    assert columns["x"][0] == 1.5
    assert np.isnan(columns["x"][1])
    assert warnings[0] == "'x' has 1 missing value, imputed with 0.5"


def test_nan_is_a_gap_in_any_feature_and_infinity_is_none() -> None:
    gaps = np.array([np.nan, 3.0]).tobytes()
    columns, _ = read(tensor("x", "FP64", gaps), tensor("城", "FP64", gaps), tensor("day", "FP64", gaps))
    assert columns["城"] == ["", "3.0"]
    assert columns["day"][1] == 3.0
    with pytest.raises(Exception, match="'x'"):
        read(tensor("x", "FP64", np.array([np.inf, 1]).tobytes()))


def test_integers_stand_for_a_category_as_they_are_written() -> None:
    assert read(tensor("城", "INT64", np.array([3, 4]).tobytes()))[0]["城"] == ["3", "4"]


def test_absent_and_unknown_inputs_are_warned_of() -> None:
    _, warnings = read(tensor("x", "FP64", [1, 2]), tensor("sea", "FP64", [1, 2]))
    assert "'open' is absent, imputed with true" in warnings
    assert "the model does not use 'sea'; it was ignored" in warnings


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ([], "no rows"),
        ([tensor("x", "FP64", [], [0])], "no rows"),
        ([tensor("x", "FP64", [1, 2], [2, 2])], "shape"),
        ([tensor("x", "FP64", [1], [])], "shape"),
        ([tensor("x", "FP64", [1], [-1])], "shape"),
        ([tensor("x", "FP64", [1, 2], [3])], "2 values"),
        ([tensor("x", "FP64", [1]), tensor("open", "FP64", [1, 2])], "2 rows"),
        ([tensor("x", "FP64", [1]), tensor("x", "FP64", [1])], "second"),
        ([tensor("x", "FP65", [1])], "FP65"),
        ([tensor("x", "FP64", b"\0" * 15)], "15 bytes"),
        ([tensor("城", "BYTES", b"\3\0\0\0ab")], "texts"),
        ([tensor("城", "BYTES", texts("a"))], "1 texts"),
        ([tensor("城", "BYTES", b"\1\0\0\0\xff\1\0\0\0a")], "UTF-8"),
        ([(Input(name="x", datatype="FP64", shape=[1], parameters={"binary_data_size": 99}), b"")], "left"),
        ([(Input(name="x", datatype="FP64", shape=[1], parameters={"binary_data_size": "8"}), b"")], "left"),
        ([(Input(name="x", datatype="FP64", shape=[1], data=[1]), b"more")], "over"),
        ([(Input(name="x", datatype="FP64", shape=[2**60], parameters={"binary_data_size": 8}), b"\0" * 8)], "bytes"),
    ],
)
def test_shapes_datatypes_and_values_that_disagree_are_refused(
    tensors: list[tuple[Input, bytes]], message: str
) -> None:
    with pytest.raises(InvalidInputError, match=message):
        read(*tensors)


def test_outputs_are_binary_where_that_is_asked_for() -> None:
    values = {"prediction": np.array([1.5, 2.5]), "lower": np.array([1.0, 2.0])}

    def ask(**wish: Any) -> tuple[list[dict[str, Any]], bytes]:
        return encode_outputs(values, InferRequest(inputs=[], **wish))

    described, binary = ask()
    assert binary == b""
    assert described[0] == {"name": "prediction", "datatype": "FP64", "shape": [2, 1], "data": [1.5, 2.5]}
    described, binary = ask(parameters={"binary_data_output": True})
    assert np.frombuffer(binary).tolist() == [1.5, 2.5, 1.0, 2.0]
    assert described[1]["parameters"] == {"binary_data_size": 16}
    described, binary = ask(outputs=[{"name": "lower", "parameters": {"binary_data": True}}])
    assert [tensor["name"] for tensor in described] == ["lower"]
    assert np.frombuffer(binary).tolist() == [1.0, 2.0]
    with pytest.raises(InvalidInputError, match="prediction, lower"):
        ask(outputs=[{"name": "y"}])


def test_features_are_declared_with_the_datatype_that_shows_a_usual_value() -> None:
    assert [tensor["datatype"] for tensor in declare_inputs(FEATURES)] == ["FP64", "BOOL", "BYTES", "BYTES"]


def test_an_id_is_no_longer_than_an_answer_may_repeat() -> None:
    inputs = [{"name": "x", "shape": [1], "datatype": "FP64", "data": [1.0]}]
    assert InferRequest.model_validate({"id": "i" * 1_000, "inputs": inputs}).id == "i" * 1_000
    with pytest.raises(ValidationError, match="at most 1000 characters"):
        InferRequest.model_validate({"id": "i" * 1_001, "inputs": inputs})
