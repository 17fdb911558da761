"""Predictions written to files, and read back by what people open them with."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

import pytest
from openpyxl import load_workbook

from core.exporting.files import FORMATS

HEADER = ["城市", "n", "prediction"]
ROWS = [("北京", 1, 1.5), ('naïve, "x"\nline', None, -2.25), (None, -3, 1e-17)]
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=cmd|' /C calc'!A0", '=HYPERLINK("http://x","y")']


def from_csv(header: Sequence[str], rows: list[tuple[Any, ...]]) -> list[list[str]]:
    text = FORMATS["csv"].write(header, rows).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def from_excel(header: Sequence[str], rows: list[tuple[Any, ...]]) -> list[list[Any]]:
    book = load_workbook(io.BytesIO(FORMATS["excel"].write(header, rows)))
    return [list(row) for row in book.active.iter_rows()]


def test_a_csv_reads_back_cell_by_cell() -> None:
    assert from_csv(HEADER, ROWS) == [
        HEADER,
        ["北京", "1", "1.5"],
        ['naïve, "x"\nline', "", "-2.25"],
        ["", "-3", "1e-17"],
    ]


def test_a_csv_starts_with_the_mark_that_spreadsheets_need_for_chinese() -> None:
    assert FORMATS["csv"].write(HEADER, ROWS).startswith(b"\xef\xbb\xbf")


def test_numbers_in_a_csv_keep_every_digit() -> None:
    values = [0.1 + 0.2, 1 / 3, 1e308, -5e-324, 2**60]
    written = from_csv(["v"], [(value,) for value in values])[1:]
    assert [type(value)(text) for value, (text,) in zip(values, written, strict=True)] == values


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_in_a_csv_is_only_text(text: str) -> None:
    assert from_csv([text], [(text,)]) == [[f"'{text}"], [f"'{text}"]]


@pytest.mark.parametrize("text", ["a=1", "x-y", "1+1", " plain", "3@home", "'quoted", ""])
def test_harmless_texts_in_a_csv_stay_as_they_are(text: str) -> None:
    assert from_csv(["v", "w"], [(text, 1)])[1] == [text, "1"]


def test_negative_numbers_are_never_touched() -> None:
    assert from_csv(["v", "w"], [(-1, -2.5)])[1] == ["-1", "-2.5"]
    number, fraction = from_excel(["v", "w"], [(-1, -2.5)])[1]
    assert (number.value, number.data_type, fraction.value, fraction.data_type) == (-1, "n", -2.5, "n")


def test_a_workbook_reads_back_cell_by_cell() -> None:
    assert [[cell.value for cell in row] for row in from_excel(HEADER, ROWS)] == [HEADER, *map(list, ROWS)]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_in_a_workbook_is_a_text_cell(text: str) -> None:
    for (cell,) in from_excel([text], [(text,)]):
        assert cell.data_type == "s"
        assert cell.value.strip() == text.strip()


def test_numbers_that_came_as_text_stay_text_in_a_workbook() -> None:
    cell = from_excel(["v"], [("007",)])[1][0]
    assert (cell.value, cell.data_type) == ("007", "s")


def test_characters_that_excel_forbids_are_left_out() -> None:
    assert from_excel(["a\x00b"], [("\x01x\x0by\x1f\tz",)])[1][0].value == "xy\tz"
    assert from_excel(["a\x00b"], [])[0][0].value == "ab"


def test_the_header_of_a_workbook_stays_in_sight() -> None:
    book = load_workbook(io.BytesIO(FORMATS["excel"].write(HEADER, ROWS)))
    assert book.sheetnames == ["predictions"]
    assert book.active.freeze_panes == "A2"


def test_json_is_an_array_of_objects_with_nulls() -> None:
    written = FORMATS["json"].write(HEADER, ROWS)
    assert json.loads(written) == [dict(zip(HEADER, row, strict=True)) for row in ROWS]
    assert "北京".encode() in written


@pytest.mark.parametrize("name", FORMATS)
def test_no_rows_are_still_a_file(name: str) -> None:
    written = FORMATS[name].write(HEADER, [])
    assert written
    if name == "json":
        assert json.loads(written) == []


def test_a_row_shorter_than_the_header_never_passes_for_json() -> None:
    with pytest.raises(ValueError, match="argument"):
        FORMATS["json"].write(["a", "b"], [(1,)])
