"""Read objects of JSON, one to a line or in one array, as the rows of a canonical text."""

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from core.bounds import MOST_COLUMNS, check_density, size_of_names
from core.containers.canonical import CanonicalWriter
from core.containers.unpacked import Unpacked
from core.errors import TooLargeError, UnreadableContainerError
from core.manifests import FileContainer

PIECE_CHARACTERS = 1 << 20
# As for a row of a CSV.
MAX_OBJECT = 4 << 20
MAX_DIGITS = 4_000
UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
HALF_CHARACTER = re.compile("[\ud800-\udfff]")
BETWEEN = re.compile(r"[ \t\r\n,]*")
FLAT = 'Send one flat object for each row, such as {"size": 3.5, "city": "Oslo"}.'


class _Object(list[tuple[str, Any]]):
    """The pairs of one object; a plain list is an array."""


def _integer(digits: str) -> int | str:
    """Return a whole number; its digits as a text if they are more than Python converts."""
    return int(digits) if len(digits) <= MAX_DIGITS else digits


DECODER = json.JSONDecoder(object_pairs_hook=_Object, parse_int=_integer)


@dataclass(frozen=True)
class _Row:
    """One object, and the line in which it begins."""

    line: int
    pairs: _Object


def read_json(source: Path, folder: Path, *, decimal: str, max_bytes: int) -> Unpacked:
    """Write the objects to `folder` as a canonical text; its columns are the names in the order of their first use.

    The file is read twice, in memory for one piece at a time. Raises `UnreadableContainerError` for what is no flat
    object, with its line, and `TooLargeError`.
    """
    names: dict[str, int] = {}
    rows = sent = 0
    for row in _rows(source):
        for name, value in row.pairs:
            _check(row, name, value)
            names.setdefault(name, len(names))
        if len({name for name, _ in row.pairs}) < len(row.pairs):
            raise UnreadableContainerError(f"The object in line {row.line:,} has a name twice. Rename one. {FLAT}")
        if len(names) > MOST_COLUMNS:
            raise TooLargeError(f"The objects have more than {MOST_COLUMNS:,} different names. Leave some out.")
        rows, sent = rows + 1, sent + size_of_names([name for name, _ in row.pairs])
    if not names:
        raise UnreadableContainerError(f"The file is JSON without a row. {FLAT}")
    check_density(rows, names, sent)
    writer = CanonicalWriter(folder / "objects.csv", max_bytes, decimal)
    writer.write(_table(source, names))
    return Unpacked(writer.path, FileContainer(format="json"), writer.kinds)


def _table(source: Path, names: dict[str, int]) -> Iterator[list[Any]]:
    yield list(names)
    for row in _rows(source):
        cells: list[Any] = [None] * len(names)
        for name, value in row.pairs:
            cells[names[name]] = value
        yield cells


def _check(row: _Row, name: str, value: Any) -> None:
    if isinstance(value, list):
        what = "an object" if isinstance(value, _Object) else "an array"
        raise UnreadableContainerError(
            f"In line {row.line:,} the field {name[:60]!r} has {what} as its value, which is no cell of a table. {FLAT}"
        )
    for text in (name, value):
        if isinstance(text, str) and not text.isascii() and HALF_CHARACTER.search(text):
            raise UnreadableContainerError(
                f"In line {row.line:,} the field {name[:60]!r} has half of a character, such as \\ud83d without the "
                "other half of an emoji. Correct or leave out this text and send the file again."
            )


def _rows(source: Path) -> Iterator[_Row]:
    """Yield the objects of a file in any layout: one to a line, over several lines, or in one array."""
    with source.open("rb") as file:
        encoding = "utf-16" if file.read(2) in UTF_16_MARKS else "utf-8-sig"
    with source.open(encoding=encoding, newline="") as file:
        reader = _Reader(file)
        try:
            yield from _objects(reader)
        except UnicodeDecodeError as error:
            raise UnreadableContainerError(
                f"The file is JSON, but near line {reader.line:,} it is not UTF-8 ({error.reason}). Save it as UTF-8 "
                "and send it again."
            ) from None


def _objects(reader: "_Reader") -> Iterator[_Row]:
    is_array = reader.next_character() == "["
    if is_array:
        reader.at += 1
    while character := reader.next_character():
        if character == "]" and is_array:
            reader.at += 1
            is_array = False
            if reader.next_character():
                raise UnreadableContainerError(f"After the array there is more in line {reader.line:,}. {FLAT}")
            return
        line, value = reader.line, reader.value()
        if not isinstance(value, _Object):
            raise UnreadableContainerError(f"The value in line {line:,} is no object. {FLAT}")
        yield _Row(line, value)
    if is_array:
        raise UnreadableContainerError("The array of the file is never closed: it is cut off. Send all of it.")


class _Reader:
    """Reads one JSON value after another, and counts lines."""

    def __init__(self, file: TextIO) -> None:
        self.line = 1
        # What was read, and where the next value is looked for.
        self.text = ""
        self.at = 0
        self._file = file

    def next_character(self) -> str:
        """Skip blanks and commas, and return the character behind them; "" at the end."""
        while True:
            self._advance(self.at + len(_blanks(self.text, self.at)))
            if self.at < len(self.text) or not self._read_more():
                return self.text[self.at : self.at + 1]

    def value(self) -> Any:
        """Return the value that begins here; raises `UnreadableContainerError`."""
        while True:
            try:
                value, end = DECODER.raw_decode(self.text, self.at)
            except RecursionError:
                raise UnreadableContainerError(
                    f"The value in line {self.line:,} is nested too deeply. {FLAT}"
                ) from None
            except json.JSONDecodeError as error:
                if len(self.text) - self.at > MAX_OBJECT:
                    raise UnreadableContainerError(
                        f"The object in line {self.line:,} is no JSON, or longer than {MAX_OBJECT >> 20} MiB. {FLAT}"
                    ) from None
                line = self.line + error.doc.count("\n", self.at, error.pos)
                if not self._read_more():
                    raise UnreadableContainerError(
                        f"Line {line:,} is no JSON: {error.msg}. Correct it. {FLAT}"
                    ) from None
                continue
            self._advance(end)
            return value

    def _advance(self, end: int) -> None:
        self.line += self.text.count("\n", self.at, end)
        self.at = end

    def _read_more(self) -> bool:
        piece = self._file.read(PIECE_CHARACTERS)
        self.text, self.at = self.text[self.at :] + piece, 0
        return bool(piece)


def _blanks(text: str, at: int) -> str:
    """Return the blanks and commas of `text` from `at` on."""
    found = BETWEEN.match(text, at)
    return found[0] if found else ""
