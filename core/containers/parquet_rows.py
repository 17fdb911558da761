"""Write a Parquet file as a canonical text, in memory for one batch of rows at a time. Runs in a process of its own."""

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, parquet

from core.bounds import MOST_COLUMNS, check_ratio
from core.containers.canonical import TEXT, text_kind
from core.errors import TooLargeError, UnreadableContainerError
from core.types import ColumnType, Json

BATCH_ROWS = 16 << 10
# How many of each unit are a second.
UNITS = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def write_parquet(source: str, target: str, decimal: str, max_bytes: int) -> Json:
    """Write the columns of a Parquet file to `target`; runs in a process of its own.

    Return the kinds of its texts, the types that it states, and warnings. Raises as `read_parquet` does.
    """
    try:
        # Without buffering ahead, a column of a huge row group is read a page at a time.
        with parquet.ParquetFile(source, pre_buffer=False, buffer_size=1 << 20) as file:
            schema = file.schema_arrow
            _check(schema, file.metadata)
            kinds = _write(file, Path(target), decimal, Path(source).stat().st_size, max_bytes)
    except MemoryError:
        raise TooLargeError("The texts of the Parquet file are too long to be read. Send shorter ones.") from None
    except (pa.ArrowException, OSError) as error:
        raise UnreadableContainerError(
            f"The Parquet file is damaged or encrypted and cannot be read ({str(error)[:200]}). Write it again, or "
            "send its table as CSV."
        ) from None
    zoned = [field.name for field in schema if pa.types.is_timestamp(field.type) and field.type.tz]
    return {
        "head": [[TEXT] * len(schema)],
        "below": [sorted(found) for found in kinds],
        "stated": {i: type_ for i, field in enumerate(schema) if (type_ := stated_type(field.type)) is not None},
        "warnings": [f"column {name!r}: its times are converted to UTC" for name in zoned],
    }


def _check(schema: pa.Schema, metadata: parquet.FileMetaData) -> None:
    """Raise for columns that are no columns of a table, and for a file without rows."""
    if len(schema) > MOST_COLUMNS:
        raise TooLargeError(
            f"The file has {len(schema):,} columns; at most {MOST_COLUMNS:,} are taken. Leave some out."
        )
    twice = [name for name, count in Counter(schema.names).items() if count > 1]
    if twice:
        raise UnreadableContainerError(
            f"The Parquet file has the column {twice[0]!r} twice. Rename one and send it again."
        )
    refused = [f"{field.name!r} ({field.type})"[:80] for field in schema if not _is_flat(field.type)]
    if refused:
        raise UnreadableContainerError(
            f"The Parquet file has columns that are nested or hold bytes: {', '.join(refused[:5])}. Leave them out, or "
            "give each of their values a column of its own."
        )
    if not metadata.num_rows or not len(schema):
        raise UnreadableContainerError("The Parquet file has no rows. Send at least one row of data.")


def _is_flat(type_: pa.DataType) -> bool:
    if pa.types.is_dictionary(type_):
        type_ = type_.value_type
    checks = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean, pa.types.is_date,
              pa.types.is_timestamp, pa.types.is_time, pa.types.is_duration, pa.types.is_null, _is_text)  # fmt: skip
    return any(check(type_) for check in checks)


def _is_text(type_: pa.DataType) -> bool:
    return any(check(type_) for check in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view))


def stated_type(type_: pa.DataType) -> ColumnType | None:
    """Return the type of a column that its Parquet type states; None where its texts decide."""
    if pa.types.is_dictionary(type_):
        type_ = type_.value_type
    if pa.types.is_boolean(type_):
        return "boolean"
    if pa.types.is_date(type_) or pa.types.is_timestamp(type_):
        return "date"
    return "number" if pa.types.is_floating(type_) else None


def _write(file: parquet.ParquetFile, target: Path, decimal: str, packed_bytes: int, max_bytes: int) -> list[set[str]]:
    """Write the names and all rows, and return the kinds of the texts."""
    names = file.schema_arrow.names
    schema = pa.schema([(name, pa.string()) for name in names])
    kinds: list[set[str]] = [set() for _ in names]
    with target.open("wb") as out, csv.CSVWriter(out, schema) as writer:
        for batch in file.iter_batches(batch_size=BATCH_ROWS, use_threads=False):
            for column, found in zip(batch.columns, kinds, strict=True):
                _look_attexts_of_column(column, found)
            columns = [texts_of_column(column, decimal) for column in batch.columns]
            writer.write_batch(pa.record_batch(columns, schema=schema))
            check_ratio(out.tell(), packed_bytes, "Send it as CSV.")
            if out.tell() > max_bytes:
                raise TooLargeError(
                    f"The table has more than {max_bytes:,} bytes as text, which is the most that is taken. Send fewer "
                    "rows or columns."
                )
    return kinds


def _look_attexts_of_column(column: pa.Array, found: set[str]) -> None:
    """Add the kinds of the texts of a column, until one of them is an ordinary text."""
    values = column.dictionary if pa.types.is_dictionary(column.type) else column
    if not _is_text(values.type) or TEXT in found:
        return
    for text in pc.unique(values):
        found.add(text_kind(text.as_py() or ""))
        if TEXT in found:
            return


def texts_of_column(column: pa.Array, decimal: str) -> pa.Array:
    """Return a column as the texts of its values; a missing one is empty."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    type_ = column.type
    if pa.types.is_duration(type_):
        column = pc.divide(column.cast(pa.int64()).cast(pa.float64()), float(UNITS[type_.unit]))
    elif pa.types.is_timestamp(type_):
        # To the millisecond, as all dates.
        column = column.cast(pa.timestamp("ms"), safe=False)
    elif pa.types.is_floating(type_):
        # The word for an infinite number is one only where points divide fractions.
        is_number = pc.invert(pc.is_nan(column)) if decimal == "." else pc.is_finite(column)
        column = pc.if_else(is_number, column, pa.scalar(None, type_))
    texts = column.cast(pa.string())
    if pa.types.is_timestamp(type_):
        # At midnight it is the day alone.
        texts = pc.replace_substring_regex(texts, r"(?: 00:00:00)?\.000$", "")
    elif pa.types.is_time(type_):
        texts = pc.replace_substring_regex(texts, r"\.?0*$", "") if type_.unit != "s" else texts
    if decimal != "." and (pa.types.is_floating(column.type) or pa.types.is_decimal(type_)):
        texts = pc.replace_substring(texts, ".", decimal)
    # A row of empty cells alone would be no row: it is written with quotes.
    return pc.fill_null(texts, "")
