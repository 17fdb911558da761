"""Columns that were read again, kept in the bucket for the tasks of a job, each of which reads rows of them."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from core.array_types import Floats
from core.inference.file_cells import FileCells
from core.inference.read_again import ColumnsReadAgain
from core.packed_columns import Category
from core.storage.s3.object_store import ObjectStore
from core.storage.s3.ranges import read_range


def store_columns(objects: ObjectStore, prefix: str, columns: ColumnsReadAgain, folder: Path) -> list[str]:
    """Store columns that were read again, so that rows of them can be read; return their names in order."""
    for place, values in enumerate(columns.values.values()):
        _store_column(objects, f"{prefix}{place:06}", values, folder / "column")
    return list(columns.values)


def stored_columns(objects: ObjectStore, prefix: str, names: list[str], rows: range) -> ColumnsReadAgain:
    """Return these rows of the columns that `store_columns` has stored under these names."""
    values = {name: _stored_column(objects, f"{prefix}{place:06}", rows) for place, name in enumerate(names)}
    return ColumnsReadAgain(values, FileCells(), first_row=rows.start)


def _store_column(objects: ObjectStore, key: str, values: Floats | Category, path: Path) -> None:
    """Store the numbers or codes of a column, and its levels."""
    numbers: Any = values.codes if isinstance(values, Category) else values
    numbers.tofile(path)
    objects.put_file(f"{key}.{numbers.dtype.str[1:]}", path)
    levels = list(values.levels) if isinstance(values, Category) else None
    objects.put(f"{key}.json", json.dumps({"dtype": numbers.dtype.str, "levels": levels}).encode())


def _stored_column(objects: ObjectStore, key: str, rows: range) -> Floats | Category:
    about = json.loads(objects.get(f"{key}.json"))
    dtype = np.dtype(about["dtype"])
    start, stop = dtype.itemsize * rows.start, dtype.itemsize * rows.stop
    numbers = np.frombuffer(read_range(objects, f"{key}.{dtype.str[1:]}", start, stop) if rows else b"", dtype)
    return numbers if about["levels"] is None else Category(numbers, about["levels"])
