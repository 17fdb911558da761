"""Rows that are no rows of the table, unusual quotes, runs of blanks with tabs, and delimiters that are in doubt."""

from typing import Any

import pytest

from core.errors import NotACsvError
from core.tables import reading_pass
from tests.support.tables import CASES, cells, read

ROWS = [f"{i},t{i % 3},{i * 1.5}" for i in range(30)]


def case(name: str) -> Any:
    return read((CASES / name).read_bytes())


def table_of(lines: list[str]) -> Any:
    return read("\n".join(lines) + "\n")


def content(table: Any) -> dict[str, list[Any]]:
    return {column.name: cells(table, column.name) for column in table.columns}


PLAIN = content(table_of(["n,t,y", *ROWS]))


def test_rows_of_delimiters_are_left_out_and_counted() -> None:
    table = case("C2_rows_of_delimiters_are_predicted.csv")
    assert table.rows == 60
    assert [(column.type, column.missing) for column in table.columns] == [
        ("category", 0),
        ("integer", 0),
        ("number", 0),
        ("number", 0),
    ]
    assert table.warnings == ["40 rows of nothing but delimiters were left out, the first in line 62"]


@pytest.mark.parametrize("empty", [",,", " , , ", '"","",""', ",,,"])
@pytest.mark.parametrize("position", [0, 7, 30])
def test_a_row_of_delimiters_anywhere_is_left_out(empty: str, position: int) -> None:
    table = table_of(["n,t,y", *ROWS[:position], empty, *ROWS[position:]])
    assert content(table) == PLAIN
    assert len(table.warnings) == 1
    assert f"line {position + 2}" in table.warnings[0]


def test_a_row_of_missing_values_in_words_is_a_row() -> None:
    table = table_of(["n,t,y", *ROWS, "NA,-,"])
    assert (table.rows, table.warnings) == (31, [])


@pytest.mark.parametrize("junk", [",,", "n,t,y"])
def test_junk_far_down_is_found_as_well(monkeypatch: pytest.MonkeyPatch, junk: str) -> None:
    monkeypatch.setattr(reading_pass, "BLOCK_BYTES", 1 << 12)
    rows = ROWS * 60
    table = table_of(["n,t,y", *rows[:1000], junk, *rows[1000:], *rows])
    assert (table.rows, [column.type for column in table.columns]) == (3600, ["integer", "category", "number"])
    assert len(table.warnings) == 1
    assert "line 1002" in table.warnings[0]


def test_repeated_headers_are_left_out_with_their_lines() -> None:
    table = table_of(["n,t,y", *ROWS[:10], " n , t,y", *ROWS[10:20], "n,t,y", *ROWS[20:]])
    assert content(table) == PLAIN
    assert table.warnings == ["lines 12, 23 repeat the header and were left out"]


def test_repeated_headers_of_texts_are_left_out_wherever_they_are() -> None:
    rows = [f"a{i},b{i}" for i in range(600)]
    table = table_of(["s,t", *rows[:500], "s,t", *rows[500:]])
    assert (table.rows, table.warnings) == (600, ["line 502 repeats the header and was left out"])


@pytest.mark.parametrize(
    "units",
    ["m,,kg", "[m],,[kg]", "(m),-,(kg)", "5s,20s,10d", "int64,string,float", "number,words,yield of it", "--,---,---"],
)
def test_units_below_the_header_are_left_out_and_shown(units: str) -> None:
    table = table_of(["n,t,y", units, *ROWS])
    assert content(table) == PLAIN
    assert len(table.warnings) == 1
    assert "line 2 is " in table.warnings[0]
    assert repr(units) in table.warnings[0]


def test_a_stray_word_in_the_first_row_is_no_unit() -> None:
    table = table_of(["t,y", "a,Ask for price", *[f"b{i},{i}" for i in range(30)]])
    assert (table.rows, [column.type for column in table.columns]) == (31, ["category", "category"])
    assert "'Ask for price'; the first is in line 2" in table.warnings[0]


def test_a_title_of_several_cells_is_skipped_and_the_footers_are_told() -> None:
    table = case("C5_title_of_two_cells_taken_for_header.csv")
    names = ["FM: Person ID", "FM: Race", "FM: Score", "FM: Amount"]
    assert [column.name for column in table.columns] == names
    assert [column.type for column in table.columns] == ["integer", "category", "integer", "number"]
    assert table.rows == 60
    assert table.warnings == [
        "line 1 is not part of the table and was skipped: 'Report_B,3/13/2015,,'",
        "line 63 is a total and was left out: 'Grand Total: 6,634,,,'",
        "line 64 is a footer and was left out: 'Page -1 of 1,,,'",
    ]


@pytest.mark.parametrize(
    "titles",
    [
        ["Report,3/13/2015,"],
        ["Sales,,Q1"],
        ["Report,draft"],
        ["Report", "by,Li,2015"],
        ["Report,2015,", ",,"],
        ["Branch:,North,", "Month:,May,"],
    ],
)
def test_titles_of_any_shape_are_skipped(titles: list[str]) -> None:
    table = table_of([*titles, "n,t,y", *ROWS])
    assert content(table) == PLAIN
    assert len(table.warnings) == 1
    assert repr(titles[0]) in table.warnings[0]


@pytest.mark.parametrize(
    "footer",
    [
        "Total,,652.5",
        "TOTAL,30,652.5",
        "Total:,,652.5",
        "Grand Total,,652.5",
        ",Total,652.5",
        "合计,,652.5",
        "总计：,,652.5",
        "Summe,,652.5",
        "(3 rows affected)",
        "(3 rows affected),,",
        "30 rows selected.",
        "(30 行),,",
        "Page 1 of 1,,",
        "Source: World Bank,,",
        '"Source: a, b and c",,',
        "Source: a, b and c, d",
        "* preliminary,,",
        "数据来源：国家统计局,,",
        "备注：无,,",
        "Last Updated: 07/20/2023",
        "-- end --",
        "anything else at all",
    ],
)
@pytest.mark.parametrize("rows", [4, 30])
def test_totals_and_footers_are_left_out_with_their_lines(footer: str, rows: int) -> None:
    table = table_of(["n,t,y", *ROWS[:rows], "", footer])
    assert content(table) == {name: values[:rows] for name, values in PLAIN.items()}
    assert len(table.warnings) == 1
    assert f"line {rows + 3} is a " in table.warnings[0]


def test_totals_at_the_end_of_a_long_file_are_found() -> None:
    rows = [f"{i},{i / 2}" for i in range(20_000)]
    table = table_of(["n,y", *rows, ",", "Total,1"])
    assert (table.rows, [column.type for column in table.columns]) == (20_000, ["integer", "number"])
    assert table.warnings == [
        "1 row of nothing but delimiters was left out, in line 20002",
        "line 20003 is a total and was left out: 'Total,1'",
    ]


@pytest.mark.parametrize(
    "last",
    ["30,t1,", "30,,", ",t1,", "30,Total,3", "31,Source: x,4"],
)
def test_rows_with_gaps_or_such_words_are_rows(last: str) -> None:
    table = table_of(["n,t,y", *ROWS, last])
    assert (table.rows, table.warnings) == (31, [])


def test_a_total_that_is_a_level_of_its_column_is_a_row() -> None:
    rows = [f"{('North', 'South', 'Total')[i % 3]},{i}" for i in range(30)]
    assert table_of(["region,y", *rows]).rows == 30


def test_runs_of_blanks_with_one_tab_are_nine_columns() -> None:
    table = case("C4_blanks_and_one_tab_two_columns.data")
    assert [column.type for column in table.columns] == [
        "number",
        "integer",
        *["number"] * 4,
        *["integer"] * 2,
        "category",
    ]
    assert table.rows == 120
    assert cells(table, "column_9")[0] == "car 0 model 0"
    assert cells(table, "column_5")[:2] == [2832, 2284]


@pytest.mark.parametrize("tabs", ["\t\t", "\t\t\t", "\t \t"])
def test_runs_of_tabs_divide_columns_once(tabs: str) -> None:
    assert content(table_of([line.replace(",", tabs) for line in ["n,t,y", *ROWS]])) == PLAIN


def test_uneven_runs_of_tabs_divide_columns_once() -> None:
    lines = [line.replace(",", "\t" * (1 + len(line) % 2)) for line in ["n,t,y", *ROWS]]
    assert content(table_of(lines)) == PLAIN


def test_a_gap_between_tabs_is_a_gap() -> None:
    table = table_of(["a\tb\tc", *[f"{i}\t{'' if i % 2 else i}\tx y" for i in range(9)]])
    assert [(column.type, column.missing) for column in table.columns] == [
        ("integer", 0),
        ("integer", 4),
        ("category", 0),
    ]


def test_names_of_two_words_beside_a_tab_are_one_cell() -> None:
    table = table_of(["city\tsize", *[f"New York{i}\t{i}" for i in range(9)]])
    assert len(table.columns) == 2


def test_single_quotes_are_quotes() -> None:
    table = case("C4_single_quotes_shift_columns.csv")
    assert [column.type for column in table.columns] == ["category", "number", "number"]
    assert cells(table, "who")[:2] == ["Name0, X", "Name1, X"]
    assert (table.rows, table.warnings) == (60, ["cells are read as quoted with '"])


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("'a, b'", "a, b"),
        ("'ab'", "ab"),
        ("'it''s, b'", "it's, b"),
        (r"'it\'s, b'", "it's, b"),
        (r'"say \"hi\", you"', 'say "hi", you'),
        (r'"say \"hi\" you"', 'say "hi" you'),
        (r'"C:\dir\"', "C:\\dir\\"),
        ("it's", "it's"),
        ("'tis", "'tis"),
        ("O'", "O'"),
    ],
)
def test_quotes_of_every_kind_are_read_as_they_are_meant(cell: str, value: str) -> None:
    table = table_of(["who,a,y", *[f"{cell},{i},{i / 4}" for i in range(20)]])
    assert [column.name for column in table.columns] == ["who", "a", "y"]
    assert set(cells(table, "who")) == {value}
    assert cells(table, "a") == [*range(20)]


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;"])
def test_a_line_that_names_the_delimiter_is_believed(first: str) -> None:
    table = table_of([first, "a;b", "1,5;2", "2,5;3"])
    assert content(table) == {"a": [1.5, 2.5], "b": [2, 3]}


def test_two_readings_that_are_equally_good_are_both_shown() -> None:
    with pytest.raises(NotACsvError, match="Two delimiters divide the lines equally well") as caught:
        table_of(["x;y,z", *["a;b,c"] * 5])
    assert "',' gives 'x;y' | 'z' and ';' gives 'x' | 'y,z'" in caught.value.detail
    assert caught.value.errors[0]["field"] == "delimiter"


def test_has_and_has_not_are_a_pair() -> None:
    table = case("A5_gbk_you_wu_is_has_and_has_not.csv")
    column = next(column for column in table.columns if column.name == "电梯")
    assert (column.type, column.missing, set(cells(table, "电梯"))) == ("category", 0, {"有", "无"})
    assert (
        "column '电梯': '无' is an answer beside '有', not missing; if it is missing, send it in missing"
        in table.warnings
    )


@pytest.mark.parametrize(
    ("texts", "levels", "missing"),
    [
        (["有", "无"], {"有", "无"}, 0),
        (["Yes", "None"], {"Yes", "None"}, 0),
        (["yes", " none ", "NA"], {"yes", "none"}, 3),
        (["有", "无", "暂无"], {"有", "无"}, 3),
        (["red", "none"], {"red", "none"}, 0),
        (["有", "没有", "无"], {"有", "没有"}, 3),
        (["有", "NA"], {"有"}, 3),
        (["1.5", "无"], {1.5}, 3),
    ],
)
def test_a_word_for_missing_is_an_answer_beside_things_that_repeat(
    texts: list[str], levels: set[Any], missing: int
) -> None:
    table = table_of(["t,y", *[f"{text},{i}" for i in range(3) for text in texts]])
    assert (set(cells(table, "t")) - {None}, table.columns[0].missing) == (levels, missing)
    is_pair = bool(levels & {"无", "None", "none"})
    assert any("not missing" in warning for warning in table.warnings) == is_pair
