"""Read the columns of a written table by pandas and then as a model does, and compare them with those of the upload."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from core.errors import InvalidRecordsError
from core.inference.column_meaning import feature_of
from core.inference.frame_input import read_frame
from core.inference.lost_texts import TrainedFeature
from core.manifests import Column as ReadColumn
from tests.properties.columns import Column
from tests.properties.reading import Outcome
from tests.properties.tables import WrittenTable

TEXTS: dict[str, Any] = {"dtype": str, "keep_default_na": False}


def silent_cells(table: WrittenTable, read: Outcome) -> Iterator[str]:
    """Yield each column that pandas, or the texts of the file in a frame, changes without an error or a warning."""
    if [column.name for column in read.columns] != table.names or len(read.values[0]) != len(table.lines):
        return  # with titles, junk or totals around it: what pandas makes of those is the caller's
    if read.is_guess:
        return  # and its texts may be others
    for written, column, found in zip(table.columns, read.columns, read.values, strict=True):
        for options in ({}, TEXTS):
            if (note := _silent(written, column, found, options)) is not None:
                yield f"{written.kind} {options}: {note}, {column!r}"


def _silent(written: Column, column: ReadColumn, found: pa.Array, options: dict[str, Any]) -> str | None:
    """Return the first cell of a column that is read otherwise from a frame, unless that is said; None for none."""
    stored = _raw(found, column)
    feature = _feature(column, stored)
    file = io.StringIO()
    csv.writer(file).writerows([[column.name, "k"], *([text, 1] for text in written.texts)])
    frame = pd.read_csv(io.StringIO(file.getvalue()), **options)
    try:
        rows = read_frame(frame, [feature])
    except InvalidRecordsError:
        return None if not options else "refused as texts"
    # All its values are levels, so that none can be unseen.
    about = [warning for warning in rows.warnings if repr(column.name) in warning and "never saw" not in warning]
    if not options and about:
        return None
    for text, value, expected in zip(written.texts, rows.columns[column.name].tolist(), stored, strict=True):
        if value != expected and not (value != value and expected != expected):  # noqa: PLR0124 - NaN
            if isinstance(value, float) and np.isclose(value, expected, rtol=1e-15, atol=0):
                continue  # pandas reads the last digit of a number otherwise
            return f"{text!r} is {value!r} and not {expected!r}"
    return None


def _feature(column: ReadColumn, stored: list[Any]) -> TrainedFeature:
    """Return a column as a feature that training has seen."""
    feature = feature_of(column)
    if column.type == "category":
        feature = feature.model_copy(update={"levels": sorted(set(stored) - {""})})
    else:
        present = [value for value in stored if value == value]  # noqa: PLR0124 - NaN
        feature = feature.model_copy(update={"fill": float(np.median(present)) if present else 0.0})
    return TrainedFeature.of(feature, [column])


def _raw(found: pa.Array, column: ReadColumn) -> list[Any]:
    """Return a stored column in the form of raw columns."""
    if column.type == "category":
        return [text or "" for text in found.to_pylist()]
    if column.type == "date":
        moments = found.cast(pa.timestamp("ms")).cast(pa.int64()).to_pylist()
        return [float("nan") if value is None else value / 1000 for value in moments]
    return [float("nan") if value is None else float(value) for value in found.to_pylist()]
