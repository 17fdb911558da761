"""Tables of any size as files, a batch of rows at a time. Needs Arrow, so only heavy functions load this."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, BinaryIO

import pyarrow as pa
from pyarrow import parquet

from core.exporting.files import FORMATS, Format, WriteRows

Batches = Iterable[pa.RecordBatch]
WriteTable = Callable[[BinaryIO, pa.Schema, Batches], None]


def _by_rows(write: WriteRows, file: BinaryIO, schema: pa.Schema, batches: Batches) -> None:
    write(file, schema.names, _rows(batches))


def _rows(batches: Batches) -> Iterator[tuple[Any, ...]]:
    """Rows of Python values: int, float, bool, str, naive datetime, None for missing."""
    for batch in batches:
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _parquet(file: BinaryIO, schema: pa.Schema, batches: Batches) -> None:
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch)


TABLE_FORMATS: dict[str, Format[WriteTable]] = {
    name: Format(kind.ending, kind.media_type, partial(_by_rows, kind.write), kind.max_rows, kind.max_columns)
    for name, kind in FORMATS.items()
}
TABLE_FORMATS["parquet"] = Format("parquet", "application/vnd.apache.parquet", _parquet)
