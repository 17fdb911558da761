"""One pass over the text of a CSV: its blocks are converted to typed columns and written to a Parquet file."""

import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from functools import reduce
from mmap import ACCESS_READ, MADV_DONTNEED, mmap
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from core.context_threads import ContextThreadPool
from core.delimited.blanks import MAX_LINE
from core.delimited.dialect import Dialect
from core.delimited.names import quoted
from core.delimited.ragged_rows import RaggedRows, line_labels
from core.errors import NotACsvError, TooLargeError
from core.tables.arrow_reader import arrow_reader
from core.tables.blocks import cut
from core.tables.column_types import is_beyond_exact
from core.tables.column_warnings import all_column_warnings
from core.tables.contradictions import ContradictionError
from core.tables.date_readings import settle_date_orders
from core.tables.type_inference import TypeInference

# Profiling takes about 28 bytes of memory for each row, and the ingesting function has 3 GB.
MAX_ROWS = 50_000_000
# How much text is in memory at a time, roughly.
BLOCK_BYTES = MAX_LINE

# After a text that Arrow cannot parse, its column alone is given as texts, up to so many times.
MOST_RESTARTS = 3

# Takes the share that is done.
Progress = Callable[[float], None]


def read_until_settled(
    dialect: Dialect, inferences: list[TypeInference], path: Path, progress: Progress
) -> "ReadingPass":
    """Read the file into `path`, again where a type changed in its middle; return the last pass."""
    # Once the first block has shown the types, Arrow parses most columns itself.
    arrow_parses = dialect.path.stat().st_size > BLOCK_BYTES
    if arrow_parses:
        ReadingPass(dialect, inferences, RaggedRows(dialect)).infer_types()
    restarts = 0
    # Each change costs another pass; there are few types.
    while True:
        reading = ReadingPass(dialect, inferences, RaggedRows(dialect), arrow_parses)
        try:
            reading.run(path, progress)
        except MisfitError as error:
            if error.column is None or restarts == MOST_RESTARTS:
                arrow_parses = False
            else:
                inferences[error.column].reads_texts = True
                restarts += 1
        else:
            if reading.settled and not _are_unsettled(inferences):
                reading.check()
                return reading


def _are_unsettled(inferences: list[TypeInference]) -> bool:
    """Return whether the file as a whole shows that a column is to be read otherwise, so that it is read again."""
    has_answers = [inference.settles_answers() for inference in inferences]
    return settle_date_orders(inferences) or any(has_answers)


class JunkError(Exception):
    """Far down in the file there seem to be rows that are no rows of the table."""


class MisfitError(Exception):
    """Arrow cannot parse a text as the type that its column had so far; `column` is the position of that."""

    def __init__(self, column: int | None = None) -> None:
        super().__init__()
        self.column = column


def _has_line_end(cell: object) -> bool:
    """Return whether a cell is a text of several lines."""
    return isinstance(cell, str) and ("\n" in cell or "\r" in cell)


def _has_empty_row(values: Sequence[pa.Array]) -> bool:
    """Return whether a row of the block has no value in any column."""
    # Most columns of most files have all their values, so the first look mostly decides.
    if any(column.null_count == 0 for column in values):
        return False
    empty = reduce(pc.and_, (column.is_null() for column in values))
    return bool(pc.any(empty).as_py())


def _repeats_names(values: list[pa.Array], names: Sequence[str]) -> bool:
    """Return whether each column of a block with a name is text, and has its name among its texts."""
    named = [(column, name) for column, name in zip(values, names, strict=True) if name]
    return all(pa.types.is_dictionary(column.type) for column, _ in named) and all(
        pc.index(column.dictionary, name).as_py() >= 0 for column, name in named
    )


@dataclass
class ReadingPass:
    """One pass over the file. It is settled if no inferred type changed after values had been written by it."""

    dialect: Dialect
    inferences: list[TypeInference]
    ragged: RaggedRows
    # Whether Arrow parses the columns whose type it knows, and raises where a text does not fit.
    arrow_parses: bool = False
    rows: int = 0
    memory_bytes: int = 0
    settled: bool = True
    # Whether the last row read has a line end in a cell.
    ends_in_quotes: bool = False

    def run(self, path: Path, progress: Progress) -> None:
        """Read everything, and write the typed blocks to `path` as long as the pass is settled."""
        for inference in self.inferences:
            inference.begin()
        # Parsing and writing take about as long, so they run side by side; writing has ended when the file is closed.
        with ExitStack() as stack, ContextThreadPool(1) as pool:
            writer: parquet.ParquetWriter | None = None
            written: Future[None] | None = None
            for block in self._blocks(progress):
                # Arrow keeps freed memory for itself, several times what it uses.
                pa.default_memory_pool().release_unused()
                typed = self._convert(block)
                if writer is None:
                    writer = stack.enter_context(parquet.ParquetWriter(path, typed.schema, compression="zstd"))
                if written is not None:
                    written.result()
                if self.settled:
                    written = pool.submit(writer.write_batch, typed)
            if written is not None:
                written.result()
        self._check_end()

    def infer_types(self) -> None:
        """Read the first block only, to infer types from it."""
        for block in self._blocks(lambda share: None):
            self._convert(block)
            break

    def warnings(self) -> list[str]:
        """Return the warnings of the pass; raises `NotACsvError` for too many ragged rows."""
        return [
            *self.ragged.warnings(self.rows),
            *all_column_warnings(self.inferences, self._locate),
        ]

    def check(self) -> None:
        """Raise `InvalidInputError` if a column contradicts how the caller said that the file is to be read."""
        try:
            for inference in self.inferences:
                inference.check()
        except ContradictionError as error:
            raise error.refusal(self._locate) from None

    def unlike(self) -> dict[str, str]:
        """Return by column the text, with its line, that is not of the type of the model's feature."""
        found = ((one.name, one.unlike) for one in self.inferences)
        return {name: f"{quoted(misfit.text)} in {self._locate(misfit.row)}" for name, misfit in found if misfit}

    def _locate(self, row: int) -> str:
        """Return the line of the file where a row of the table (from 0) begins."""
        record = self.ragged.record(row)
        return line_labels(self.dialect, [record])[record]

    def _convert(self, block: pa.RecordBatch) -> pa.RecordBatch:
        """Convert a block and count its rows; a change of type unsettles the pass. Raises `TooLargeError`."""
        for position, column in enumerate(block.columns):
            if pa.types.is_floating(column.type) and is_beyond_exact(column):
                # The texts decide whether digits would be lost.
                raise MisfitError(position)
        before = [inference.inferred for inference in self.inferences]
        try:
            values = [inference.convert(block.column(i), self.rows) for i, inference in enumerate(self.inferences)]
        except ContradictionError as error:
            raise error.refusal(self._locate) from None
        if not self.dialect.is_clean and _has_empty_row(values):
            raise JunkError
        if self.rows and before != [inference.inferred for inference in self.inferences]:
            self.settled = False
        if not self.dialect.is_clean and self.dialect.has_header and _repeats_names(values, self.dialect.rules.names):
            raise JunkError
        self.rows += block.num_rows
        if self.rows > MAX_ROWS:
            raise TooLargeError(f"The table has more than {MAX_ROWS:,} rows. Send fewer, or a sample of them.")
        typed = pa.record_batch(values, names=[inference.name for inference in self.inferences])
        self.memory_bytes += typed.nbytes
        if (
            sum(inference.coder.size_bytes for inference in self.inferences if inference.coder)
            > self.dialect.path.stat().st_size
        ):
            for inference in self.inferences:
                inference.coder = None
        return typed

    def _blocks(self, progress: Progress) -> Iterator[pa.RecordBatch]:
        """Yield the rows, some at a time: as text, or as Arrow parsed them."""
        size = max(1, self.dialect.path.stat().st_size)
        with self.dialect.path.open("rb") as source:
            # From a file, Arrow would read 32 blocks ahead.
            text = mmap(source.fileno(), 0, access=ACCESS_READ)
        with pa.BufferReader(text) as file:
            try:
                for block in arrow_reader(
                    file, self.dialect, self.inferences, self.ragged, self.arrow_parses, BLOCK_BYTES
                ):
                    if block.num_rows:
                        self.ends_in_quotes = any(_has_line_end(column[-1].as_py()) for column in block.columns)
                        yield from cut(block)
                    text.madvise(MADV_DONTNEED)  # what was read leaves memory; what was read ahead is read again
                    progress(file.tell() / size)
            except pa.ArrowInvalid as error:
                if "conversion error" in str(error):
                    found = re.search(r"column #(\d+)", str(error))
                    raise MisfitError(int(found[1]) if found else None) from None
                if self.ragged.too_many:
                    return  # their warning is the refusal
                raise self._unreadable(error, size) from None

    def _check_end(self) -> None:
        """Raise `NotACsvError` for a quote that is never closed, and for a file without rows."""
        if (self.ends_in_quotes or self.ragged.many_lines) and self._odd_quotes():
            first = self.rows + self.dialect.has_header + len(self.ragged.records)
            raise NotACsvError(f"A quote is never closed: it swallows the file from about row {first} on. Close it.")
        if not self.rows and not self.ragged.records:
            raise _no_rows()

    def _odd_quotes(self) -> bool:
        """Return whether the file has an odd number of quotes, so that one of them is never closed."""
        with self.dialect.path.open("rb") as file:
            quote = self.dialect.quoting.quote.encode()
            quotes = sum(piece.count(quote) for piece in iter(lambda: file.read(1 << 20), b""))
        return quotes % 2 == 1

    def _unreadable(self, error: pa.ArrowInvalid, size: int) -> NotACsvError:
        """Return the error for a file of `size` bytes that Arrow cannot read."""
        if "straddl" not in str(error):
            return NotACsvError(f"The file cannot be read as a CSV: {error}. Check its quotes and line ends.")
        if size < BLOCK_BYTES and not self._odd_quotes():
            return _no_rows()
        row = self.rows + len(self.ragged.records) + self.dialect.has_header + 1
        return NotACsvError(
            f"At about row {row:,} a row is longer than {BLOCK_BYTES >> 20} MiB: most likely a quote there is never "
            "closed, or the lines end in an unusual way. Correct it and send the file again."
        )


def _no_rows() -> NotACsvError:
    """Return the error for a header without rows."""
    return NotACsvError("The file has a header but no rows. Send at least one row of data below it.")
