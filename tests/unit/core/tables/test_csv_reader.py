"""From CSV text to a typed table: headers, types, missing values and warnings."""

import csv
import math
from pathlib import Path
from typing import Any

import pytest

from core.cell_values import MISSING, UNUSUAL_MISSING, USUAL_MISSING, parse_date
from core.delimited.decoding import read_text
from core.delimited.dialect import find_dialect
from core.errors import NotACsvError, TooLargeError
from core.manifests import Column, Reading
from core.packed_columns import Category
from core.tables import csv_reader as reading
from core.tables import reading_pass
from core.tables.table import Table
from tests.support.tables import CASES, CSVS, cells, packed, read, real


def types(source: bytes | str) -> dict[str, str]:
    return {column.name: column.type for column in read(source).columns}


def values(source: bytes | str, name: str) -> list[Any]:
    return cells(read(source), name)


def content(table: Table) -> dict[str, list[Any]]:
    return {column.name: cells(table, column.name) for column in table.columns}


@pytest.mark.parametrize("name", CSVS)
def test_every_value_is_exactly_what_python_makes_of_its_text(name: str) -> None:
    with CSVS[name][0].open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    table = real(name)
    assert table.rows == len(rows)
    for column in table.columns:
        texts = [row[column.name].strip() for row in rows]
        expected = [None if text in MISSING else as_read(text, column) for text in texts]
        found = table.values(column.name)
        if isinstance(found, Category):
            assert [text or None for text in found.texts()] == expected
        else:
            assert [None if math.isnan(value) else value for value in found.tolist()] == expected
        assert column.missing == expected.count(None)


def as_read(text: str, column: Column) -> str | float | None:
    if column.type == "category":
        return text
    return parse_date(text, column.format) if column.type == "date" else float(text)


def test_the_types_of_the_real_tables() -> None:
    found = {column.name: column.type for column in real("california_housing").columns}
    assert found.pop("ocean_proximity") == "category"
    assert set(found.values()) == {"number"}
    bikes = {column.name: column for column in real("bike_sharing").columns}
    assert (bikes["dteday"].type, bikes["dteday"].format) == ("date", "M/D/Y")
    assert {column.type for column in bikes.values()} == {"integer", "number", "date"}
    taxis = {column.name: column.type for column in real("taxis").columns}
    assert taxis["pickup"] == taxis["dropoff"] == "date"
    assert taxis["payment"] == "category"


def test_whole_numbers_fractions_words_days_and_truths_get_their_types() -> None:
    assert types("whole,fraction,word,day,truth\n1,1.5,a,2024-01-31,yes\n-2,2,b,2024-02-01,no\n") == {
        "whole": "integer",
        "fraction": "number",
        "word": "category",
        "day": "date",
        "truth": "boolean",
    }


def test_a_gap_in_whole_numbers_leaves_them_integers() -> None:
    source = "a,b\n1,1\n,2\n3,3\n"
    assert types(source)["a"] == "integer"
    assert values(source, "a") == [1, None, 3]


def test_a_long_number_keeps_every_digit() -> None:
    table = read("order,b\n202611240000012345,1\n202611240000012346,2\n")
    assert cells(table, "order") == ["202611240000012345", "202611240000012346"]
    assert table.head(1) == [["202611240000012345", 1]]


def test_a_number_beyond_float64_is_missing_and_said_so() -> None:
    table = read("a,b\n1e400,1\n2,2\n-1e999,3\n")
    assert cells(table, "a") == [None, 2.0, None]
    assert table.columns[0].missing == 2
    assert table.warnings == ["column 'a' has 2 infinite or undefined numbers; they count as missing"]


def test_of_many_columns_with_a_like_warning_the_others_are_counted() -> None:
    header = ",".join(f"c{number}" for number in range(40))
    rows = "\n".join(",".join("inf" if row < 1 + number % 3 else str(row) for number in range(40)) for row in range(9))
    warnings = read(f"{header}\n{rows}").warnings
    assert warnings[1] == "column 'c1' has 2 infinite or undefined numbers; they count as missing"
    assert warnings[10:] == ["30 more columns have a warning like that of 'c0'"]


@pytest.mark.parametrize("lines", ["1\n2.5\nN", "$1\n$2\n$N", "1kg\n2kg\nNkg", '1\n"1,234"\nN', '1\n"1,234.5"\nN'])
def test_a_number_of_400_digits_is_missing_too(lines: str) -> None:
    table = read("k,a\n" + "".join(f"k,{line}\n" for line in lines.replace("N", "9" * 400).split("\n")))
    assert (table.columns[1].type, table.columns[1].missing) == ("number", 1)
    assert "column 'a' has 1 infinite or undefined numbers; they count as missing" in table.warnings


@pytest.mark.parametrize("token", sorted(USUAL_MISSING))
def test_every_missing_token_is_a_gap_in_numbers_and_in_texts(token: str) -> None:
    table = read(f'n,t,y\n1.5,u,1\n{token},{token},2\n"{token}", {token} ,3\n')
    assert cells(table, "n") == [1.5, None, None]
    assert cells(table, "t") == ["u", None, None]
    assert [column.type for column in table.columns] == ["number", "category", "integer"]
    assert table.warnings == []


@pytest.mark.parametrize("token", sorted(UNUSUAL_MISSING))
def test_an_unusual_missing_token_is_a_gap_and_said_so(token: str) -> None:
    table = read(f'n,t,y\n1.5,u,1\n{token},{token},2\n"{token}", {token} ,3\n')
    assert cells(table, "n") == [1.5, None, None]
    assert cells(table, "t") == ["u", None, None]
    assert [column.type for column in table.columns] == ["number", "category", "integer"]
    assert table.warnings == [f"column '{name}': {token!r} in 2 rows counts as missing" for name in "nt"]


@pytest.mark.parametrize(
    ("name", "token"), [("C7_missing_excel_div0.csv", "#DIV/0!"), ("C7_missing_worldbank_dots.csv", "..")]
)
def test_errors_of_a_spreadsheet_and_dots_are_gaps_in_numbers(name: str, token: str) -> None:
    content = (CASES / name).read_text()
    table = read(content)
    assert [column.type for column in table.columns] == ["number", "integer", "number"]
    assert table.columns[0].missing == content.count(token)
    assert table.warnings == [f"column 'x': {token!r} in {content.count(token)} rows counts as missing"]


def test_unusual_gaps_far_down_are_counted_whichever_way_the_column_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_pass, "BLOCK_BYTES", 1 << 12)
    rows = [f"{i / 4},2020-01-01,{'yes' if i % 2 else 'no'},w{i % 9},1\n" for i in range(900)]
    rows[700:702] = ["#REF!,..,:,<NA>,1\n", ":,..,\\N,<NA>,2\n"]
    table = read("n,d,b,t,y\n" + "".join(rows))
    assert [column.type for column in table.columns] == ["number", "date", "boolean", "category", "integer"]
    assert [column.missing for column in table.columns] == [2, 2, 2, 2, 0]
    assert [warning.split(": ", 1)[1] for warning in table.warnings] == [
        "'#REF!' in 1 row, ':' in 1 row count as missing",
        "'..' in 2 rows counts as missing",
        "':' in 1 row, '\\\\N' in 1 row count as missing",
        "'<NA>' in 2 rows counts as missing",
    ]


def test_a_column_without_any_value_is_kept_as_missing() -> None:
    column = read("a,b\n1,\n2,\n").columns[1]
    assert (column.name, column.missing, column.distinct) == ("b", 2, 0)


def test_blanks_around_cells_and_headers_do_not_count() -> None:
    table = read('  a , b \n 1 ," x "\n2,x\n')
    assert content(table) == {"a": [1, 2], "b": ["x", "x"]}
    assert table.warnings == []


def test_repeated_and_empty_headers_become_unique_and_said_so() -> None:
    table = read("a,a,,a,a_2\n1,2,3,4,5\n")
    assert [column.name for column in table.columns] == ["a", "a_2", "column_3", "a_3", "a_2_2"]
    assert [warning.split(";")[0] for warning in table.warnings] == [
        "column 2 has the header 'a'",
        "column 3 has the header ''",
        "column 4 has the header 'a'",
        "column 5 has the header 'a_2'",
    ]


def test_names_with_points_stay_apart() -> None:
    assert content(read("a,a.b,a.b.c\n1,x,2.5\n")) == {"a": [1], "a.b": ["x"], "a.b.c": [2.5]}


def test_a_stray_word_in_a_number_column_is_named_with_its_line() -> None:
    rows = [f"{i},{i}" for i in range(40)]
    rows[29] = "29,oops"
    table = read('a,b\n"1","\n2"\n\n' + "\n".join(rows))  # one row of two lines and a blank line come first
    assert table.columns[1].type == "category"
    assert table.warnings == [
        "column 'b' is text because 1 of its values are neither numbers nor dates: 'oops'; the first is in line 34"
    ]


def test_a_column_of_words_gets_no_stray_warning() -> None:
    assert read("a,b\n" + "\n".join(f"w{i},{i}" for i in range(40))).warnings == []


def test_codes_and_days_that_do_not_exist_keep_a_column_as_text_and_said_so() -> None:
    table = read("zip,day,y\n00501,2023-02-28,1\n10001,2023-02-30,2\n")
    assert [column.type for column in table.columns] == ["category", "category", "integer"]
    assert [warning.split(":")[0] for warning in table.warnings] == ["column 'zip' is text", "column 'day' is text"]
    assert "'00501'" in table.warnings[0]


def test_what_a_text_was_read_as_is_shown_by_an_example() -> None:
    table = read('price,share,day,y\n5,12%,1/13/2024,1\n"$1,200",7%,2/1/2024,2\n')
    assert content(table)["price"] == [5, 1200]
    assert table.warnings == [
        "column 'price': '$1,200' is read as 1200, in the unit '$', which is kept apart; if its comma is a decimal "
        "mark, it is 1.200: to have it read so, send decimal=comma with PATCH /data/files/{file_id}/reading",
        "column 'price': 1 of its numbers have no unit and are taken for $",
        "column 'share': '12%' is read as 12, in the unit '%', which is kept apart",
        "column 'day': '1/13/2024' is read as 2024-01-13",
    ]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_line_end_is_read(newline: str) -> None:
    assert content(read(newline.join(["a,b", "1,x", "2,y", ""]))) == {"a": [1, 2], "b": ["x", "y"]}


def test_line_ends_delimiters_and_quotes_inside_quotes_are_data() -> None:
    source = 'a,"b\nb"\n1,"two\r\nlines"\n2,"x, y"\n3,"she said ""hi"""\n'
    assert values(source, "b\nb") == ["two\r\nlines", "x, y", 'she said "hi"']


def test_a_gbk_file_keeps_its_chinese_headers_and_categories() -> None:
    table = read("城市,面积\n北京,89.5\n上海,\n".encode("gbk"))
    assert content(table) == {"城市": ["北京", "上海"], "面积": [89.5, None]}


def test_a_semicolon_file_has_decimal_commas() -> None:
    table = read("Ort;Preis\nKöln;1.234,50\nBonn;3,5\n")
    assert content(table) == {"Ort": ["Köln", "Bonn"], "Preis": [1234.5, 3.5]}
    assert table.warnings == ["column 'Preis': '1.234,50' is read as 1234.5"]


def test_a_file_without_a_header_gets_numbered_columns() -> None:
    table = read("1,x\n2,y\n3,z\n", Reading(has_header=False))
    assert content(table) == {"column_1": [1, 2, 3], "column_2": ["x", "y", "z"]}


def test_a_cell_longer_than_the_sample_is_read_whole() -> None:
    long = "x" * 200_000
    assert values(f'a,b\n"{long}",1\ny,2\n', "a") == [long, "y"]


def test_many_ragged_rows_are_refused_with_their_lines() -> None:
    with pytest.raises(NotACsvError, match=r"line 3 \(1\), line 6 \(3\)") as caught:
        read("a,b\n1,2\n3\n\n4,5\n6,7,8\n")
    assert [error["row"] for error in caught.value.errors] == [3, 5]
    assert caught.value.errors[1]["message"] == "3 columns instead of 2"


def test_a_file_full_of_ragged_rows_is_given_up_once_nothing_below_could_make_up_for_them() -> None:
    source = "a,b\n" + "1,2\n" * 300 + "1\n" * 200_000
    with pytest.raises(NotACsvError, match=r"at least 1\d,\d{3} rows have another .*: line 302 \(1\)"):
        read(source)


def test_many_ragged_rows_that_are_few_of_all_are_left_out() -> None:
    table = read("a,b\n" + "1,2\n" * 300 + "1\n" * 11_000 + "1,2\n" * 250_000)
    assert table.rows == 250_300
    assert table.warnings[0].startswith("11,000 rows have another")


def test_a_few_ragged_rows_are_left_out_and_named() -> None:
    rows = [f"{i},{i}" for i in range(100)]
    rows[41:41] = ["total"]
    table = read("a,b\n" + "\n".join(rows))
    assert cells(table, "a") == list(range(100))
    assert table.warnings == ["1 row has another number of columns than the table's 2; left out: line 43 (1)"]


def test_a_line_is_right_below_a_row_that_was_left_out() -> None:
    rows = [f"{i},{i}" for i in range(100)]
    rows[10:10] = ["ragged"]
    rows[61] = "60,oops"
    assert "the first is in line 63" in read("a,b\n" + "\n".join(rows)).warnings[1]


def test_a_header_alone_is_no_table() -> None:
    for source in ("a,b\n", "a,b", "a,b\n\n\n"):
        with pytest.raises(NotACsvError, match="no rows"):
            read(source)


def test_a_quote_that_never_closes_is_found() -> None:
    with pytest.raises(NotACsvError, match="never closed"):
        read('a,b\n1,"2\n' + "3,4\n" * 200)
    with pytest.raises(NotACsvError, match="never closed"):
        read("a,b\n" + "3,4\n" * 200 + '1,2\n5,"6\n7,8\n')


def test_a_table_of_too_many_rows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_pass, "MAX_ROWS", 3)
    assert read("a,b\n1,2\n1,2\n1,2\n").rows == 3
    with pytest.raises(TooLargeError, match="more than 3 rows"):
        read("a,b\n1,2\n1,2\n1,2\n1,2\n")


def test_a_row_longer_than_a_block_is_refused() -> None:
    with pytest.raises(NotACsvError, match=r"row 3 .* longer than 4 MiB"):
        read("a,b\n1,2\n3," + "x" * (9 << 20) + "\n4,5\n")


def test_a_column_that_turns_out_otherwise_far_down_is_read_again_from_the_top(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading_pass, "BLOCK_BYTES", 1 << 10)
    rows = [f"{i},{i},1/2/2024,{i}" for i in range(2000)]
    rows[900] = "900.5,900,13/2/2024,900"
    rows[1500] = "1500,word,1/2/2024,1500"
    table = read("number,text,day,whole\n" + "\n".join(rows))
    assert [column.type for column in table.columns] == ["number", "category", "date", "integer"]
    assert table.columns[2].format == "D/M/Y"
    assert cells(table, "number")[899:902] == [899.0, 900.5, 901.0]
    assert cells(table, "text")[:2] == ["0", "1"]
    assert cells(table, "whole") == list(range(2000))
    assert "'word'; the first is in line 1502" in " ".join(table.warnings)


def test_what_arrow_parses_itself_comes_out_as_it_does_from_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [f"{i / 8}, {'xy'[i % 2]},{i},{i % 3}" for i in range(3000)]
    rows[700:703] = ["NA,,,", "+2.5,x ,1,0", "1e400,  z,+7,1"]
    source = "fraction,word,whole,y\n" + "\n".join(rows)
    whole = read(source)
    monkeypatch.setattr(reading_pass, "BLOCK_BYTES", 1 << 10)
    in_blocks = read(source)
    assert content(in_blocks) == content(whole)
    assert in_blocks.columns == whole.columns
    assert in_blocks.warnings == whole.warnings
    assert content(whole)["word"][699:704] == ["y", None, "x", "z", "y"]


def test_progress_only_ever_grows_to_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_pass, "BLOCK_BYTES", 1 << 14)
    source = tmp_path / "source.csv"
    source.write_text("a,b\n" + "1,2\n" * 1_000_000 + "x,2\n")
    reported: list[float] = []
    dialect = find_dialect(read_text(source, tmp_path, None, max_bytes=1 << 30), tmp_path)
    reading.read_table(dialect, tmp_path, lambda stage, share, *_: reported.append(share))
    assert reported == sorted(reported)
    assert reported[0] < 0.5
    assert reported[-1] == 1.0


def test_packing_keeps_no_infinity_and_marks_types() -> None:
    columns = packed(read("a,b,c\n1,1e400,u\n,2.5,\n"))
    assert columns.types == {"a": "integer", "b": "number", "c": "category"}
    assert math.isnan(columns.values["b"][0])
    assert math.isnan(columns.values["a"][1])
    assert columns.values["c"].texts().tolist() == ["u", ""]
