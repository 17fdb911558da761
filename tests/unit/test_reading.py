"""From CSV text to a typed table: headers, types, missing values."""

import csv
import math

import pytest

from core.errors import NotACsvError
from core.values import MISSING
from tests.unit.tables import CSVS, read, real


def types(source: bytes | str) -> dict[str, str]:
    return {column.name: column.type for column in read(source).columns}


def cells(source: bytes | str, name: str) -> list[object]:
    return read(source).data.column(name).to_pylist()


@pytest.mark.parametrize("name", CSVS)
def test_every_number_is_exactly_what_python_makes_of_its_text(name: str) -> None:
    with CSVS[name][0].open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    table = real(name)
    assert table.data.num_rows == len(rows)
    for column in table.columns:
        texts = [row[column.name].strip() for row in rows]
        parse = str if column.type == "category" else float
        expected = [None if text in MISSING else parse(text) for text in texts]
        assert table.data.column(column.name).to_pylist() == expected
        assert column.missing == expected.count(None)
        assert column.distinct == len(set(expected) - {None})


def test_the_types_of_the_housing_table() -> None:
    found = {column.name: column.type for column in real("california_housing").columns}
    assert found.pop("ocean_proximity") == "category"
    assert set(found.values()) == {"number"}
    assert {column.type for column in real("bike_sharing").columns} == {"integer", "number", "category"}


def test_whole_numbers_fractions_and_words_get_their_types() -> None:
    assert types("whole,fraction,word\n1,1.5,a\n-2,2,b\n") == {
        "whole": "integer",
        "fraction": "number",
        "word": "category",
    }


def test_a_gap_in_whole_numbers_leaves_them_integers() -> None:
    source = "a,b\n1,1\n,2\n3,3\n"
    assert types(source)["a"] == "integer"
    assert cells(source, "a") == [1, None, 3]


def test_signs_exponents_and_bare_points_are_numbers() -> None:
    source = "a,b\n+1,1\n-.5,2\n3.,3\n1E5,4\n2.5e-3,5\n"
    assert cells(source, "a") == [1.0, -0.5, 3.0, 1e5, 2.5e-3]
    assert types("a,b\n+1,1\n+2,2\n")["a"] == "integer"


def test_a_number_too_large_for_64_bits_is_still_a_number() -> None:
    assert cells("a,b\n99999999999999999999,1\n5,2\n", "a") == [1e20, 5.0]


def test_a_number_beyond_float64_is_missing_and_said_so() -> None:
    table = read("a,b\n1e400,1\n2,2\n-1e999,3\n")
    assert table.data.column("a").to_pylist() == [None, 2.0, None]
    assert table.columns[0].missing == 2
    assert len(table.warnings) == 1
    assert "'a' has 2 infinite" in table.warnings[0]


@pytest.mark.parametrize("token", sorted(MISSING))
def test_every_missing_token_is_a_gap_in_numbers_and_in_texts(token: str) -> None:
    table = read(f'n,t,y\n1.5,u,1\n{token},{token},2\n"{token}", {token} ,3\n')
    assert table.data.column("n").to_pylist() == [1.5, None, None]
    assert table.data.column("t").to_pylist() == ["u", None, None]
    assert [column.type for column in table.columns] == ["number", "category", "integer"]
    assert table.warnings == []


def test_a_column_without_any_value_is_kept_as_missing() -> None:
    column = read("a,b\n1,\n2,\n").columns[1]
    assert (column.name, column.missing, column.distinct) == ("b", 2, 0)


def test_blanks_around_cells_and_headers_do_not_count() -> None:
    table = read('  a , b \n 1 ," x "\n2,x\n')
    assert table.data.column_names == ["a", "b"]
    assert table.data.to_pydict() == {"a": [1, 2], "b": ["x", "x"]}
    assert table.warnings == []


def test_repeated_and_empty_headers_become_unique_and_said_so() -> None:
    table = read("a,a,,a,a_2\n1,2,3,4,5\n")
    assert table.data.column_names == ["a", "a_2", "column_3", "a_3", "a_2_2"]
    assert [warning.split(";")[0] for warning in table.warnings] == [
        "column 2 has the header 'a'",
        "column 3 has the header ''",
        "column 4 has the header 'a'",
        "column 5 has the header 'a_2'",
    ]


def test_a_stray_word_in_a_number_column_is_named_with_the_row_of_a_spreadsheet() -> None:
    rows = [f"{i},{i}" for i in range(40)]
    rows[29] = "29,oops"  # the header is row 1, so the thirtieth row of data is row 31
    table = read("a,b\n" + "\n".join(rows))
    assert table.columns[1].type == "category"
    assert len(table.warnings) == 1
    assert "'b' is text because 1 of its values" in table.warnings[0]
    assert "'oops'; the first is in row 31" in table.warnings[0]


def test_a_column_of_words_gets_no_stray_warning() -> None:
    assert read("a,b\n" + "\n".join(f"w{i},{i}" for i in range(40))).warnings == []


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_line_end_is_read(newline: str) -> None:
    assert read(newline.join(["a,b", "1,x", "2,y", ""])).data.to_pydict() == {"a": [1, 2], "b": ["x", "y"]}


def test_line_ends_delimiters_and_quotes_inside_quotes_are_data() -> None:
    source = 'a,"b\nb"\n1,"two\r\nlines"\n2,"x, y"\n3,"she said ""hi"""\n'
    assert cells(source, "b\nb") == ["two\r\nlines", "x, y", 'she said "hi"']


def test_a_gbk_file_keeps_its_chinese_headers_and_categories() -> None:
    table = read("城市,面积\n北京,89.5\n上海,\n".encode("gbk"))
    assert table.data.to_pydict() == {"城市": ["北京", "上海"], "面积": [89.5, None]}


def test_a_cell_longer_than_the_sample_is_read_whole() -> None:
    long = "x" * 200_000
    assert cells(f'a,b\n"{long}",1\ny,2\n', "a") == [long, "y"]


def test_ragged_rows_are_refused_with_their_row_numbers() -> None:
    with pytest.raises(NotACsvError) as caught:
        read("a,b\n1,2\n3\n4,5\n6,7,8\n")
    assert [error["row"] for error in caught.value.errors] == [3, 5]
    assert "3" in caught.value.errors[1]["message"]


def test_a_header_alone_is_no_table() -> None:
    with pytest.raises(NotACsvError, match="no rows"):
        read("a,b\n")


def test_packing_keeps_no_infinity_and_marks_integers() -> None:
    packed = read("a,b,c\n1,1e400,u\n,2.5,\n").packed()
    assert packed.types == {"a": "integer", "b": "number", "c": "category"}
    assert math.isnan(packed.values["b"][0])
    assert math.isnan(packed.values["a"][1])
    assert packed.values["c"].texts().tolist() == ["u", ""]
