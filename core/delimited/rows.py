"""Read the rows of a CSV with the csv module: exactly those that an upload of it has. Light: loads no Arrow."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from core.delimited.classified import classified
from core.delimited.decoding import read_text
from core.delimited.dialect import Dialect
from core.delimited.exact import stored_dialect
from core.delimited.left_out import LeftOut
from core.delimited.names import unique_names
from core.delimited.ragged_rows import RaggedRow, RaggedRows
from core.delimited.records import Record, records_without_text
from core.errors import NotACsvError
from core.manifests import DatasetManifest

PIECE_BYTES = 1 << 20


@dataclass
class TableRows:
    """The rows of the table in a text, and the names of its columns. `warnings` are complete when all rows are read."""

    dialect: Dialect
    warnings: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        headers = self.dialect.names if self.dialect.has_header else [""] * self.dialect.width
        self._renamed: list[str] = []
        self.names = unique_names(headers, self._renamed, warns=self.dialect.has_header)

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the line where each row begins, and its cells as written.

        Raises `NotACsvError` at the end, as an upload does: for too many ragged rows, a quote that never closes, and
        where there are no rows.
        """
        left_out = LeftOut()
        ragged = RaggedRows(self.dialect)
        rows = number = 0
        width, skip_lines, is_header = self.dialect.width, self.dialect.skip_lines, self.dialect.has_header
        last: list[str] = []
        with self.dialect.path.open(encoding="utf-8-sig", newline="") as source:
            for _ in range(skip_lines):
                source.readline()
            for record, stays in classified(records_without_text(source, self.dialect), self.dialect, left_out):
                cells = record.cells
                if not cells:
                    continue
                number += 1
                if is_header or not stays:
                    is_header = False
                elif len(cells) == width:
                    rows += 1
                    last = cells
                    yield record.line, cells
                elif ragged.note(_ragged(record, number + skip_lines)) == "error":
                    break
        self._check_quotes(last, ragged, rows)
        if not rows and not ragged.records:
            raise NotACsvError("The file has a header but no rows. Send at least one row of data below it.")
        self.warnings += [*left_out.warnings(), *self._renamed, *ragged.warnings(rows)]

    def _check_quotes(self, last: list[str], ragged: RaggedRows, rows: int) -> None:
        """Raise `NotACsvError` where a quote is never closed: the last cells have line ends, and quotes are odd."""
        if not ragged.many_lines and not any("\n" in cell or "\r" in cell for cell in last):
            return
        quote = self.dialect.quoting.quote.encode()
        with self.dialect.path.open("rb") as file:
            quotes = sum(piece.count(quote) for piece in iter(lambda: file.read(PIECE_BYTES), b""))
        if quotes % 2:
            first = rows + self.dialect.has_header + len(ragged.records)
            raise NotACsvError(f"A quote is never closed: it swallows the file from about row {first} on. Close it.")


def _ragged(record: Record, number: int) -> RaggedRow:
    """Return a ragged row of a record."""
    return RaggedRow(number, len(record.cells), "\n" if any("\n" in cell for cell in record.cells) else "")


def stored_rows(source: Path, folder: Path, manifest: DatasetManifest) -> TableRows:
    """Return the rows of a stored dataset, read from the bytes in `source`; copies of these go to `folder`."""
    size = source.stat().st_size
    encoding = manifest.reading.encoding if manifest.reading else None
    text = read_text(source, folder, encoding, max_bytes=max(size, 1 << 40))
    if text.encoding != manifest.encoding:
        text = read_text(source, folder, manifest.encoding, max_bytes=max(size, 1 << 40))
    return TableRows(stored_dialect(text, folder, manifest))


def stored_batches(
    source: Path, folder: Path, manifest: DatasetManifest, names: Sequence[str], batch_rows: int
) -> Iterator[dict[str, list[str]]]:
    """Yield columns of a stored dataset as texts as written: by name, of at most `batch_rows` rows each time.

    `source` has the text that the dataset was read from, as received or made of its container; copies go to `folder`.
    The rows are those of the stored table, in its order. Raises `NotACsvError` where they are not as many as the
    manifest has.
    """
    table = stored_rows(source, folder, manifest)
    positions = {column.name: position for position, column in enumerate(manifest.columns)}
    wanted = {name: positions[name] for name in names}
    rows = iter(table)
    count = 0
    while batch := list(islice(rows, batch_rows)):
        count += len(batch)
        yield {name: [cells[position] for _, cells in batch] for name, position in wanted.items()}
    if count != manifest.rows:
        raise NotACsvError(
            f"The stored file {manifest.file_id} has {count:,} rows, and {manifest.rows:,} were read when it was "
            "uploaded. Upload it again."
        )
