"""How a caller says that a file is to be read, in the forms that the service takes."""

import json
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Literal, TypedDict

ColumnType = Literal["integer", "number", "boolean", "date", "category"]
DecimalMark = Literal[".", ",", "point", "comma"]
# What divides the cells of a CSV that the service writes. One that it reads may have any other character.
Delimiter = Literal[",", ";", "\t", "|", "comma", "semicolon", "tab", "pipe"]


class Reading(TypedDict, total=False):
    """The fields of an upload. What is left out is inferred; docs/http.md has their meaning."""

    encoding: str | None
    delimiter: str | None
    has_header: bool | None
    dates: Literal["dmy", "mdy", "ymd"] | None
    decimal: DecimalMark | None
    thousands: str | None
    types: Mapping[str, ColumnType] | None
    missing: Sequence[str] | None
    keep: Sequence[str] | None
    sheet: str | int | None
    member: str | None


def check_options(options: Iterable[str], call: str, others: Iterable[str] = ()) -> None:
    """Raise `TypeError` for an option that is no field of `Reading`, with the near one among these and the `others`."""
    known = [*Reading.__annotations__, *others]
    for name in options:
        if name not in Reading.__annotations__:
            near = get_close_matches(name, known, 1) or known
            raise TypeError(f"{call}() has no option {name!r}. Did you mean {' or '.join(map(repr, near))}?")


def given(*readings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that are given; `types` of several readings add up, and of other fields the last one counts."""
    found: dict[str, Any] = {}
    for reading in readings:
        for name, value in reading.items():
            if value is not None:
                found[name] = {**found.get("types", {}), **value} if name == "types" else value
    return found


def as_form(reading: Mapping[str, Any]) -> dict[str, str]:
    """Return the fields as texts of a form: objects and lists in JSON."""
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in reading.items()}
