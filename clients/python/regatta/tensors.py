"""Rows of a DataFrame as the tensors of the Open Inference Protocol, which keep every bit of a number, and back.

Each column is sent as the model takes it: `features` are those of GET /model/schema.
"""

import json
import re
import struct
import sys
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import nan
from typing import Any

from regatta.frames import Column, Frame
from regatta.values import text_of

# The length of the JSON before the binary data, in requests and answers.
HEADER_LENGTH = "Inference-Header-Content-Length"
LENGTH = struct.Struct("<I")
# Warnings come as one text. Each begins with the name of a column, in quotes.
BETWEEN_WARNINGS = re.compile(r"; (?=['\"])")
COUNTED = re.compile(r"^(?P<name>.+) has (?P<count>\d+) (?P<what>missing value|infinite number)s?, (?P<rest>.*)$")
NUMBERS = {type(None), int, float, bool, Decimal}

Feature = Mapping[str, Any]


@dataclass(frozen=True)
class Tensor:
    """The datatype and the binary values of a column; `infinite` numbers of it are missing values there."""

    datatype: str
    values: bytes
    infinite: int = 0


def tensor_of(column: Column, feature: Feature, *, strict: bool = False) -> Tensor:
    """Return a column as the model takes the feature.

    Infinite numbers are missing values, as in a file, unless the request is `strict`: then the service refuses them.
    """
    if feature["type"] == "category":
        return Tensor("BYTES", _packed(_levels(column, feature.get("levels", []))))
    if column.kind == "date":
        return Tensor("BYTES", _packed(column.dates()))
    if column.kind == "duration":
        seconds = (nan if value is None else value.total_seconds() for value in column.values())
        return Tensor("FP64", _little_endian(array("d", seconds).tobytes()))
    if column.kind == "mixed" and not {type(value) for value in column.values()} <= NUMBERS:
        return Tensor("BYTES", _packed(column.texts()))
    values, infinite = (column.doubles(), 0) if strict else column.finite_doubles()
    return Tensor("FP64", _little_endian(values), infinite)


def infer_body(
    frame: Frame, chosen: Sequence[tuple[int, Feature]], parameters: Mapping[str, Any]
) -> tuple[bytes, int, list[str]]:
    """Return the body of a request for all rows of a frame, the length of its JSON, and warnings.

    `chosen` are the columns that the model takes, by position, with their features.
    """
    inputs, binary, warnings = [], [], []
    for position, feature in chosen:
        tensor = tensor_of(frame.column(position), feature, strict=bool(parameters.get("strict")))
        binary.append(tensor.values)
        size = {"binary_data_size": len(tensor.values)}
        inputs.append({"name": feature["name"], "datatype": tensor.datatype, "shape": [frame.rows], "parameters": size})
        if tensor.infinite:
            numbers = f"{tensor.infinite} infinite number{'' if tensor.infinite == 1 else 's'}"
            warnings.append(f"{feature['name']!r} has {numbers}, which count as missing")
    head = json.dumps({"inputs": inputs, "parameters": {**parameters, "binary_data_output": True}}).encode()
    return b"".join([head, *binary]), len(head), warnings


def read_outputs(body: bytes, head_length: int) -> tuple[dict[str, Any], dict[str, list[float]]]:
    """Return the JSON of an answer and its outputs by name, from the binary data behind the JSON."""
    head: dict[str, Any] = json.loads(body[:head_length])
    outputs: dict[str, list[float]] = {}
    start = head_length
    for output in head["outputs"]:
        size = output.get("parameters", {}).get("binary_data_size")
        if size is None:
            outputs[output["name"]] = [float(value) for value in output["data"]]
            continue
        values = array("d", body[start : start + size])
        if sys.byteorder == "big":
            values.byteswap()
        outputs[output["name"]] = values.tolist()
        start += size
    return head, outputs


def split_warnings(text: str) -> list[str]:
    """Return the warnings of an answer."""
    return BETWEEN_WARNINGS.split(text) if text else []


def merge_warnings(batches: Iterable[Sequence[str]]) -> list[str]:
    """Return the warnings of all batches, each once; missing values and infinite numbers are added up."""
    merged: dict[tuple[str, str, str], int] = {}
    for warning in (warning for batch in batches for warning in batch):
        counted = COUNTED.match(warning)
        place = (counted["name"], counted["what"], counted["rest"]) if counted else (warning, "", "")
        merged[place] = merged.get(place, 0) + (int(counted["count"]) if counted else 0)
    return [
        f"{name} has {count} {what}{'' if count == 1 else 's'}, {rest}" if count else name
        for (name, what, rest), count in merged.items()
    ]


def _levels(column: Column, levels: Sequence[str]) -> list[str]:
    """Return the values of a column as texts of a category: where the model knows the value, by its own spelling.

    A column of numbers may hold 7.0 because another row has none, or 7 where the file had "007".
    """
    values = column.dates() if column.kind == "date" else column.values()
    known, spelling = frozenset(levels), _spelling(levels)
    found = {value: _level(value, known, spelling) for value in dict.fromkeys(map(_distinct, values))}
    return [found[_distinct(value)] for value in values]


def _distinct(value: Any) -> tuple[type, Any]:
    """Return a key that differs for 1, 1.0 and True."""
    return type(value), value


def _level(key: tuple[type, Any], known: frozenset[str], spelling: Callable[[float], str | None]) -> str:
    """Return the text of one value."""
    value = key[1]
    if isinstance(value, bool):
        words = [str(value), text_of(value), "TRUE" if value else "FALSE", "yes" if value else "no"]
        words += [word.capitalize() for word in words] + ["1" if value else "0"]
        return next((word for word in words if word in known), text_of(value))
    text = text_of(value)
    if isinstance(value, int | float | Decimal) and text not in known:
        return spelling(float(value)) or text
    return text


def _spelling(levels: Sequence[str]) -> Callable[[float], str | None]:
    """Return a function that spells a number as the levels do; it returns None where they do not show how."""
    spelled: dict[float, list[str]] = {}
    for level in levels:
        try:
            spelled.setdefault(float(level), []).append(level)
        except ValueError:
            continue
    whole = bool(spelled) and all(level.lstrip("+-").isdigit() for texts in spelled.values() for level in texts)

    def spell(number: float) -> str | None:
        texts = spelled.get(number, [])
        if len(texts) == 1:
            return texts[0]
        return str(int(number)) if whole and number.is_integer() else None

    return spell


def _packed(texts: Sequence[str]) -> bytes:
    """Return texts in binary: each after its length. A column has few different texts, so each is packed once."""
    packed = {text: _pack(text) for text in set(texts)}
    return b"".join(map(packed.__getitem__, texts))


def _pack(text: str) -> bytes:
    content = text.encode("utf-8", "surrogatepass")
    return LENGTH.pack(len(content)) + content


def _little_endian(doubles: bytes) -> bytes:
    """Return float64 in the order of bytes of the protocol."""
    if sys.byteorder == "little":
        return doubles
    swapped = array("d", doubles)
    swapped.byteswap()
    return swapped.tobytes()
