"""Predict chunks of a CSV by the service, and write their records with the predictions behind them."""

import codecs
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from core.delimited.options import BLANKS
from infra.cli.csv_input import Chunk, CsvForm, Record
from infra.cli.row_messages import with_lines
from regatta.errors import explained

if TYPE_CHECKING:
    from core.types import Json
    from regatta import Regatta

COLUMN = "prediction"
# The row of a spreadsheet with the first record below the header, by which the service counts.
FIRST_ROW = 2


class RowError(Exception):
    """The service refuses some rows; the message names their lines in the whole file."""


@dataclass(frozen=True)
class PredictedChunk:
    """Records in their order, and the answer of the service for them."""

    records: list[Record]
    encoding: str
    answer: "Json"
    warnings: list[str]


def predict_chunk(client: "Regatta", form: CsvForm, chunk: Chunk, options: dict[str, Any]) -> Iterator[PredictedChunk]:
    """Predict a chunk; one that is too large for the service, as two halves. Raises `RowError`."""
    from regatta.errors import ProblemError, TooLarge

    body = form.header + "".join(record.text for record in chunk.records)
    params = {**options, "encoding": "utf-8", "delimiter": form.delimiter, "has_header": form.has_header}
    headers = {"Content-Type": "text/csv"}
    try:
        response = client.request(
            "POST", "/predict/batch", params=params, headers=headers, content=body.encode(), pure=True
        )
    except TooLarge:
        if len(chunk.records) < 2:
            raise
        middle = len(chunk.records) // 2
        for half in (chunk.records[:middle], chunk.records[middle:]):
            yield from predict_chunk(client, form, Chunk(half, chunk.encoding), options)
        return
    except ProblemError as error:
        raise RowError(_with_lines_of_file(error.problem, form, chunk, body)) from None
    answer: Json = response.json()
    records = [record for record in chunk.records if not record.is_blank]
    if len(records) != len(answer["predictions"]):
        records = _kept(records, form, chunk, body)
    places = _Places(form, chunk, records)
    warnings = [with_lines(warning, places.of_row, places.of_line) for warning in answer["warnings"]]
    yield PredictedChunk(records, chunk.encoding, answer, warnings)


class RowWriter:
    """Writes records as they stand, with the predictions behind them, in the encoding of the file."""

    def __init__(self, form: CsvForm, target: BinaryIO, bounds: Sequence[str]) -> None:
        """`bounds` are the further columns of the answer, such as `lower`."""
        self._form, self._target, self._bounds = form, target, bounds
        self._encoder = codecs.getincrementalencoder(form.encoding)()
        self._encoding = form.encoding
        self._gap = " " if form.delimiter == BLANKS else form.delimiter
        self._is_begun = False

    def write(self, chunk: PredictedChunk) -> None:
        """Write the rows of a chunk, and before those of the first one the header."""
        if chunk.encoding != self._encoding:
            self._encoding, self._encoder = chunk.encoding, codecs.getincrementalencoder(chunk.encoding)()
        if not self._is_begun:
            self._begin((chunk.answer.get("explanation") or {}).get("contributions"))
        columns = [chunk.answer["predictions"], *(chunk.answer[name] for name in self._bounds)]
        explanation = chunk.answer.get("explanation")
        if explanation is not None:
            columns += [[explanation["base_value"]] * len(columns[0]), *explanation["contributions"].values()]
        gap, end = self._gap, self._form.line_end
        lines = [
            gap.join((record.text.rstrip("\r\n"), *map(repr, values))) + end
            for record, *values in zip(chunk.records, *columns, strict=True)
        ]
        self._target.write(self._encoder.encode("".join(lines)))
        # Whoever reads the output waits for these rows, and may send the next ones after them.
        self._target.flush()

    def _begin(self, explained: Iterable[str] | None) -> None:
        """Write the header; `explained` are the columns with contributions, None without any."""
        self._is_begun = True
        if not self._form.encoding.startswith(("utf-16", "utf-32", "utf_16", "utf_32")):
            # The encoders of the others write their mark themselves.
            self._target.write(self._form.mark)
        if self._form.has_header:
            names = [_free_name(COLUMN, self._form.names)]
            names += [_free_name(f"{COLUMN}_{bound}", self._form.names) for bound in self._bounds]
            if explained is not None:
                names.append(_free_name("base_value", self._form.names))
                names += [
                    _in_one_cell(_free_name(f"contribution_{name}", self._form.names), self._gap) for name in explained
                ]
            header = self._gap.join((self._form.header.rstrip("\r\n"), *names)) + self._form.line_end
            self._target.write(self._encoder.encode(header))


class _Places:
    """The lines of the file for the rows and lines of one request."""

    def __init__(self, form: CsvForm, chunk: Chunk, records: list[Record]) -> None:
        self._records = records
        self._first_line = chunk.records[0].line
        self._header_lines = form.header_lines

    def of_row(self, row: int) -> int:
        """Return the line of a row as the service counts them."""
        at = row - FIRST_ROW
        return self._records[at].line if 0 <= at < len(self._records) else row

    def of_line(self, line: int) -> int:
        """Return the line of the file for a line of the body."""
        return line - self._header_lines + self._first_line - 1 if line > self._header_lines else line


def _kept(records: list[Record], form: CsvForm, chunk: Chunk, body: str) -> list[Record]:
    """Return the records that the service reads as rows of the table: the same code finds out which."""
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from core.delimited.decoding import read_text
    from core.delimited.dialect import find_dialect
    from core.delimited.rows import TableRows

    with TemporaryDirectory(prefix="regatta-") as folder:
        source = Path(folder) / "chunk.csv"
        source.write_text(body, encoding="utf-8", newline="")
        text = read_text(source, Path(folder), "utf-8", max_bytes=1 << 30)
        table = TableRows(find_dialect(text, Path(folder), form.delimiter, form.has_header))
        places = _Places(form, chunk, records)
        lines = {places.of_line(line) for line, _ in table}
    return [record for record in records if record.line in lines]


def _with_lines_of_file(problem: "Json", form: CsvForm, chunk: Chunk, body: str) -> str:
    """Return the message of a problem with the lines of the whole file in the place of the rows of the request."""
    records = [record for record in chunk.records if not record.is_blank]
    places = _Places(form, chunk, records)
    errors = [_error_with_line(error, places) for error in problem.get("errors") or []]
    detail = with_lines(str(problem.get("detail", "")), places.of_row, places.of_line)
    return explained(detail, errors)


def _error_with_line(error: "Json", places: _Places) -> "Json":
    """Return an error of a problem with the line of the file in the place of its row."""
    others = {name: value for name, value in error.items() if name != "row"}
    line = {"line": places.of_row(error["row"])} if isinstance(error.get("row"), int) else {}
    return {**line, **others, "message": with_lines(str(error.get("message", "")), places.of_row, places.of_line)}


def _in_one_cell(name: str, gap: str) -> str:
    """Return the name of a column as a cell of a CSV."""
    return '"' + name.replace('"', '""') + '"' if gap in name or '"' in name or "\n" in name or "\r" in name else name


def _free_name(name: str, taken: Sequence[str]) -> str:
    """Return a name for a new column; `prediction_2` where the file has a `prediction` itself."""
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free
