"""Tensors of the Open Inference Protocol, in JSON and in binary: inputs as raw columns, predictions as outputs.

Binary data is little-endian and follows the JSON, tensor by tensor (the protocol's binary tensor data extension).
"""

import struct
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, SkipValidation

from core.bounds import MOST_COLUMNS, at_most
from core.errors import InvalidInputError
from core.inference.input_batch import InputBatch
from core.inference.value_readers import Values
from core.manifests import Feature
from core.whole_numbers import WHOLE

# Datatypes of numbers, and the numpy types of their binary form.
NUMBERS = {
    "BOOL": "?",
    "FP64": "<f8",
    "FP32": "<f4",
    "FP16": "<f2",
    "INT64": "<i8",
    "INT32": "<i4",
    "INT16": "<i2",
    "INT8": "<i1",
    "UINT64": "<u8",
    "UINT32": "<u4",
    "UINT16": "<u2",
    "UINT8": "<u1",
}
# The datatype that a feature is declared as; any other that holds its values is accepted too.
DATATYPES = {"number": "FP64", "boolean": "BOOL", "date": "BYTES", "category": "BYTES"}
BINARY_SIZE = "binary_data_size"
# Each text is preceded by its length.
LENGTH = struct.Struct("<I")

# So many parameters, inputs and outputs a request may have: for each input of a wrong type there is an error.
MOST_PARAMETERS = 100
MOST_INPUTS = 10 * MOST_COLUMNS
MOST_OUTPUTS = 4
# The answer has the id again.
MOST_OF_ID = 1_000
# As the protocol defines them.
Parameters = Annotated[dict[str, str | int | float | bool], Field(max_length=MOST_PARAMETERS), at_most(MOST_PARAMETERS)]


class Input(BaseModel):
    """One column of the rows to predict, its values in `data` or in binary after the JSON."""

    model_config = ConfigDict(strict=True)

    name: str
    shape: Annotated[list[Annotated[int, WHOLE]], Field(max_length=16)]
    datatype: str
    parameters: Parameters = Field(default_factory=dict)
    data: SkipValidation[list[Any]] | None = None


class Output(BaseModel):
    """A requested output, and whether it is wanted in binary."""

    model_config = ConfigDict(strict=True)

    name: str
    parameters: Parameters = Field(default_factory=dict)


class InferRequest(BaseModel):
    """Rows to predict, an input for each feature.

    The parameters `strict`, `interval` and `explain` are as for POST /predict/batch.
    """

    model_config = ConfigDict(extra="ignore", strict=True)

    id: Annotated[str, Field(max_length=MOST_OF_ID)] | None = None
    parameters: Parameters = Field(default_factory=dict)
    inputs: Annotated[list[Input], Field(max_length=MOST_INPUTS, fail_fast=True)]
    outputs: Annotated[list[Output], Field(max_length=MOST_OUTPUTS, fail_fast=True)] = Field(default_factory=list)


def declare_inputs(features: Sequence[Feature]) -> list[dict[str, Any]]:
    """Return the inputs of a model for its metadata."""
    return [{"name": feature.name, "datatype": DATATYPES[feature.type], "shape": [-1, 1]} for feature in features]


def batch_from_tensors(inputs: Sequence[Input], binary: bytes, features: Sequence[Feature]) -> InputBatch:
    """Return the inputs as columns; raises `InvalidInputError` for one whose shape, datatype and values disagree."""
    rows = _rows(inputs)
    known = {feature.name for feature in features}
    columns: dict[str, Values] = {}
    ignored = []
    start = 0
    for position, tensor in enumerate(inputs):
        where = f"inputs[{position}]"
        if tensor.datatype != "BYTES" and tensor.datatype not in NUMBERS:
            raise _refused(where, f"has the datatype {tensor.datatype!r:.40}; BYTES, {', '.join(NUMBERS)} are known")
        if BINARY_SIZE in tensor.parameters:
            size = tensor.parameters[BINARY_SIZE]
            if not isinstance(size, int) or not 0 <= size <= len(binary) - start:
                raise _refused(where, f"has more binary data than the {len(binary) - start} bytes that are left")
            values = _decoded(tensor.datatype, binary[start : start + size], rows, where)
            start += size
        else:
            values = _listed(tensor, rows, where)
        if tensor.name in columns:
            raise _refused(where, f"is the second one called {tensor.name!r:.80}")
        if tensor.name in known:
            columns[tensor.name] = values
        else:
            ignored.append(tensor.name)
    if start != len(binary):
        raise _refused("inputs", f"leave {len(binary) - start} bytes of binary data over")
    return InputBatch(rows, columns, ignored)


def encode_outputs(
    outputs: Mapping[str, NDArray[np.float64]], request: InferRequest
) -> tuple[list[dict[str, Any]], bytes]:
    """Return the requested outputs (all, if none is named), and the bytes of those that are wanted in binary."""
    requested = request.outputs or [Output(name=name) for name in outputs]
    default_binary = request.parameters.get("binary_data_output", False)
    described, binary = [], []
    for position, output in enumerate(requested):
        if output.name not in outputs:
            raise _refused(f"outputs[{position}]", f"is none of {', '.join(outputs)}")
        values = outputs[output.name]
        shape = [len(values), values.size // max(1, len(values))]
        tensor: dict[str, Any] = {"name": output.name, "datatype": "FP64", "shape": shape}
        if output.parameters.get("binary_data", default_binary):
            binary.append(values.astype("<f8").tobytes())
            tensor["parameters"] = {BINARY_SIZE: len(binary[-1])}
        else:
            tensor["data"] = values.ravel().tolist()
        described.append(tensor)
    return described, b"".join(binary)


def _rows(inputs: Sequence[Input]) -> int:
    """Return the first dimension, which all inputs share."""
    for position, tensor in enumerate(inputs):
        if len(tensor.shape) not in (1, 2) or tensor.shape[1:] not in ([], [1]) or tensor.shape[0] < 0:
            raise _refused(f"inputs[{position}]", "has a shape other than [n] or [n, 1]: one input is one column")
        if tensor.shape[0] != inputs[0].shape[0]:
            raise _refused(f"inputs[{position}]", f"has {tensor.shape[0]} rows, and the first {inputs[0].shape[0]}")
    if not inputs or not inputs[0].shape[0]:
        raise _refused("inputs", "have no rows")
    return inputs[0].shape[0]


def _listed(tensor: Input, rows: int, where: str) -> Values:
    """Return the values of a tensor in JSON; raises `InvalidInputError` where their number is not that of its shape."""
    data = tensor.data or []
    if data and all(isinstance(value, list) for value in data):
        data = list(chain.from_iterable(data))
    if len(data) != rows:
        raise _refused(where, f"has {len(data)} values in data, and its shape says {rows}")
    return data


def _decoded(datatype: str, body: bytes, rows: int, where: str) -> Values:
    """Return the values of a binary tensor; raises `InvalidInputError` where its bytes do not fit its shape."""
    if datatype == "BYTES":
        return _texts(body, rows, where)
    numbers = NUMBERS[datatype]
    expected = rows * np.dtype(numbers).itemsize
    if len(body) != expected:
        raise _refused(where, f"has {len(body)} bytes of binary data, and {rows} values of {datatype} are {expected}")
    return np.frombuffer(body, numbers)


def _texts(body: bytes, rows: int, where: str) -> list[str]:
    """Return the texts of a binary tensor; raises `InvalidInputError` where its bytes do not fit its shape."""
    texts = []
    start = 0
    try:
        while start < len(body):
            (length,) = LENGTH.unpack_from(body, start)
            start += LENGTH.size + length
            texts.append(body[start - length : start].decode())
    except (struct.error, UnicodeDecodeError):
        raise _refused(where, "has binary data that is not texts in UTF-8, each after its length") from None
    if start != len(body) or len(texts) != rows:
        raise _refused(where, f"has {len(texts)} texts in its binary data, and its shape says {rows}")
    return texts


def _refused(field: str, message: str) -> InvalidInputError:
    """Return the error for one field of a request."""
    return InvalidInputError(f"{field} {message}.", [{"field": field, "message": message}])
