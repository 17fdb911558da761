"""Write rows to an Excel workbook: typed cells below a frozen header on each sheet, and a sheet about their origin.

XlsxWriter writes it, one row in memory at a time: of the well-kept writers it is the fastest that never turns a text
into a formula.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, time
from itertools import chain, count, islice
from math import isfinite
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, BinaryIO

from core.cell_values import format_date
from core.errors import TooLargeError
from core.exporting.cells import PLAIN, Options, Rows, nested

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format as CellFormat

# Excel's own limits: a sheet's rows with the header, its columns, the characters of a cell, the digits of a number. Its
# first day is 1900-01-01, which XlsxWriter takes for a time of day without a date.
EXCEL_ROWS = 1_048_576
EXCEL_COLUMNS = 16_384
EXCEL_CHARACTERS = 32_767
EXCEL_DIGITS = 10**15
EXCEL_FIRST_DATE = datetime(1900, 1, 2)

# The answer of XlsxWriter when it has cut a text to the limit of a cell.
TRUNCATED = -2
# Characters that XML cannot hold. It can hold a carriage return, but Excel breaks lines by a line feed alone.
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
LINE_END = re.compile("\r\n?")

# So many rows decide how wide the columns are, between these two, in characters. A number that turns out to be wider is
# shown as "####", so there is some room for it.
ROWS_LOOKED_AT = 100
NARROW, WIDE = 11, 50
# From this code point on most characters are as wide as two Latin ones.
WIDE_FROM = "\u2e80"

ABOUT_HEADER = ("property", "value")
DAY, SECOND, MILLISECOND = "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss", "yyyy-mm-dd hh:mm:ss.000"


def write_workbook(file: BinaryIO, header: Sequence[str], rows: Rows, options: Options = PLAIN, /) -> None:
    """Write sheets `data`, `data 2` and so on, each full before the next begins, and `about` for `options.about`.

    Texts are text cells, never formulas, and dates are dates. Raises `TooLargeError` for a text that is longer than a
    cell. Leaves no temporary file behind.
    """
    from xlsxwriter import Workbook

    with TemporaryDirectory(prefix="regatta-") as folder:
        book = Workbook(file, {"constant_memory": True, "tmpdir": folder})
        book.use_zip64()
        try:
            _write_data(book, header, rows, options)
            if options.about:
                _write_about(book, options.about)
            book.close()
        except BaseException:
            # XlsxWriter closes its files only at the end.
            for sheet in book.worksheets():
                sheet.row_data_fh.close()
            raise


def _write_data(book: "Workbook", header: Sequence[str], rows: Rows, options: Options) -> None:
    """Write the rows to as many sheets as they need."""
    remaining = iter(rows)
    first = list(islice(remaining, ROWS_LOOKED_AT))
    widths = [_column_width(name, column, first, options) for column, name in enumerate(header)]
    cell_formats = [_number_format(book, name, options) for name in header]
    remaining = chain(first, remaining)
    for number in count():
        title = f"data {number + 1}" if number else "data"
        sheet = _Sheet(book, title, header, rows_before=number * (EXCEL_ROWS - 1), units=options.units)
        for column, (width, cell_format) in enumerate(zip(widths, cell_formats, strict=True)):
            sheet.sheet.set_column(column, column, width, cell_format)
        sheet.fill(islice(remaining, EXCEL_ROWS - 1))
        next_row = list(islice(remaining, 1))
        if not next_row:
            return
        remaining = chain(next_row, remaining)


def _write_about(book: "Workbook", about: Sequence[tuple[str, Any]]) -> None:
    """Write labels and values to a sheet of their own."""
    sheet = _Sheet(book, "about", ABOUT_HEADER, rows_before=0)
    for column, name in enumerate(ABOUT_HEADER):
        sheet.sheet.set_column(column, column, _column_width(name, column, about, PLAIN))
    sheet.fill(about)


class _Sheet:
    """One sheet being written: a header in bold, and below it cells by their type."""

    def __init__(
        self,
        book: "Workbook",
        name: str,
        header: Sequence[str],
        rows_before: int,
        units: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Begin a sheet; `rows_before` rows of the table are on the sheets before it, `units` are by column name."""
        self.sheet = book.add_worksheet(name)
        self.sheet.freeze_panes(1, 0)
        self._header = header
        self._rows_before = rows_before
        self._plain = book.add_format()
        whole = {unit: book.add_format({"num_format": f"0{_behind(unit)}"}) for unit in {"", *units.values()}}
        self._whole = [whole[units.get(title, "")] for title in header]
        self._dates = {
            num_format: book.add_format({"num_format": num_format}) for num_format in (DAY, SECOND, MILLISECOND)
        }
        bold = book.add_format({"bold": True})
        for column, title in enumerate(header):
            self._text(0, column, title, bold)

    def fill(self, rows: Rows) -> None:
        """Write the rows below the header."""
        write: dict[type, Callable[[int, int, Any], Any]] = {
            float: self._number,
            int: self._integer,
            bool: self.sheet.write_boolean,
            str: self._text,
            datetime: self._date,
            list: self._nested,
            dict: self._nested,
        }
        for number, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                if cell is not None:
                    write[type(cell)](number, column, cell)

    def _number(self, row: int, column: int, number: float) -> None:
        """Write a number; NaN and infinity leave the cell empty."""
        if isfinite(number):
            self.sheet.write_number(row, column, _ExactNumber(number))

    def _integer(self, row: int, column: int, number: int) -> None:
        """Write an integer; one of more than 15 digits, with which Excel cannot calculate, is written as text."""
        if abs(number) < EXCEL_DIGITS:
            self.sheet.write_number(row, column, number, self._whole[column])
        else:
            self._text(row, column, str(number))

    def _date(self, row: int, column: int, moment: datetime) -> None:
        """Write a date in the shortest format that shows all of it; one before 1900-01-02 is written as text."""
        if moment < EXCEL_FIRST_DATE:
            self._text(row, column, format_date(moment))
            return
        num_format = MILLISECOND if moment.microsecond else DAY if moment.time() == time.min else SECOND
        self.sheet.write_datetime(row, column, moment, self._dates[num_format])

    def _nested(self, row: int, column: int, value: Any) -> None:
        """Write a list or an object as JSON text."""
        self._text(row, column, nested(value))

    def _text(self, row: int, column: int, text: str, cell_format: "CellFormat | None" = None) -> None:
        """Write a text without characters that Excel cannot hold; raises `TooLargeError` where it is too long."""
        if not text.isprintable():
            text = FORBIDDEN.sub("", LINE_END.sub("\n", text))
        if text.startswith("<r>"):
            # XlsxWriter takes such a text for markup and would write it unescaped, but not when it comes in two pieces.
            status = self.sheet.write_rich_string(
                row, column, text[:1], self._plain, text[1:], *([cell_format] if cell_format else [])
            )
        else:
            status = self.sheet.write_string(row, column, text, cell_format)
        if status == TRUNCATED:
            raise TooLargeError(
                f"Row {self._rows_before + row + 1}, column {self._header[column]!r:.80}: {len(text):,} characters are "
                f"more than the {EXCEL_CHARACTERS:,} that a cell of Excel holds. Ask for csv."
            )


class _ExactNumber(float):
    """A number of which a workbook gets every digit; XlsxWriter formats one with 16, and some need 17."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        return repr(self).removesuffix(".0")


def _number_format(book: "Workbook", name: str, options: Options) -> "CellFormat | None":
    """Return the format of a column whose number of decimals or unit is given, else None."""
    if name not in options.decimals and name not in options.units:
        return None
    decimals = options.decimals.get(name)
    digits = "General" if decimals is None else f"#,##0.{'0' * decimals}".rstrip(".")
    return book.add_format({"num_format": digits + _behind(options.units.get(name, ""))})


def _behind(unit: str) -> str:
    """Return the end of a number format that shows a unit behind each figure, as a literal: 12% stays 12."""
    text = FORBIDDEN.sub("", unit).replace('"', "")
    return f'"{"" if text == "%" else " "}{text}"' if text else ""


def _column_width(name: str, column: int, rows: Sequence[Sequence[Any]], options: Options) -> int:
    """Return how wide a column should be, in characters."""
    decimals = options.decimals.get(name)
    lengths = (_cell_length(row[column], decimals) for row in rows)
    unit = _cell_length(_behind(options.units.get(name, "")), None)
    return min(max(_cell_length(name, None), max((NARROW, *lengths)) + unit) + 1, WIDE)


def _cell_length(cell: Any, decimals: int | None) -> int:
    """Return the width of a cell in characters."""
    if isinstance(cell, datetime):
        return len(MILLISECOND if cell.microsecond else SECOND)
    if isinstance(cell, float):
        # Without a number of decimals, Excel shows as many digits as there is room for.
        return 0 if decimals is None else len(f"{cell:,.{decimals}f}")
    text = str(cell)[:WIDE]
    return len(text) + sum(character >= WIDE_FROM for character in text)
