"""A CSV of any size as a stream: its encoding, dialect and header, and its records in chunks of whole records.

The first bytes are read as an upload of them would be, by the same code. The records stay texts as they are written.
"""

import codecs
import gzip
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, Protocol

from core.delimited.decoding import BYTE_ORDER_MARKS, GZIP, read_text
from core.delimited.dialect import Dialect, find_dialect
from core.delimited.expected import Expected
from core.delimited.options import BLANKS, find_codec, with_tabs
from core.delimited.quoting import Quoting

# The dialect is found in so many bytes, and as many are read at a time.
BLOCK_BYTES = 256 << 10
# No line, and no quoted cell, may be longer: memory does not grow with the file.
LONGEST_RECORD = 4 << 20
# A request has so many characters or rows, whichever comes first.
CHUNK_CHARACTERS = 1 << 20
CHUNK_ROWS = 10_000
# How zip archives (and .xlsx, .ods), .xls and Parquet begin.
CONTAINERS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"PAR1")
# Records kept back for the last chunk, so that the totals and footers of a file are in one chunk with some rows.
LAST_RECORDS = 100


class CsvInputError(Exception):
    """The input is no CSV that can be read as a stream; the message says why and what to do."""


@dataclass(frozen=True)
class CsvForm:
    """How a CSV is written. `header` is the text of the header with its line end, empty where there is none."""

    encoding: str
    mark: bytes
    delimiter: str
    quoting: Quoting
    has_header: bool
    header: str
    names: list[str]
    line_end: str
    warnings: list[str]

    @property
    def header_lines(self) -> int:
        """Return how many lines the header takes."""
        return len(self.header.splitlines())


@dataclass(frozen=True)
class Record:
    """A record: the line of the file where it begins, its text with line ends, and whether it has no cells."""

    line: int
    text: str
    is_blank: bool


@dataclass(frozen=True)
class Chunk:
    """Consecutive records, and the encoding that they are written in."""

    records: list[Record]
    encoding: str


class Readable(Protocol):
    """Anything that bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """Read up to `size` bytes: fewer only at the end."""


class CsvInput:
    """The CSV in a binary stream. Raises `CsvInputError`, and the errors of `core` for what is no table."""

    def __init__(
        self,
        source: BinaryIO,
        expected: Expected,
        *,
        encoding: str | None = None,
        delimiter: str | None = None,
        has_header: bool | None = None,
    ) -> None:
        self._counted = _Counted(source)
        stream: Readable = self._counted
        head = stream.read(BLOCK_BYTES)
        if head.startswith(GZIP):
            stream = gzip.GzipFile(fileobj=_Replayed(head, stream))
            head = stream.read(BLOCK_BYTES)
        if head.startswith(CONTAINERS):
            raise CsvInputError(
                "The input is a workbook, an archive or Parquet, which cannot be read as a stream. "
                "`regatta export MODEL FILE` predicts such a file; `regatta upload FILE` says how it is read."
            )
        self._known = expected.names
        self._blocks = _line_blocks(head, stream) if not _is_wide(head, encoding) else None
        first = next(self._blocks, b"") if self._blocks is not None else head[: len(head) // 4 * 4]
        with TemporaryDirectory(prefix="regatta-") as folder:
            path = Path(folder) / "head.csv"
            path.write_bytes(first)
            text = read_text(path, Path(folder), encoding, max_bytes=1 << 30, known=expected.names)
            dialect = find_dialect(text, Path(folder), delimiter, has_header, expected)
        # The mark at the beginning is no part of the encoding here.
        self._encoding = find_codec(text.encoding.removesuffix("-sig"))
        self._is_certain = encoding is not None or not first.isascii()
        if self._blocks is None:
            self._lines: Iterator[str] = iter(_decoded(self._encoding, head, stream))
        else:
            self._lines = self._decode_lines(first)
        self.form = self._begin(dialect, text.path != dialect.path, first, [*text.warnings, *dialect.warnings])

    @property
    def bytes_read(self) -> int:
        """Return how many bytes of the stream were read."""
        return self._counted.count

    def chunks(self, rows: int = CHUNK_ROWS) -> Iterator[Chunk]:
        """Yield all records, of at most about `rows` rows and `CHUNK_CHARACTERS` a chunk."""
        pending: list[Record] = []
        size = 0
        for record in self._records:
            pending.append(record)
            size += len(record.text)
            if len(pending) >= rows + LAST_RECORDS or (size >= CHUNK_CHARACTERS and len(pending) > LAST_RECORDS):
                yield Chunk(pending[:-LAST_RECORDS], self._encoding)
                pending = pending[-LAST_RECORDS:]
                size = sum(len(kept.text) for kept in pending)
        if any(not record.is_blank for record in pending):
            yield Chunk(pending, self._encoding)

    def _begin(self, dialect: Dialect, is_copied: bool, first: bytes, warnings: list[str]) -> CsvForm:
        """Return the form of the file, with the lines above the table and the header read."""
        delimiter = dialect.original_delimiter
        escape = "\\" if is_copied and delimiter != BLANKS else None
        form = CsvForm(
            encoding=self._encoding,
            mark=next((mark for mark, _ in BYTE_ORDER_MARKS if first.startswith(mark)), b""),
            delimiter=delimiter,
            quoting=Quoting(dialect.quoting.quote, escape),
            has_header=dialect.has_header,
            header="",
            names=[name.strip() for name in dialect.names],
            line_end="\n",
            warnings=warnings,
        )
        for _ in range(dialect.skip_lines):
            next(self._lines, "")
        self._records = _records(self._lines, form, dialect.skip_lines + 1)
        header = ""
        if dialect.has_header:
            header = next((record.text for record in self._records if not record.is_blank), "")
        line_end = header[len(header.rstrip("\r\n")) :] or "\n"
        return replace(form, header=header.rstrip("\r\n") + line_end if header else "", line_end=line_end)

    def _decode_lines(self, first: bytes) -> Iterator[str]:
        """Yield the lines of all blocks, of which `first` is the first one."""
        line = 1
        block = first.removeprefix(codecs.BOM_UTF8)
        while block:
            if not self._is_certain and not block.isascii():
                self._encoding = self._infer_encoding(block)
                self._is_certain = True
            try:
                lines = io.StringIO(block.decode(self._encoding), newline="").readlines()
            except UnicodeDecodeError as error:
                at = line + block[: error.start].count(b"\n")
                raise CsvInputError(
                    f"Line {at:,} is not in {self._encoding}, in which the lines above it are. "
                    "Name the encoding with --encoding."
                ) from None
            yield from lines
            line += len(lines)
            assert self._blocks is not None
            block = next(self._blocks, b"")

    def _infer_encoding(self, block: bytes) -> str:
        """Return the encoding of the first block that is not ASCII."""
        with TemporaryDirectory(prefix="regatta-") as folder:
            source = Path(folder) / "block.csv"
            source.write_bytes(block)
            found = read_text(source, Path(folder), max_bytes=1 << 30, known=self._known)
        return find_codec(found.encoding)


def _is_wide(head: bytes, encoding: str | None) -> bool:
    """Return whether a character takes two or four bytes throughout, so that a line end is not the byte 10."""
    if encoding is not None:
        return find_codec(encoding).startswith(("utf-16", "utf_16", "utf-32", "utf_32"))
    return head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)) or b"\0" in head[:64]


def _decoded(encoding: str, head: bytes, stream: Readable) -> Iterable[str]:
    return io.TextIOWrapper(io.BufferedReader(_Replayed(head, stream)), encoding=encoding, newline="")


def _line_blocks(head: bytes, stream: Readable) -> Iterator[bytes]:
    """Yield the bytes in blocks that end with a line."""
    rest = b""
    block = head
    while block:
        rest += block
        end = rest.rfind(b"\n") + 1 or rest.rfind(b"\r", 0, -1) + 1
        if end:
            yield rest[:end]
            rest = rest[end:]
        elif len(rest) > LONGEST_RECORD:
            raise _too_long()
        block = stream.read(BLOCK_BYTES)
    if rest:
        yield rest


def _records(lines: Iterator[str], form: CsvForm, line: int) -> Iterator[Record]:
    """Yield the records in these lines, the first of which has the number `line`."""
    if form.delimiter == BLANKS:
        for number, text in enumerate(lines, line):
            yield Record(number, text, is_blank=not with_tabs(text))
        return
    taken: list[str] = []
    for cells in form.quoting.rows(_noted(lines, taken, line), form.delimiter):
        yield Record(line, "".join(taken), is_blank=not cells)
        line += len(taken)
        taken.clear()


def _noted(lines: Iterator[str], taken: list[str], line: int) -> Iterator[str]:
    """Yield the lines and add each to `taken`, which the caller empties after each record."""
    size = 0
    for text in lines:
        size = len(text) if not taken else size + len(text)
        if size > LONGEST_RECORD:
            raise _too_long()
        taken.append(text)
        yield text


def _too_long() -> CsvInputError:
    return CsvInputError(
        f"A row does not end within {LONGEST_RECORD >> 20} MiB: is there a quote that is never closed? Close it; or "
        "say how the file is written with --delimiter and --encoding."
    )


class _Counted:
    """A stream whose bytes are counted as they are read."""

    def __init__(self, stream: Readable) -> None:
        self._stream, self.count = stream, 0

    def read(self, size: int, /) -> bytes:
        """Read up to `size` bytes: fewer only at the end."""
        piece = self._stream.read(size)
        self.count += len(piece)
        return piece


class _Replayed(io.RawIOBase):
    """A stream of which the first bytes were read already."""

    def __init__(self, head: bytes, stream: Readable) -> None:
        self._head, self._stream = io.BytesIO(head), stream

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        """Read the next bytes into `buffer`; return how many."""
        piece = self._head.read(len(buffer)) or self._stream.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)
