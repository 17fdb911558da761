"""Plain records from JSON into columns, without a dict for each row: most batches are such, and take half the time."""

from collections.abc import Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np

from core.manifests import Feature
from core.scoring.records import Sent, Values

DECODERS_KEPT = 64
# What a feature that is no number may come as; `to_columns` looks at it.
Scalar = str | int | float | bool | None


def plain_records(data: msgspec.Raw, features: Sequence[Feature]) -> list[Any] | None:
    """The records of a JSON list, for `sent_plain`, if each has the features, nothing else, and numbers as numbers.

    None for every other JSON: `core.scoring.records` repairs it, or says what is wrong.
    """
    try:
        records: list[Any] = _decoder(tuple((feature.name, feature.type == "number") for feature in features)).decode(
            data
        )
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return None
    return records


def sent_plain(records: Sequence[Any], features: Sequence[Feature]) -> Sent:
    """Some of the records that `plain_records` has read, by column: numbers as float64 with NaN for null."""
    columns: dict[str, Values] = {}
    for place, feature in enumerate(features):
        values = map(attrgetter(_field(place)), records)
        numbers = feature.type == "number"
        columns[feature.name] = np.fromiter(values, np.float64, len(records)) if numbers else list(values)
    return Sent(len(records), columns)


@lru_cache(DECODERS_KEPT)
def _decoder(features: tuple[tuple[str, bool], ...]) -> msgspec.json.Decoder[list[Any]]:
    """Of a list of objects with these keys, each for a number or not."""
    fields = [
        (_field(place), float | None if is_number else Scalar, msgspec.field(name=name))
        for place, (name, is_number) in enumerate(features)
    ]
    record = msgspec.defstruct("Record", fields, forbid_unknown_fields=True, gc=False)
    return msgspec.json.Decoder(list[record])  # type: ignore[valid-type]


def _field(place: int) -> str:
    # A name of Python's, whatever the feature is called.
    return f"f{place}"
