"""A hostile file and its expected outcome: a table, or a refusal with a reason."""

import csv
import io
from dataclasses import dataclass, field
from typing import Any

Types = dict[str, str]
Rows = list[list[Any]]
MIB = 1 << 20


@dataclass(frozen=True)
class Refused:
    """A problem document; `detail` is a pattern that its detail matches."""

    detail: str
    status: int = 422


@dataclass(frozen=True)
class Accepted:
    """A table: the type of each column by name, its first rows, and a pattern that the warnings match.

    `count` is the number of all rows; None where `rows` are all of them.
    """

    types: Types
    rows: Rows
    count: int | None = None
    warning: str = ""


@dataclass(frozen=True)
class HostileFile:
    """A file, the form fields it is sent with, and its expected outcome."""

    content: bytes
    outcome: Refused | Accepted
    filename: str = "file.csv"
    form: dict[str, str] = field(default_factory=dict)


def quoted_csv(*rows: list[str]) -> bytes:
    """Return a CSV of these rows; a cell is quoted where it must be."""
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(rows)
    return file.getvalue().encode()


def csv_of_cells(*cells: str) -> bytes:
    """Return a CSV with these texts in column x and the row numbers in column y."""
    return quoted_csv(["x", "y"], *([cell, str(number)] for number, cell in enumerate(cells)))


def accepted_column(kind: str, *values: Any, warning: str = "") -> Accepted:
    """Return the expected outcome of `csv_of_cells`: column x has this type and these values."""
    return Accepted(
        {"x": kind, "y": "integer"}, [[value, number] for number, value in enumerate(values)], warning=warning
    )


ACCEPTED_AB = Accepted({"a": "integer", "b": "integer"}, [[1, 2], [3, 4]])
NO_DELIMITER = Refused("No delimiter divides these lines")
OPEN_QUOTE = Refused("never closed")
