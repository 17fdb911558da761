"""Read a written table through the reader of uploads, and compare every cell with the value that was written."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from math import isnan
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa

from core.cell_values import to_datetime
from core.delimited.decoding import read_text
from core.delimited.dialect import find_dialect
from core.errors import RegattaError
from core.inference.input_warnings import InputErrors
from core.inference.value_readers import raw_column
from core.manifests import Column as ReadColumn
from core.manifests import Feature, Reading
from core.tables.csv_reader import read_table
from tests.properties.columns import Column, Value
from tests.properties.tables import WrittenTable

DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", " ": "space"}
# What a file's warnings say of all its texts, and of its rows.
GUESS = "the encoding is a guess"
KEPT = "is kept as a row"
LEFT_OUT = re.compile(r"left out|skipped")


@dataclass
class Outcome:
    """What became of one table: refused, or read with these cells wrong in silence, or with a warning."""

    refusal: str | None = None
    silent: list[str] = field(default_factory=list)
    # By column the kind, one cell, and the warnings about it.
    warned: list[str] = field(default_factory=list)
    # Texts that the readers of predictions read as another value than the file's reader.
    unlike: list[str] = field(default_factory=list)
    cells: int = 0
    # What was read, unless the table was refused.
    columns: list[ReadColumn] = field(default_factory=list)
    values: list[pa.Array] = field(default_factory=list)
    is_guess: bool = False


def outcome_of(table: WrittenTable, *, is_told: bool = False) -> Outcome:
    """Read a table and compare it, cell by cell; `is_told` if its dialect and dates are said."""
    style = table.style
    marks = Reading(decimal=style.decimal, dates=style.dates) if is_told else Reading()
    with TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "source.csv"
        source.write_bytes(table.body)
        try:
            said = style.encoding if is_told or style.is_encoding_said else None
            text = read_text(source, folder, said, max_bytes=1 << 30)
            dialect = find_dialect(text, folder, DELIMITER_NAMES[style.delimiter] if is_told else None)
            read = read_table(dialect, folder, reading=marks)
        except RegattaError as error:
            return Outcome(refusal=str(error))
        warnings = [*text.warnings, *dialect.warnings, *read.warnings]
        values = [read.column(column.name).combine_chunks() for column in read.columns]
        outcome = _compared(table, read.columns, values, warnings)
        outcome.columns, outcome.values = read.columns, values
        outcome.is_guess = any(GUESS in warning for warning in warnings)
        return outcome


def _compared(table: WrittenTable, read: list[ReadColumn], values: list[pa.Array], warnings: list[str]) -> Outcome:
    """Compare what was read with what was written."""
    outcome = Outcome()
    left_out = {line for warning in warnings if LEFT_OUT.search(warning) for line in _lines(warning)}
    rows = [row for row, line in enumerate(table.lines) if line not in left_out]
    names = table.names if table.has_header else [f"column_{i}" for i in range(1, len(table.names) + 1)]
    if len(rows) < len(table.lines):
        outcome.warned.append(f"rows: {len(table.lines) - len(rows)} left out: {warnings}")
    if [column.name for column in read] != names:
        if any(GUESS in warning for warning in warnings):
            outcome.warned.append(f"encoding: a guess, {warnings}")
            return outcome
        return _misread(outcome, f"names: {[column.name for column in read]} for {names}", warnings)
    kept = sum(KEPT in warning for warning in warnings)
    if kept and len(values[0]) == len(rows) + kept:
        outcome.warned.append(f"totals: {kept} kept as rows: {warnings}")
        values = [column[:-kept] for column in values]
    if any(len(column) != len(rows) for column in values):
        return _misread(outcome, f"rows: {len(values[0])} for {len(rows)}", warnings)
    of_all = [GUESS, *(["left out"] if len(rows) < len(table.lines) else [])]
    for written, column, found in zip(table.columns, read, values, strict=True):
        outcome.cells += len(rows)
        about = [warning for warning in warnings if any(map(warning.__contains__, [repr(column.name), *of_all]))]
        wrong = next(_wrong(written, rows, found), None)
        if wrong is not None:
            note = f"{written.kind}: {wrong} as {column.type} {column.format or ''} | {about}"
            (outcome.warned if about else outcome.silent).append(note)
        outcome.unlike += _unlike(written, rows, column, found)
    return outcome


def _misread(outcome: Outcome, what: str, warnings: list[str]) -> Outcome:
    """Add that the table has other rows or columns than were written."""
    outcome.silent.append(f"{what} | {warnings}")
    return outcome


def _lines(warning: str) -> set[int]:
    """Return the lines that a warning names."""
    lines = {int(number) for found in re.findall(r"lines? ([\d, ]+)", warning) for number in re.findall(r"\d+", found)}
    for first, last in re.findall(r"lines (\d+) to (\d+)", warning):
        lines |= set(range(int(first), int(last) + 1))
    return lines


def _wrong(written: Column, rows: list[int], found: pa.Array) -> Iterator[str]:
    """Yield each cell that was read as another value than was written."""
    for row, value in zip(rows, found.to_pylist(), strict=True):
        if not _same(written.values[row], value):
            yield f"{written.texts[row]!r} is {value!r} and not {written.values[row]!r}"


def _same(written: Value, read: Any) -> bool:
    """Return whether a read value is the written one."""
    if written is None or read is None:
        return written is read
    if isinstance(written, datetime):
        return isinstance(read, datetime) and abs((written - read).total_seconds()) < 0.001
    if isinstance(written, bool) or isinstance(read, bool):
        return written is read
    if isinstance(written, float):
        return isinstance(read, int | float) and float(read) == written
    return bool(written == read)


def _unlike(written: Column, rows: list[int], column: ReadColumn, found: pa.Array) -> list[str]:
    """Return a text of the column that the reader of predictions reads otherwise; empty where there is none."""
    feature = Feature(
        name=column.name,
        type="number" if column.type == "integer" else column.type,
        fill=0.0,
        format=column.format,
        unit=column.unit,
        decimal=column.decimal,
        levels=sorted(set(filter(None, found.to_pylist()))) if column.type == "category" else [],
    )
    errors = InputErrors()
    texts = [written.texts[row] for row in rows]
    values = raw_column(texts, feature, errors)
    for text, value, stored in zip(texts, values.tolist(), found.to_pylist(), strict=True):
        if not _same(_plain(value, column), stored):
            return [f"{written.kind}: {text!r} is {stored!r} in the file and {value!r} in a record, {column!r}"]
    return []


def _plain(value: Any, column: ReadColumn) -> Value:
    """Return a raw value of a model as the file has it."""
    if value == "" or (isinstance(value, float) and isnan(value)):
        return None
    if column.type == "date":
        return to_datetime(value)
    return bool(value) if column.type == "boolean" else value
