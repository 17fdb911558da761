"""Plain records from JSON into columns, without a dict for each row: most batches are such, and take half the time."""

from collections.abc import Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np

from core.inference.input_batch import Sent, Values
from core.manifests import Feature

DECODERS_KEPT = 64
# What a feature that is no number may come as; `to_columns` looks at it.
Scalar = str | int | float | bool | None
NOT_SENT = msgspec.Raw(b"")


def plain_records(
    body: bytes, features: Sequence[Feature], others: tuple[str, ...] = ()
) -> tuple[list[Any], dict[str, bytes]] | None:
    """The records in `data` of a JSON object, for `sent_plain`, if each has the features, nothing else, and numbers as
    numbers; and the JSON of those of the `others` beside `data` that were sent.

    None for every other JSON, one with more in it as well: `inference.input_batch` repairs it, or says what is wrong.
    """
    keys = tuple((feature.name, feature.type == "number") for feature in features)
    try:
        order: Any = _decoder(keys, others).decode(body)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return None
    sent = {name: bytes(getattr(order, _field(place))) for place, name in enumerate(others)}
    return order.data, {name: value for name, value in sent.items() if value}


def sent_plain(records: Sequence[Any], features: Sequence[Feature]) -> Sent:
    """Some of the records that `plain_records` has read, by column: numbers as float64 with NaN for null."""
    columns: dict[str, Values] = {}
    for place, feature in enumerate(features):
        values = map(attrgetter(_field(place)), records)
        numbers = feature.type == "number"
        columns[feature.name] = np.fromiter(values, np.float64, len(records)) if numbers else list(values)
    return Sent(len(records), columns)


@lru_cache(DECODERS_KEPT)
def _decoder(features: tuple[tuple[str, bool], ...], others: tuple[str, ...]) -> msgspec.json.Decoder[Any]:
    """Of an object with a list of objects that have these keys, each for a number or not, and what may be beside it."""
    fields = [
        (_field(place), float | None if is_number else Scalar, msgspec.field(name=name))
        for place, (name, is_number) in enumerate(features)
    ]
    record = msgspec.defstruct("Record", fields, forbid_unknown_fields=True, gc=False)
    beside = [
        (_field(place), msgspec.Raw, msgspec.field(name=name, default=NOT_SENT)) for place, name in enumerate(others)
    ]
    return msgspec.json.Decoder(
        msgspec.defstruct("Order", [("data", list[record]), *beside], forbid_unknown_fields=True)  # type: ignore[valid-type]
    )


def _field(place: int) -> str:
    # A name of Python's, whatever the feature is called.
    return f"f{place}"
