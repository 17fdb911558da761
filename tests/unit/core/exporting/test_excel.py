"""Rows written as a workbook, and read back cell by cell: types, formats, sheets, and what no text may become."""

import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.cell import Cell

from core.errors import TooLargeError
from core.exporting import excel
from core.exporting.cells import PLAIN, Options
from core.exporting.excel import EXCEL_CHARACTERS, EXCEL_COLUMNS
from core.exporting.files import FORMATS
from tests.unit.core.exporting.test_files import FORMULAS, HEADER, NO_NUMBERS, ROWS, written

# What XlsxWriter would take for its own markup, and write into the sheet as it is.
MARKUP = '<r></is></c><c r="B2"><f>1+1</f></c><c><is></r>'
DAY, MOMENT, PRECISE = datetime(2012, 1, 31), datetime(2012, 1, 31, 8, 5), datetime(1999, 12, 31, 23, 59, 59, 999_000)


def opened(header: Sequence[str], rows: Iterable[tuple[Any, ...]], options: Options = PLAIN) -> Workbook:
    return load_workbook(io.BytesIO(written("excel", header, rows, options)))


def cells(header: Sequence[str], rows: Iterable[tuple[Any, ...]], options: Options = PLAIN) -> list[list[Cell]]:
    return [list(row) for row in opened(header, rows, options)["data"].iter_rows()]


def xml(body: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(body)) as book:
        return book.read("xl/worksheets/sheet1.xml").decode()


def test_a_workbook_reads_back_cell_by_cell() -> None:
    assert [[cell.value for cell in row] for row in cells(HEADER, ROWS)] == [HEADER, *map(list, ROWS)]


@pytest.mark.parametrize("text", [*FORMULAS, MARKUP, f"{MARKUP}=1", "<r>", "<r></r>", "{=1}", "http://x.y", "mailto:x"])
def test_a_text_is_a_text_cell_whatever_it_says(text: str) -> None:
    body = written("excel", [text], [(text,)], Options(about=[(text, text)]))
    book = load_workbook(io.BytesIO(body))
    for cell in (book["data"]["A1"], book["data"]["A2"], book["about"]["A2"], book["about"]["B2"]):
        assert cell.data_type == "s"
        assert cell.value.strip() == text.replace("\r", "\n").strip()
    assert book["data"].max_column == 1
    assert "<f>" not in xml(body)
    assert "hyperlink" not in xml(body)


def test_sheet_names_are_our_own() -> None:
    assert opened(["=1"], [("=1",)], Options(about=[("=1", "=1")])).sheetnames == ["data", "about"]
    assert opened(["=1"], [("=1",)]).sheetnames == ["data"]


@pytest.mark.parametrize("text", ["007", "-5", "1e5", "TRUE", "2012-01-31", "#N/A", "_x0041_"])
def test_a_text_that_looks_like_something_else_stays_a_text(text: str) -> None:
    cell = cells(["v"], [(text,)])[1][0]
    # Excel reads _x005F_ as the underscore that stands before what else were an escape.
    assert (cell.value.replace("_x005F_", "_"), cell.data_type) == (text, "s")


def test_numbers_are_numbers_with_a_format_that_shows_them() -> None:
    header = ["n", "x", "prediction"]
    whole, number, predicted = cells(header, [(-123456789012, -2.5, 1234.5678)], Options(decimals={"prediction": 2}))[1]
    assert (whole.value, whole.data_type, whole.number_format) == (-123456789012, "n", "0")
    assert (number.value, number.data_type, number.number_format) == (-2.5, "n", "General")
    assert (predicted.value, predicted.number_format) == (1234.5678, "#,##0.00")
    assert cells(["p"], [(2.5,)], Options(decimals={"p": 0}))[1][0].number_format == "#,##0"


def test_every_float64_reads_back_to_the_last_bit() -> None:
    numbers = [121.73985677441499, 0.1, 1 / 3, -2.5e-300, 1.7976931348623157e308, 5e-324, 1e16, 123456789.125]
    assert [cell.value for (cell,) in cells(["y"], [(number,) for number in numbers])[1:]] == numbers


def test_a_unit_is_shown_behind_each_figure_and_the_cell_stays_a_number() -> None:
    header, units = ["n", "x", "share", "p", "plain"], {"n": "kg", "x": '5"', "share": "%", "p": "元/平"}
    row = cells(header, [(3, 2.5, 12.0, 7.25, 1)], Options(decimals={"p": 1}, units=units))[1]
    assert [cell.value for cell in row] == [3, 2.5, 12.0, 7.25, 1]
    assert {cell.data_type for cell in row} == {"n"}
    formats = ['0" kg"', 'General" 5"', 'General"%"', '#,##0.0" 元/平"', "0"]
    assert [cell.number_format for cell in row] == formats
    assert not any(cell.is_date for cell in row)


def test_dates_and_booleans_are_real_ones() -> None:
    day, moment, precise, truth = cells(["d", "m", "p", "b"], [(DAY, MOMENT, PRECISE, True)])[1]
    assert (day.value, day.is_date, day.number_format) == (DAY, True, "yyyy-mm-dd")
    assert (moment.value, moment.number_format) == (MOMENT, "yyyy-mm-dd hh:mm:ss")
    assert (precise.value, precise.number_format) == (PRECISE, "yyyy-mm-dd hh:mm:ss.000")
    assert (truth.value, truth.data_type) == (True, "b")


@pytest.mark.parametrize(
    "day", [datetime(1900, 1, 2), datetime(1900, 2, 28), datetime(1900, 3, 1), datetime(9999, 12, 31)]
)
def test_the_days_around_the_one_that_never_was_are_right(day: datetime) -> None:
    assert cells(["d"], [(day,)])[1][0].value == day


def test_a_date_before_excels_calendar_is_a_text() -> None:
    early = [datetime(1899, 12, 31, 8), datetime(1900, 1, 1), datetime(1, 1, 1)]
    shown = ["1899-12-31 08:00:00", "1900-01-01", "0001-01-01"]
    assert [row[0].value for row in cells(["d"], [(date,) for date in early])[1:]] == shown


def test_an_integer_that_excel_would_round_is_a_text() -> None:
    exact, long = cells(["n", "m"], [(10**15 - 1, 123456789012345678)])[1]
    assert (exact.value, long.value, long.data_type) == (10**15 - 1, "123456789012345678", "s")


def test_what_is_no_number_and_what_is_nested_become_empty_cells_and_json() -> None:
    rows = [(value, {"deep": [value, "城"]}) for value in NO_NUMBERS]
    for number, nested in cells(["v", "w"], rows)[1:]:
        assert (number.value, nested.value) == (None, '{"deep": [null, "城"]}')


def test_characters_that_excel_forbids_are_left_out() -> None:
    assert cells(["a\x00b"], [("\x01x\x0by\x1f\tz\ud800\uffff",)])[1][0].value == "xy\tz"
    assert cells(["a\x00b"], [])[0][0].value == "ab"
    assert cells(["v"], [("two\r\nlines\rand\nmore",)])[1][0].value == "two\nlines\nand\nmore"
    assert cells(["v"], [(" 空 \u3000",)])[1][0].value == " 空 \u3000"


def test_the_header_is_bold_and_stays_in_sight() -> None:
    sheet = opened(HEADER, ROWS)["data"]
    assert sheet.freeze_panes == "A2"
    assert [cell.font.bold for cell in sheet[1]] == [True] * 3
    assert [cell.font.bold for cell in sheet[2]] == [False] * 3


def test_columns_are_as_wide_as_what_they_show() -> None:
    rows = [("x" * 30, MOMENT, 1.5, 123456.789)]
    sheet = opened(["城市", "a date", "v", "p"], rows, Options(decimals={"p": 6}))["data"]
    widths = [sheet.column_dimensions[letter].width for letter in "ABCD"]
    for width, shown in zip(widths, ["x" * 30, "2012-01-31 08:05:00", "1.5", "123,456.789000"], strict=True):
        assert len(shown) < width < max(15, len(shown) + 3)


def test_a_sheet_says_what_the_rows_are() -> None:
    about = [("model", "=boat"), ("version", 3), ("trained", MOMENT), ("r2", 0.98765)]
    sheet = opened(["v"], [(1,)], Options(about=about))["about"]
    assert [tuple(cell.value for cell in row) for row in sheet.iter_rows(min_row=2)] == about
    assert sheet["B4"].is_date
    assert sheet.freeze_panes == "A2"


@pytest.mark.parametrize(("count", "sheets"), [(0, [0]), (4, [4]), (5, [4, 1]), (8, [4, 4]), (9, [4, 4, 1])])
def test_rows_past_the_limit_of_a_sheet_go_on_the_next_one(
    monkeypatch: pytest.MonkeyPatch, count: int, sheets: list[int]
) -> None:
    monkeypatch.setattr(excel, "EXCEL_ROWS", 5)
    book = opened(["n", "p"], ((n, n / 2) for n in range(count)), Options(decimals={"p": 1}, about=[("a", "b")]))
    assert book.sheetnames == [*["data", "data 2", "data 3"][: len(sheets)], "about"]
    read = [[[cell.value for cell in row] for row in sheet.iter_rows()] for sheet in book.worksheets[:-1]]
    assert [len(rows) - 1 for rows in read] == sheets
    assert all(rows[0] == ["n", "p"] for rows in read)
    assert [row for rows in read for row in rows[1:]] == [[n, n / 2] for n in range(count)]
    assert {sheet.freeze_panes for sheet in book.worksheets} == {"A2"}
    if count:
        assert {sheet["B2"].number_format for sheet in book.worksheets[:-1]} == {"#,##0.0"}


@pytest.mark.parametrize("letter", ["x", "城", "𝔸"])
def test_a_text_longer_than_a_cell_is_refused_and_not_cut(letter: str) -> None:
    fits = letter * (EXCEL_CHARACTERS // (2 if letter > "\uffff" else 1))
    assert cells(["v"], [(fits,)])[1][0].value == fits
    with pytest.raises(TooLargeError, match=r"Row 3, column 'v': [\d,]+ characters .* Ask for csv"):
        written("excel", ["v"], [("x",), (fits + letter,)])


def test_a_text_that_does_not_fit_is_named_by_its_row_on_later_sheets_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(excel, "EXCEL_ROWS", 3)
    with pytest.raises(TooLargeError, match="Row 6, column 'v'"):
        written("excel", ["v"], [*[("x",)] * 4, ("x" * (EXCEL_CHARACTERS + 1),)])


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_a_workbook_that_stops_half_way_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    def rows() -> Iterable[tuple[int]]:
        for _ in range(excel.ROWS_LOOKED_AT + 10):
            yield (1,)
        assert list(tmp_path.iterdir()) != []
        raise error

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(error):
        written("excel", ["v"], rows())
    assert list(tmp_path.iterdir()) == []


def test_more_columns_than_a_sheet_has_are_refused_beforehand_with_another_format() -> None:
    FORMATS["excel"].check_columns(EXCEL_COLUMNS)
    with pytest.raises(TooLargeError, match=r"16,385 columns .*csv .*parquet"):
        FORMATS["excel"].check_columns(EXCEL_COLUMNS + 1)
    FORMATS["csv"].check_columns(EXCEL_COLUMNS + 1)
