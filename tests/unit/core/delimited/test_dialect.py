"""Where the table of a CSV begins, what divides its columns, and whether its first line names them."""

import re
from pathlib import Path

import pytest

from core.delimited.blanks import MAX_LINE
from core.delimited.decoding import read_text
from core.delimited.dialect import MAX_COLUMNS, Dialect, find_dialect
from core.delimited.header import has_header
from core.delimited.sample import SAMPLE_CHARACTERS, csv_rows
from core.errors import InvalidInputError, NotACsvError, TooLargeError
from tests.support.tables import CSVS, read

ROWS = [["size", "price", "town"], ["1.5", "2", "Bonn"], ["3", "4", "Köln"], ["5", "6.25", "Ulm"]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def find(folder: Path, content: str, delimiter: str | None = None, has_header: bool | None = None) -> Dialect:
    source = folder / "source.csv"
    source.write_bytes(content.encode())
    return find_dialect(read_text(source, folder, max_bytes=1 << 30), folder, delimiter, has_header)


def cells(dialect: Dialect) -> list[list[str]]:
    """The table as any reader would take it by this dialect."""
    with dialect.path.open(encoding="utf-8-sig", newline="") as file:
        for _ in range(dialect.skip_lines):
            file.readline()
        return [row for row in csv_rows(file, dialect.delimiter) if row]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", " ", "   "])
def test_each_delimiter_is_found_whatever_the_line_ends(folder: Path, delimiter: str, end: str) -> None:
    found = find(folder, end.join(map(delimiter.join, ROWS)) + end)
    assert (found.original_delimiter, found.names, found.width) == (delimiter[0], ROWS[0], 3)
    assert (found.has_header, found.skip_lines, found.warnings) == (True, 0, [])
    assert cells(found) == ROWS


@pytest.mark.parametrize("name", CSVS)
def test_real_files_are_understood(folder: Path, name: str) -> None:
    path, target = CSVS[name]
    found = find_dialect(read_text(path, folder, max_bytes=1 << 30), folder)
    assert (found.original_delimiter, found.has_header, found.skip_lines, found.warnings) == (",", True, 0, [])
    assert found.path == path
    assert target in found.names


@pytest.mark.parametrize(
    ("content", "delimiter"),
    [
        ("a;b;c\n1,5;2,5;3,5\n4,5;5,5;6,5\n", ";"),
        ("größe,cm;preis,eur\n1,5;2,5\n2,5;3,5\n", ";"),
        ("a;b\n1.234,5;1\n2.345,25;2\n", ";"),
        ("a,b\n1;2,3\n4;5,6\n", ","),
        ('"last, first, title"|age\n"Li, Wei, Dr"|40\n"Wu, Min, Ms"|30\n', "|"),
        ('a,b\n"1;2;3",4\n"5;6;7",8\n', ","),
        ('text,y\n"one\ntwo; three\n\nfour",1\n"five\nsix; seven",2\n', ","),
        ("time,a\n2020-01-01 10:00,1\n2020-01-01 11:00,2\n", ","),
        ("a\tb\n1,2,3\t4\n5,6,7\t8\n", "\t"),
        ("x|y,z\n1|2,3\n4|5\n6|7\n", "|"),
        ("a;b;c\n" + "1;2;3\n" * (SAMPLE_CHARACTERS // 6 + 10), ";"),
    ],
)
def test_other_delimiters_inside_cells_do_not_mislead(folder: Path, content: str, delimiter: str) -> None:
    found = find(folder, content)
    assert found.original_delimiter == delimiter
    assert {len(row) for row in cells(found) if row} <= {found.width, 1, 3}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a;b\n1,5;2\n2,25;3\n", True),
        ("a;b\n1.234,5;2\n", True),
        ("a;b\n0,123;2\n0,456;3\n", True),
        ("a;b\n1.5;2\n2.25;3\n", False),
        ("a;b\n1,234.5;2\n", False),
        ("a;b\n1,234;2\n5,678;3\n", False),
        ('a,b\n"1,5",2\n', False),
    ],
)
def test_decimal_commas_are_noticed(folder: Path, content: str, expected: bool) -> None:
    assert find(folder, content).decimal_comma is expected


def test_runs_of_blanks_and_tabs_divide_columns(folder: Path) -> None:
    found = find(folder, '  name   v\tw \n"New  York" 5  6\n\n LA\t \t7 8\n')
    assert (found.original_delimiter, found.delimiter) == (" ", "\t")
    assert found.path.read_text(encoding="utf-8") == 'name\tv\tw\n"New  York"\t5\t6\n\nLA\t7\t8\n'


def test_large_files_with_blanks_keep_every_line(folder: Path) -> None:
    rows = [f"  {i}   {i / 7:.4f} x{i % 3}" for i in range(60_000)]
    found = find(folder, "\n".join(["a b c", *rows]) + "\n")
    assert cells(found)[1:] == [row.split() for row in rows]


@pytest.mark.parametrize(
    ("content", "skipped", "names", "quoted"),
    [
        ("Sales report 2024\nregion,a,b\nN,1,2\nS,3,4\n", 1, ["region", "a", "b"], "line 1 is not part"),
        ("Report\nMade by: Li, W.\n\nregion,a,b,c\nN,1,2,5\nS,3,4,5\n", 3, ["region", "a", "b", "c"], "lines 1 to 3"),
        ("Title,,,\n,,,\nx,y,z,w\n1,2,3,4\n", 2, ["x", "y", "z", "w"], "'Title,,,'"),
        ("# made by x\n# on 2020-01-01, x\na,b,c\n1,2,3\n", 2, ["a", "b", "c"], "'# made by x'"),
        ("#id\tname\tv\n1\tx\t2.5\n2\ty\t3\n", 0, ["#id", "name", "v"], ""),
        ("##source=x\n#id\tname\tv\n1\tx\t2.5\n2\ty\t3\n", 1, ["#id", "name", "v"], "'##source=x'"),
        ("\n\r\n \n\na,b\n1,2\n", 4, ["a", "b"], ""),
        ("sep=;\na;b\n1;2\n", 1, ["a", "b"], ""),
        ('"sep=\t"\na\tb\n1\t2\n', 1, ["a", "b"], ""),
    ],
)
def test_lines_above_the_table_are_skipped_and_told(
    folder: Path, content: str, skipped: int, names: list[str], quoted: str
) -> None:
    found = find(folder, content)
    assert (found.skip_lines, found.names, found.has_header) == (skipped, names, True)
    assert cells(found)[0] == names
    if quoted:
        assert quoted in found.warnings[0]
    else:
        assert found.warnings == []


def test_a_title_above_rows_without_a_header_is_skipped(folder: Path) -> None:
    found = find(folder, "Measured on Monday\n1.5,2.5,3.5\n2.5,3.5,4.5\n")
    assert (found.skip_lines, found.has_header, found.width) == (1, False, 3)


HEADERS = {
    "words above numbers": ("x,y", "1,2", "3,4"),
    "words above words": ("town,land", "Bonn,Germany", "Lyon,France"),
    "years above numbers": ("region,2019,2020,2021", "N,10,12,13", "S,1,2,3"),
    "years only": ("2019,2020,2021", "10,12,13", "1,2,3"),
    "positions": ("0,1,2,3", "0.5,0.6,0.7,0.1", "0.1,0.2,0.3,0.4"),
    "an index without a name": (",0,1,2", "0,5.5,6.5,7.5", "1,5.1,6.1,7.1"),
    "dates above numbers": ("product,2020-01-01,2020-02-01", "x,5,6", "y,7,8"),
    "one word above a number": ("1,2,price", "5,6,7", "8,9,10"),
    "words above gaps": ("a,b,c", ",NA,", ",,1"),
    "a single row": ("a,b", "1,2"),
    "a header alone": ("a,b",),
    "codes above numbers": ("x1,x2,x3", "1,2,3"),
    "units": ("°C,m/s,€", "1.5,2,3", "2.5,3,4"),
}
NO_HEADERS = {
    "numbers": ("5.1,3.5,1.4", "4.9,3.0,1.4", "4.7,3.2,1.3"),
    "numbers and a word": ("5.1,3.5,1.4,setosa", "4.9,3.0,1.4,setosa"),
    "dates": ("2020-01-01,x,5", "2020-01-02,y,6"),
    "a gap in the first row": ("5.1,,1.4,a", "4.9,3.0,1.4,b"),
    "money": ("Bonn,$5.10", "Köln,$1.20"),
    "years in rows of years": ("2019,2020", "2018,2019", "2017,2022"),
    "consecutive rows": ("1,2,3", "4,5,6", "7,8,9"),
    "one row": ("1,2,3",),
    "scientific": ("1e5,-2E-3", "2e5,1E-3"),
    "times": ("2020-01-01 10:00:00,1", "2020-01-01 11:00:00,2"),
}


@pytest.mark.parametrize("lines", HEADERS.values(), ids=HEADERS.keys())
def test_these_first_lines_are_headers(folder: Path, lines: tuple[str, ...]) -> None:
    found = find(folder, "\n".join(lines) + "\n")
    assert found.has_header
    assert found.names == lines[0].split(",")


@pytest.mark.parametrize("lines", NO_HEADERS.values(), ids=NO_HEADERS.keys())
def test_these_first_lines_are_rows(folder: Path, lines: tuple[str, ...]) -> None:
    found = find(folder, "\n".join(lines) + "\n")
    assert (found.has_header, found.names, found.width) == (False, [], len(lines[0].split(",")))
    assert f"called column_1 to column_{found.width}" in found.warnings[0]
    assert "has_header=true" in found.warnings[0]


def test_a_caller_who_knows_about_the_header_is_believed(folder: Path) -> None:
    assert find(folder, "1,2\n3,4\n", has_header=True).names == ["1", "2"]
    assert find(folder, "a,b\n3,4\n", has_header=False).names == []


@pytest.mark.parametrize("delimiter", [";", ","])
def test_decimal_commas_are_numbers_also_in_the_quotes_of_a_file_with_commas(delimiter: str) -> None:
    assert not has_header(["1,5", "2"], [["2,5", "3"]], delimiter)
    assert has_header(["1,5,7", "2"], [["2,5", "3"], ["1,5", "4"]], delimiter)


@pytest.mark.parametrize(
    ("content", "names", "warning"),
    [
        ("a,b\nr1,1,2\nr2,3,4\n", ["", "a", "b"], "taken for the names of the rows"),
        ("a,b\n1,2,\n3,4,\n", ["a", "b", ""], "last column is empty"),
        ("a,b,c,\n1,2,3\n4,5,6\n", ["a", "b", "c"], None),
        ("a,b,,,\n1,2\n4,5\n", ["a", "b"], None),
        ("a,,c\n1,2,3\n", ["a", "", "c"], None),
        (' a , "b" ,c\n1,2,3\n', [" a ", ' "b" ', "c"], None),
    ],
)
def test_a_header_is_as_wide_as_the_rows(folder: Path, content: str, names: list[str], warning: str | None) -> None:
    found = find(folder, content)
    assert (found.names, found.width) == (names, len(names))
    assert bool(found.warnings) == bool(warning)
    assert not warning or warning in found.warnings[0]


@pytest.mark.parametrize(
    ("word", "delimiter"),
    [("tab", "\t"), ("comma", ","), ("Semicolon", ";"), ("pipe", "|"), ("space", " "), ("~", "~")],
)
def test_a_delimiter_can_be_named(folder: Path, word: str, delimiter: str) -> None:
    found = find(folder, "\n".join(map(delimiter.join, ROWS)) + "\n", word)
    assert (found.original_delimiter, cells(found)) == (delimiter, ROWS)


@pytest.mark.parametrize("delimiter", ["", None])
def test_no_delimiter_is_to_be_found_out(folder: Path, delimiter: str | None) -> None:
    assert find(folder, "a;b\n1;2\n", delimiter).original_delimiter == ";"


@pytest.mark.parametrize("delimiter", ["xx", "a", "7", '"', "\n", "，", "tabulator"])
def test_what_cannot_be_a_delimiter_is_refused_by_field(folder: Path, delimiter: str) -> None:
    with pytest.raises(InvalidInputError, match="comma, semicolon, tab, pipe, space") as caught:
        find(folder, "a,b\n1,2\n", delimiter)
    assert caught.value.errors[0]["field"] == "delimiter"


def test_a_named_delimiter_that_is_not_there_is_refused_by_field(folder: Path) -> None:
    with pytest.raises(InvalidInputError, match="';' divides no columns") as caught:
        find(folder, "a,b\n1,2\n", ";")
    assert caught.value.errors[0]["field"] == "delimiter"


ONE_COLUMN = "comma, semicolon, tab, . and blanks were tried.*`delimiter`"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("price\n1\n2\n3\n", ONE_COLUMN),
        ("name\n李\n王\n", ONE_COLUMN),
        ("Once upon a time there was a ship.\nIt sailed.\nAnd sank.\n", ONE_COLUMN),
        ("It sailed.\nAnd sank.\n", ONE_COLUMN),
        ("Dear all, thank you, and goodbye.\nWe met.\nIt rained.\nNobody minded.\nThe end.\n", ONE_COLUMN),
        ("[boat]\nname=Ada\nlength=12\n", ONE_COLUMN),
        (",,,\n,,,\n", ONE_COLUMN),
        ("| a | b |\n|---|:-:|\n| 1 | 2 |\n", "Markdown table"),
        ('"a,b\n1,2\n3,4\n', "opens in line 1 is never closed"),
        ('a,"b\n1,2\n', "opens in line 1 is never closed"),
        ('a,b\n1,2\n"3,4\n5,6\n', "opens in line 3 is never closed"),
        ('"' + "a,b\n" * 2_000_000, "opens in line 1 is never closed"),
        ('a,"' + "b\n" * 20_000 + '"\n1,2\n', "opens in line 1 is never closed"),
        ("x" * (MAX_LINE + 1), "Line 1 does not end within 4 MiB"),
        ("a,b,c\n1,2,3,4,5\n2,3,4,5,6\n", "Line 1 has 3 columns where the rows below have 5"),
    ],
)
def test_what_is_no_table_is_refused_with_the_way_out(folder: Path, content: str, says: str) -> None:
    with pytest.raises(NotACsvError, match=re.compile(says, re.DOTALL)) as caught:
        find(folder, content)
    assert re.search(r"(Send|Save|Close|correct)", caught.value.detail)


def test_more_columns_than_can_be_paired_are_refused(folder: Path) -> None:
    header = ",".join(f"c{i}" for i in range(MAX_COLUMNS))
    assert find(folder, f"{header}\n").width == MAX_COLUMNS
    with pytest.raises(TooLargeError, match="2,001 columns; at most 2,000"):
        find(folder, f"{header},more\n")


def test_long_cells_and_headers_are_no_obstacle(folder: Path) -> None:
    found = find(folder, f'{"h" * 500_000},b\n"{"x" * 300_000}",2\n"{"long, " * 9}\n{"y" * 200_000}",3\n')
    assert (found.width, len(found.names[0]), len(cells(found))) == (2, 500_000, 3)


def test_a_header_with_line_ends_in_quotes_is_one_row(folder: Path) -> None:
    found = find(folder, '"size\n(m)",b\n1,2\n')
    assert found.names == ["size\n(m)", "b"]


def test_a_row_cut_by_the_end_of_the_sample_does_not_count(folder: Path) -> None:
    found = find(folder, "a,b\n1,2\n" + "3," + "9" * (MAX_LINE + 5))
    assert (found.width, found.has_header) == (2, True)


def test_a_quote_that_never_closes_does_not_swallow_the_rows() -> None:
    with pytest.raises(NotACsvError, match="quote"):
        read('a,b\n1,"2\n' + "3,4\n" * 1000)


def test_commas_that_all_stand_between_digits_divide_nothing_where_another_mark_does(folder: Path) -> None:
    rows = "".join(f"{i},5|3/{i}/2001 10:00|{i}GB\n" for i in range(1, 20))
    assert find(folder, f"# made by a program\nprice|day|size\n{rows}").original_delimiter == "|"
    assert find(folder, "1,2\n3,4\n5,6\n").original_delimiter == ","


def test_units_above_quoted_decimal_commas_are_left_out(folder: Path) -> None:
    rows = '"1,5","2,25"\n' * 10
    assert find(folder, f"a,b\n(m),kg\n{rows}").has_junk
    assert find(folder, rows + '"NA","3,5"\n').has_header is False


def test_spellings_of_missing_values_are_no_header() -> None:
    assert not has_header(["..", "NaN"], [["1.5", "2"], ["..", "3"]], ";")
    assert not has_header(["NA", ""], [["a", "b"]], ";")
