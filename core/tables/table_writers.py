"""Write tables of any size to files, a batch of rows at a time. Needs Arrow."""

import codecs
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any, BinaryIO, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, parquet

from core.exporting.cells import FORMULA, PLAIN, Options, harmless
from core.exporting.csv_style import CsvStyle
from core.exporting.files import FORMATS, Format, WriteRows

Batches = Iterable[pa.RecordBatch]

# How many rows are Python objects at a time.
PYTHON_ROWS = 1 << 13
# The suffixes that a date at midnight, or without milliseconds, does not show.
NO_TIME = r"( 00:00:00\.000|\.000)$"


class WriteTable(Protocol):
    """A function that writes batches of a schema to a file."""

    def __call__(self, file: BinaryIO, schema: pa.Schema, batches: Batches, options: Options = PLAIN, /) -> None:
        """Write the batches; the file stays open."""


def _csv(file: BinaryIO, schema: pa.Schema, batches: Batches, options: Options = PLAIN, /) -> None:
    """Write CSV with the values that writing by rows gives, in a twentieth of the time; every text is in quotes."""
    names = schema.names if options.raw else [harmless(name) for name in schema.names]
    written_schema = pa.schema(list(zip(names, map(_csv_type, schema.types), strict=True)))
    style = options.style
    if style.bom and options.begins:
        file.write(codecs.BOM_UTF8)
    # Arrow knows no other decimal mark than the point, so then only the header is its own.
    write_options = csv.WriteOptions(delimiter=style.delimiter, include_header=options.begins)
    with csv.CSVWriter(file, written_schema, write_options=write_options) as writer:
        for batch in batches:
            columns = [_csv_column(column, options) for column in batch.columns]
            if style.decimal == ".":
                writer.write_batch(pa.record_batch(columns, schema=written_schema))
            else:
                file.write(_lines(columns, style))


def _lines(columns: list[pa.Array], style: CsvStyle) -> pa.Buffer:
    """Return the lines of columns as Arrow writes them, but for the decimal mark."""
    cells = [_cells(column, style.decimal) for column in columns]
    lines = pc.binary_join_element_wise(*cells[:-1], pc.binary_join_element_wise(cells[-1], "\n", ""), style.delimiter)
    _, offsets, texts = lines.buffers()
    ends = np.frombuffer(offsets, np.int32)[: len(lines) + 1]
    return texts.slice(ends[0], ends[-1] - ends[0])


def _cells(values: pa.Array, decimal: str) -> pa.Array:
    """Return values as the cells of a line: numbers with this decimal mark, texts in quotes, nothing for null."""
    if pa.types.is_string(values.type):
        texts = pc.binary_join_element_wise('"', pc.replace_substring(values, '"', '""'), '"', "")
    else:
        texts = values.cast(pa.string())
    if pa.types.is_floating(values.type):
        texts = pc.replace_substring(texts, ".", decimal)
    return pc.fill_null(texts, "")


def _csv_type(kind: pa.DataType) -> pa.DataType:
    """Return the type of a column after `_csv_column`."""
    return pa.string() if pa.types.is_dictionary(kind) or pa.types.is_timestamp(kind) else kind


def _csv_column(values: pa.Array, options: Options) -> pa.Array:
    """Return values as CSV has them: dates as texts, infinite numbers as null, formulas made harmless."""
    if pa.types.is_timestamp(values.type):
        return pc.replace_substring_regex(values.cast(pa.string()), NO_TIME, "")
    if pa.types.is_floating(values.type):
        return pc.if_else(pc.is_finite(values), values, None)
    if pa.types.is_string(values.type):
        values = values.dictionary_encode()
    if pa.types.is_dictionary(values.type):
        texts = values.dictionary
        if not options.raw:
            found = pc.match_substring_regex(texts, FORMULA)
            quoted = pa.array(map(harmless, texts.filter(found).to_pylist()), texts.type)
            texts = pc.replace_with_mask(texts, found, quoted)
        return pa.DictionaryArray.from_arrays(values.indices, texts).cast(pa.string())
    return values


def _by_rows(
    write: WriteRows, file: BinaryIO, schema: pa.Schema, batches: Batches, options: Options = PLAIN, /
) -> None:
    """Write the batches with a function that writes rows."""
    write(file, schema.names, _rows(batches), options)


def _rows(batches: Batches) -> Iterator[tuple[Any, ...]]:
    """Yield rows of Python values: int, float, bool, str, naive datetime, None for missing."""
    for batch in batches:
        for start in range(0, len(batch), PYTHON_ROWS):
            columns = batch.slice(start, PYTHON_ROWS).columns
            yield from zip(*(_plain(column).to_pylist() for column in columns), strict=True)


def _plain(column: pa.Array) -> pa.Array:
    """Return a column without dictionary encoding."""
    # Arrow takes ten times as long to convert a dictionary's texts one by one.
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _parquet(file: BinaryIO, schema: pa.Schema, batches: Batches, options: Options = PLAIN, /) -> None:
    """Write a Parquet file, compressed."""
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch)


TABLE_FORMATS: dict[str, Format[WriteTable]] = {
    name: Format(kind.ending, kind.media_type, partial(_by_rows, kind.write), kind.max_columns, kind.repeats_names)
    for name, kind in FORMATS.items()
}
TABLE_FORMATS["csv"] = replace(TABLE_FORMATS["csv"], write=_csv)
TABLE_FORMATS["parquet"] = Format("parquet", "application/vnd.apache.parquet", _parquet)
