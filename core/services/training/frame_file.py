"""Read a DataFrame as a file: its dtypes stay what they are, and its texts are read as those of a CSV."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from pyarrow import csv

from core.containers.parquet_rows import stated_type, texts_of_column
from core.decimal_marks import count_decimal_marks
from core.delimited.decoding import DecodedText
from core.delimited.exact import exact_dialect
from core.errors import InvalidInputError
from core.manifests import Reading
from core.services.processing.received_table import ReceivedTable

# So many rows show whether texts have decimal commas.
SAMPLE = 1_000


def received_frame(data: Any, folder: Path, reading: Reading) -> ReceivedTable:
    """Return the table of a DataFrame of pandas or polars, without its index, as a text in `folder`.

    `reading` overrules what its texts mean. Raises `InvalidInputError` for anything else, for a frame without rows or
    columns, for a name that is empty or that two columns have, and for a column of lists or dicts.
    """
    frame = _checked(data)
    names = [str(label).strip() for label in frame.columns]
    columns = {name: _array(name, frame.iloc[:, position]) for position, name in enumerate(names)}
    path = folder / "frame.csv"
    texts = pa.table({name: texts_of_column(column, ".") for name, column in columns.items()})
    csv.write_csv(texts, path)
    stated = {name: type_ for name, column in columns.items() if (type_ := stated_type(column.type)) is not None}
    with path.open("rb") as file:
        text = DecodedText(path, "utf-8", path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())
    types = {**stated, **reading.types}
    values = {name: type_ for name, type_ in stated.items() if name not in reading.types}
    dialect = replace(exact_dialect(path), has_decimal_commas=_has_decimal_commas(columns.values()))
    return ReceivedTable(text, dialect, reading.model_copy(update={"types": types}), values=values)


def _checked(data: Any) -> pd.DataFrame:
    """Return the frame as one of pandas; raises `InvalidInputError` where it is none, or no table."""
    if hasattr(data, "to_pandas") and not isinstance(data, pd.DataFrame):
        data = data.to_pandas()
    if not isinstance(data, pd.DataFrame):
        raise InvalidInputError(
            f"The data is a DataFrame or the path of a file, and not {type(data).__name__}. pandas.DataFrame(rows) "
            "makes a DataFrame of a list of dicts.",
            [{"field": "data", "message": "is no DataFrame and no path"}],
        )
    # Blanks around a name do not count, as in a file.
    counts = Counter(str(label).strip() for label in data.columns)
    if "" in counts:
        raise InvalidInputError(
            "The DataFrame has a column without a name. Name it.", [{"field": "data", "message": "a name is empty"}]
        )
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        raise InvalidInputError(
            f"The DataFrame has the column {twice[0]!r} twice. Rename one of them.",
            [{"field": name, "message": "two columns have this name"} for name in twice],
        )
    if data.empty:
        raise InvalidInputError("The DataFrame has no rows or no columns.", [{"field": "data", "message": "is empty"}])
    return data


def _has_decimal_commas(columns: Iterable[pa.Array]) -> bool:
    """Return whether a text among the first ones of a column is a number with a decimal comma for certain."""
    texts = (
        column.slice(0, SAMPLE).cast(pa.string()).to_pylist() for column in columns if stated_type(column.type) is None
    )
    return any(count_decimal_marks(text for text in some if text)[0] for some in texts)


def _array(name: str, column: "pd.Series[Any]") -> pa.Array:
    """Return a column in the form of Arrow; objects of several classes become their texts.

    Raises `InvalidInputError` for a column whose values are lists or dicts.
    """
    if isinstance(column.dtype, pd.PeriodDtype):
        column = column.dt.to_timestamp()
    try:
        array = pa.Array.from_pandas(column)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        array = pa.Array.from_pandas(column.astype(object).where(column.isna(), column.astype(str)))
    if pa.types.is_nested(array.type):
        raise InvalidInputError(
            f"Column {name!r} has lists or dicts for values, and a value is a number, a text, a boolean or a date. "
            "Leave it out, or spread it over several columns.",
            [{"field": name, "message": "has lists or dicts for values"}],
        )
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
