"""Read JSON records straight into columns, without a dict for each row.

Most batches can be read this way, in half the time; `core.inference.input_batch` reads all others.
"""

from collections.abc import Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np

from core.inference.input_batch import InputBatch
from core.inference.value_readers import Values
from core.manifests import Feature

DECODERS_KEPT = 64
# The JSON types of a feature that is no number; `raw_columns_of_batch` checks the value.
Scalar = str | int | float | bool | None
ABSENT = msgspec.Raw(b"")


def read_plain_records(
    body: bytes, features: Sequence[Feature], other_fields: tuple[str, ...] = ()
) -> tuple[list[Any], dict[str, bytes]] | None:
    """Return the records in `data` of a JSON object, for `batch_from_plain_records`, and the JSON of `other_fields`.

    `other_fields` are the keys allowed beside `data`; those that are absent are left out. Returns None unless each
    record has the features and nothing else, with numbers as numbers, and the object has no further key: then
    `core.inference.input_batch` converts the values or names what is wrong.
    """
    keys = tuple((feature.name, feature.type == "number") for feature in features)
    try:
        request: Any = _decoder(keys, other_fields).decode(body)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return None
    present = {name: bytes(getattr(request, _attribute(position))) for position, name in enumerate(other_fields)}
    return request.data, {name: value for name, value in present.items() if value}


def batch_from_plain_records(records: Sequence[Any], features: Sequence[Feature]) -> InputBatch:
    """Return records of `read_plain_records` by column, numbers as float64 with NaN for null."""
    columns: dict[str, Values] = {}
    for position, feature in enumerate(features):
        values = map(attrgetter(_attribute(position)), records)
        numbers = feature.type == "number"
        columns[feature.name] = np.fromiter(values, np.float64, len(records)) if numbers else list(values)
    return InputBatch(len(records), columns)


@lru_cache(DECODERS_KEPT)
def _decoder(features: tuple[tuple[str, bool], ...], others: tuple[str, ...]) -> msgspec.json.Decoder[Any]:
    """Return the decoder of a request whose records have these features (name, whether it is a number)."""
    fields = [
        (_attribute(position), float | None if is_number else Scalar, msgspec.field(name=name))
        for position, (name, is_number) in enumerate(features)
    ]
    record = msgspec.defstruct("Record", fields, forbid_unknown_fields=True, gc=False)
    other_fields = [
        (_attribute(position), msgspec.Raw, msgspec.field(name=name, default=ABSENT))
        for position, name in enumerate(others)
    ]
    return msgspec.json.Decoder(
        msgspec.defstruct("Request", [("data", list[record]), *other_fields], forbid_unknown_fields=True)  # type: ignore[valid-type]
    )


def _attribute(position: int) -> str:
    # A valid name in Python, whatever the name of the feature.
    return f"f{position}"
