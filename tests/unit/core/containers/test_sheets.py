"""Workbooks: which sheet is read, which types its cells have, and what a warning says."""

import re
import zipfile
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from core.errors import InvalidInputError, RegattaError, TooLargeError, UnreadableContainerError
from tests.support.containers import archive, first_sheet, read, workbook

TABLE: list[list[Any]] = [["city", "price"], ["Oslo", 1.5], ["Rome", 2]]


def test_cells_keep_their_types() -> None:
    rows = [
        ["code", "whole", "fraction", "day", "moment", "clock", "length", "flag", "share"],
        [
            "007",
            7.0,
            7.5,
            date(2021, 3, 4),
            datetime(2021, 3, 4, 5, 6, 7),
            time(14, 35),
            timedelta(hours=36),
            True,
            0.12,
        ],
        ["008", -1, 1e-7, date(1900, 1, 15), datetime(2021, 3, 4), time(0, 0, 1), timedelta(minutes=1), False, 1],
    ]

    def as_percent(book: openpyxl.Workbook) -> None:
        first_sheet(book)["I2"].number_format = "0.00%"

    table = read(workbook(rows, edit=as_percent))
    assert table.types == {
        **{"code": "category", "whole": "integer", "fraction": "number", "day": "date", "moment": "date"},
        **{"clock": "number", "length": "integer", "flag": "boolean", "share": "number"},
    }
    assert table.values == {
        "code": ["007", "008"],
        "whole": [7, -1],
        "fraction": [7.5, 1e-7],
        "day": ["2021-03-04", "1900-01-15"],
        "moment": ["2021-03-04 05:06:07", "2021-03-04"],
        "clock": [52500.0, 1.0],
        "length": [129600, 60],
        "flag": [True, False],
        "share": [0.12, 1.0],
    }


def test_dates_of_the_1904_system() -> None:
    def from_1904(book: openpyxl.Workbook) -> None:
        book.epoch = CALENDAR_MAC_1904
        first_sheet(book).append([datetime(2020, 2, 29, 12), 2])

    table = read(workbook([["day", "n"], [date(1950, 1, 1), 1]], edit=from_1904))
    assert table.values["day"] == ["1950-01-01", "2020-02-29 12:00:00"]


def test_numbers_that_are_texts_stay_texts_and_a_warning_names_the_way_out() -> None:
    rows = [["size", "city"], ["12.5", "a"], ["13", "b"], ["n/a", "c"]]
    table = read(workbook(rows))
    assert (table.types["size"], table.values["size"]) == ("category", ["12.5", "13", None])
    assert any("'size'" in warning and 'types={"size": "number"}' in warning for warning in table.warnings)
    asked = read(workbook(rows), types={"size": "number"})
    assert (asked.types["size"], asked.values["size"]) == ("number", [12.5, 13.0, None])
    assert not any("are texts in the file" in warning for warning in asked.warnings)


def test_numbers_beside_words_for_a_missing_value_are_numbers() -> None:
    table = read(workbook([["size", "b"], [1234.5, 1], ["n/a", 2], [3, 3]]))
    assert (table.types["size"], table.values["size"]) == ("number", [1234.5, None, 3.0])


def test_numbers_have_points_whatever_mark_the_texts_have() -> None:
    rows = [["number", "text", "day"], [1.234, "1,5", "03/04/2022"], [2.5, "2,75", "05/04/2022"]]
    for decimal in (None, ".", ","):
        table = read(workbook(rows), decimal=decimal, dates="dmy")
        assert table.values["number"] == [1.234, 2.5]
        assert table.values["day"] == ["2022-04-03", "2022-04-05"]
    assert read(workbook(rows), decimal=",", types={"text": "number"}).values["text"] == [1.5, 2.75]


def test_whole_numbers_are_dates_where_their_column_is_called_so() -> None:
    assert read(workbook([["date", "id"], [20220301, 20220301], [20220302, 20220302]])).types == {
        "date": "date",
        "id": "integer",
    }


def test_titles_of_several_lines_are_skipped_and_types_begin_below_the_header() -> None:
    rows = [["Prices\nof 2024", None], [None, None], ["code", "price"], ["007", 1.5], ["010", 2.5]]
    table = read(workbook(rows))
    assert table.types == {"code": "category", "price": "number"}
    assert table.values["code"] == ["007", "010"]


@pytest.mark.parametrize("sheet", ["Sheet2", "2"])
def test_a_sheet_is_chosen_by_its_name_or_its_number(sheet: str) -> None:
    table = read(workbook([["a", "b"], [1, 2]], TABLE), sheet=sheet)
    assert list(table.types) == ["city", "price"]
    assert table.container is not None and table.container.sheet == "Sheet2"


def test_the_name_of_a_sheet_goes_before_its_number() -> None:
    def rename(book: openpyxl.Workbook) -> None:
        book.worksheets[0].title = "2"

    assert list(read(workbook(TABLE, [["a", "b"], [1, 2]], edit=rename), sheet="2").types) == ["city", "price"]


def test_the_first_visible_sheet_with_a_table_is_read_and_a_warning_names_the_others() -> None:
    def hide(book: openpyxl.Workbook) -> None:
        book.worksheets[0].sheet_state = "hidden"

    table = read(workbook([["x", "y"], [1, 2]], [["Notes"], ["read me"]], [], TABLE, TABLE, edit=hide))
    assert table.values["city"] == ["Oslo", "Rome"]
    (warning,) = [warning for warning in table.warnings if "sheet" in warning]
    assert "'Sheet4' is read" in warning and "field `sheet`" in warning
    assert "'Sheet1' (hidden), 'Sheet2', 'Sheet3' (empty), 'Sheet5'" in warning


def test_of_many_sheets_one_has_to_be_named() -> None:
    body = workbook(*[TABLE] * 200)
    with pytest.raises(UnreadableContainerError, match=r"200 sheets with cells.*'Sheet1', .* and 190 more.*`sheet`"):
        read(body)
    assert read(body, sheet="200").values["price"] == [1.5, 2.0]
    # One of them is clear if all others are empty.
    assert read(workbook(*[[]] * 50, TABLE)).values["price"] == [1.5, 2.0]


@pytest.mark.parametrize("sheet", ["Prices", "0", "3", "-1"])
def test_a_sheet_that_is_not_there(sheet: str) -> None:
    with pytest.raises(InvalidInputError, match=r"no sheet .* 'Sheet1', 'Sheet2'") as caught:
        read(workbook(TABLE, TABLE), sheet=sheet)
    assert caught.value.errors[0]["field"] == "sheet"


def test_an_empty_sheet() -> None:
    with pytest.raises(UnreadableContainerError, match="'Sheet2' has no cells"):
        read(workbook(TABLE, []), sheet="Sheet2")
    with pytest.raises(UnreadableContainerError, match="workbook has no cells"):
        read(workbook([]))


def test_what_a_sheet_shows_otherwise_is_in_warnings() -> None:
    def change(book: openpyxl.Workbook) -> None:
        sheet = first_sheet(book)
        sheet["B2"], sheet["B3"], sheet["C3"] = "=A1", "=A2+1", "#DIV/0!"
        sheet.merge_cells("A4:A5")
        sheet.row_dimensions[5].hidden = True

    rows: list[list[Any]] = [["a", "b", "c"], *([i, i + 0.5, i + 1] for i in range(6))]
    warnings = "\n".join(read(workbook(rows, edit=change)).warnings)
    assert "2 cells have a formula and no stored value, the first in B2" in warnings
    assert "1 cell has an error such as #DIV/0!, the first in C3" in warnings
    assert "1 row is hidden" in warnings
    assert "merged cells (A4:A5)" in warnings


def test_merged_cells_of_a_title_need_no_warning() -> None:
    def merge(book: openpyxl.Workbook) -> None:
        first_sheet(book).merge_cells("A1:C1")

    rows = [["Prices of all cities", None, None], ["city", "price", "n"], ["Oslo", 1.5, 1], ["Rome", 2.5, 2]]
    assert not any("merged" in warning for warning in read(workbook(rows, edit=merge)).warnings)


def with_parts(body: bytes, parts: dict[str, bytes]) -> bytes:
    """Return a package with parts added or replaced."""
    with zipfile.ZipFile(BytesIO(body)) as package:
        return archive({**{name: package.read(name) for name in package.namelist()}, **parts})


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (with_parts(workbook(TABLE), {"xl/vbaProject.bin": b"x"}), "has macros.*without macros"),
        (archive({"xl/workbook.bin": b"x"}), r"\.xlsb"),
        (archive({"word/document.xml": b"x"}), "a text document"),
        (archive({"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": b""}), "no spreadsheet"),
        (with_parts(workbook(TABLE), {"xl/worksheets/sheet1.xml": b"<worksheet><oops"}), "damaged"),
        (with_parts(workbook(TABLE), {"xl/workbook.xml": b"no XML"}), "damaged|no cells"),
        (workbook(TABLE)[:-200], "damaged or cut off"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"), "encrypted"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600 + "Workbook".encode("utf-16-le"), "damaged"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600 + "WordDocument".encode("utf-16-le"), "no workbook"),
    ],
)
def test_a_workbook_that_is_refused(body: bytes, detail: str) -> None:
    with pytest.raises(UnreadableContainerError) as caught:
        read(body)
    assert re.search(detail, caught.value.detail)


def test_entities_are_refused() -> None:
    entities = b'<!DOCTYPE lolz [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    with zipfile.ZipFile(BytesIO(workbook(TABLE))) as package:
        changed = package.read("xl/workbook.xml").replace(b"<workbook", entities + b"<workbook", 1)
    with pytest.raises(UnreadableContainerError):
        read(with_parts(workbook(TABLE), {"xl/workbook.xml": changed}))


def test_two_cells_far_apart_end_no_more_than_their_own_process() -> None:
    def far(book: openpyxl.Workbook) -> None:
        first_sheet(book)["XFD1048576"] = 1

    with pytest.raises(RegattaError) as caught:
        read(workbook(TABLE, edit=far))
    assert isinstance(caught.value, TooLargeError | UnreadableContainerError)


def test_cells_far_from_all_others_take_no_more_memory_than_a_file_of_their_size_may() -> None:
    def scatter(book: openpyxl.Workbook) -> None:
        for row in range(1, 1_200):
            first_sheet(book).cell(row, 16_384, 1)

    with pytest.raises(TooLargeError, match="more time or memory"):
        read(workbook([["a", "b"], [1, 2]], edit=scatter))


def test_fields_for_texts_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="`encoding` and `delimiter`"):
        read(workbook(TABLE), encoding="gbk", delimiter=";")
    with pytest.raises(InvalidInputError, match="`sheet`"):
        read(b"a,b\n1,2\n", sheet="1")


def test_a_table_may_begin_anywhere() -> None:
    rows = [[None] * 3, [None] * 3, [None, "code", "n"], [None, "007", 1], [None, "008", 2]]
    table = read(workbook(rows))
    assert (table.values, table.warnings) == ({"code": ["007", "008"], "n": [1, 2]}, [])


def test_one_column_is_no_table() -> None:
    with pytest.raises(UnreadableContainerError, match="one column"):
        read(workbook([["day"], [1], [2]]))


def test_has_header_is_taken() -> None:
    assert read(workbook([["Oslo", "x"], ["Rome", "y"]]), has_header=False).types == {
        "column_1": "category",
        "column_2": "category",
    }
