"""Find the table in a received file, which is a text or a container of one, and how it is to be read."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.containers.formats import find_format
from core.delimited.decoding import DecodedText, read_text
from core.delimited.dialect import Dialect, find_dialect
from core.delimited.exact import exact_dialect, is_exact
from core.delimited.names import unique_names
from core.delimited.quoting import USUAL, long_cells_refused
from core.errors import InvalidInputError, UnreadableContainerError
from core.manifests import Column, Feature, FileContainer, Reading
from core.tables.numbers_as_dates import number_date_candidates
from core.types import ColumnType

# The types of cells that are values; a text may still be of any type.
VALUES = {"integer", "number", "boolean", "date"}


@dataclass(frozen=True)
class ReceivedTable:
    """A text with one table, its dialect, and how its columns are to be read."""

    text: DecodedText
    dialect: Dialect
    # The caller's reading, with the types that the container knows.
    reading: Reading
    container: FileContainer | None = None
    # The columns whose cells are values in the container.
    values: dict[str, ColumnType] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def texts_like(self, like: Sequence[Feature]) -> list[Feature]:
        """Return the features whose columns are texts here: a value means the same to every reader."""
        return [feature for feature in like if feature.name not in self.values]

    def columns(self, columns: list[Column]) -> list[Column]:
        """Return the columns as they were read, with those marked whose cells are values."""
        return [
            column.model_copy(update={"is_value": True}) if column.type == self.values.get(column.name) else column
            for column in columns
        ]


def find_table(source: Path, folder: Path, reading: Reading, max_bytes: int) -> ReceivedTable:
    """Find the table of a received file by its bytes; texts that are made of it go to `folder`.

    Raises `NotACsvError`, `TooLargeError`, and `InvalidInputError` for a `reading` that the file contradicts.
    """
    # A text loads nothing that containers need.
    if find_format(source) is None:
        _refuse_fields(reading)
        text = read_text(source, folder, reading.encoding, max_bytes=max_bytes)
        return ReceivedTable(text, find_dialect(text, folder, reading.delimiter, reading.has_header), reading)
    return _unpack(source, folder, reading, max_bytes)


def _refuse_fields(reading: Reading) -> None:
    """Raise `InvalidInputError` for fields about containers, since the file is none."""
    errors = [
        {"field": name, "message": f"the file is no {what}; leave this field out"}
        for name, what in (("sheet", "workbook"), ("member", "zip archive"))
        if getattr(reading, name) is not None
    ]
    if errors:
        named = " and ".join(f"`{error['field']}`" for error in errors)
        raise InvalidInputError(f"The file is a plain text and cannot be read as asked for by {named}.", errors)


def _unpack(source: Path, folder: Path, reading: Reading, max_bytes: int) -> ReceivedTable:
    from core.containers.open_container import open_container

    unpacked = open_container(source, folder, reading, max_bytes)
    with source.open("rb") as file:
        size_bytes, sha256 = source.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()
    container = unpacked.container
    if container.format == "csv":
        text = read_text(unpacked.path, folder, reading.encoding, max_bytes=max_bytes)
        text = replace(text, size_bytes=size_bytes, sha256=sha256)
        dialect = find_dialect(text, folder, reading.delimiter, reading.has_header)
        return ReceivedTable(text, dialect, reading, container, warnings=unpacked.warnings)
    text = DecodedText(unpacked.path, "utf-8", size_bytes, sha256)
    if len(_first_row(text.path)) < 2:
        raise UnreadableContainerError("The table has one column, and needs two. Send it with a column more.")
    dialect = exact_dialect(text.path) if is_exact(container) else find_dialect(text, folder, ",", reading.has_header)
    # In the texts of some columns commas may divide fractions; the numbers have the mark that was asked for.
    dialect = replace(dialect, decimal_comma=reading.decimal == ",", has_decimal_points=reading.decimal != ",")
    names = unique_names(dialect.names if dialect.has_header else [""] * dialect.width, [], warns=False)
    first_row = _rows_in(text.path, dialect.skip_lines) + dialect.has_header
    types = unpacked.column_types(names, first_row)
    # Among numbers, only the name of a column says that they stand for dates.
    types = {name: type_ for name, type_ in types.items() if not (_is_number(type_) and _may_be_dates(name))}
    return ReceivedTable(
        text,
        dialect,
        reading.model_copy(update={"types": {**types, **reading.types}}),
        container,
        {name: type_ for name, type_ in types.items() if type_ in VALUES and name not in reading.types},
        [*unpacked.warnings, *unpacked.table_warnings(names, first_row, reading.types)],
    )


def _is_number(type_: ColumnType) -> bool:
    return type_ in ("integer", "number")


def _may_be_dates(name: str) -> bool:
    """Return whether the name of a column is one of dates, so that its numbers may be 20220301 or 44621."""
    usual = {candidate.format for candidate in number_date_candidates("")}
    return any(candidate.format not in usual for candidate in number_date_candidates(name))


def _first_row(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file, long_cells_refused():
        return next(filter(None, USUAL.rows(file, ",")), [])


def _rows_in(path: Path, lines: int) -> int:
    """Return how many rows begin in the first lines of a text: a cell may have several lines."""
    rows = 0
    with path.open(encoding="utf-8", newline="") as file, long_cells_refused():
        reader = USUAL.rows(file, ",")
        while reader.line_num < lines and next(reader, None) is not None:
            rows += 1
    return rows
