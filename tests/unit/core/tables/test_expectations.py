"""How a column is read where the request or a model says so, and texts that contradict what is said."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from core.delimited.decoding import read_text
from core.delimited.dialect import find_dialect
from core.errors import InvalidInputError
from core.manifests import Feature, Reading
from core.tables import reading_pass
from core.tables.csv_reader import read_table
from core.tables.table import Table
from tests.support.tables import cells, read

AMBIGUOUS = "d,y\n03/04/2022,1\n05/06/2022,2\n07/08/2022,3\n"


def refusal(text: str, **said: Any) -> InvalidInputError:
    with pytest.raises(InvalidInputError) as caught:
        read(text, Reading(**said))
    return caught.value


def read_like(folder: Path, text: str, *like: Feature, **said: Any) -> Table:
    source = folder / "source.csv"
    source.write_text(text)
    dialect = find_dialect(read_text(source, folder, None, max_bytes=1 << 20), folder)
    return read_table(dialect, folder, reading=Reading(**said), like=like)


def feature(kind: Any, **fields: Any) -> Feature:
    return Feature(name="d", type=kind, fill="" if kind == "category" else 0.0, **fields)


@pytest.mark.parametrize(
    ("dates", "first", "format"), [("dmy", datetime(2022, 4, 3), "D/M/Y"), ("mdy", datetime(2022, 3, 4), "M/D/Y")]
)
def test_dates_that_fit_both_orders_are_read_as_said(dates: str, first: datetime, format: str) -> None:
    table = read(AMBIGUOUS, Reading(dates=dates))  # type: ignore[arg-type]
    assert (cells(table, "d")[0], table.columns[0].format) == (first, format)
    (warning,) = table.warnings
    assert f"({format})" in warning
    assert "fits every date as well" not in warning


def test_years_may_be_said_to_be_first() -> None:
    table = read("d,y\n01/03/22,1\n02/04/21,2\n", Reading(dates="ymd"))
    assert cells(table, "d") == [datetime(2001, 3, 22), datetime(2002, 4, 21)]


@pytest.mark.parametrize("text", ["2022-03-14", "14 Mar 2022", "Mar 14, 2022", "20220314T0800", "2022年3月14日"])
def test_dates_of_one_order_alone_never_contradict(text: str) -> None:
    for dates in ("dmy", "mdy", "ymd"):
        assert read(f'd,y\n"{text}",1\n', Reading(dates=dates)).columns[0].type == "date"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("dates", "text"), [("dmy", "05/13/2022"), ("mdy", "13/05/2022"), ("ymd", "05/13/2022"), ("dmy", "5-13-22")]
)
def test_a_date_of_another_order_contradicts(dates: str, text: str) -> None:
    error = refusal(f"a,d\n1,01/02/{text[-2:] if len(text) < 8 else text[-4:]}\n2,{text}\n", dates=dates)
    assert [problem["field"] for problem in error.errors] == ["dates"]
    assert "column 'd'" in error.detail
    assert dates == "ymd" or f"'{text}' in line 3" in error.detail


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ({"decimal": ","}, 1234),
        ({"decimal": "."}, 1.234),
        ({"thousands": "."}, 1234),
        ({"thousands": ","}, 1.234),
        ({"thousands": "'"}, 1.234),
        ({"decimal": ",", "thousands": "."}, 1234),
    ],
)
def test_a_mark_is_read_as_said(said: dict[str, Any], value: float) -> None:
    table = read("n;t\n1.234;x\n2.345;y\n", Reading(**said))
    assert cells(table, "n")[0] == value
    assert table.warnings == []


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ({"decimal": ","}, "1.5"),
        ({"thousands": "."}, "1.5"),
        ({"decimal": "."}, "1,5"),
        ({"thousands": ","}, "1,5"),
        ({"decimal": ".", "thousands": "'"}, "1,234.5"),
        ({"decimal": ",", "thousands": " "}, "1.234,5"),
    ],
)
def test_a_number_with_another_mark_contradicts(said: dict[str, Any], text: str) -> None:
    error = refusal(f"n;t\n12;x\n{text};y\n", **said)
    assert error.errors[0]["field"] in said
    assert f"column 'n': '{text}' in line 3" in error.detail


def test_a_text_with_marks_contradicts_nothing() -> None:
    table = read("v;t\n1.2.3;x\n1.5;y\n", Reading(decimal=","))
    assert table.columns[0].type == "category"


@pytest.mark.parametrize(
    ("said", "text", "value"),
    [
        ("integer", "3.0", 3),
        ("integer", "007", 7),
        ("number", "007", 7.0),
        ("number", "12", 12.0),
        ("boolean", "1", True),
        ("boolean", "No", False),
        ("date", "20220304", datetime(2022, 3, 4)),
        ("date", "44624", datetime(2022, 3, 4)),
        ("category", " 1.50 ", "1.50"),
        ("category", "2022-03-04", "2022-03-04"),
    ],
)
def test_a_column_has_the_type_that_is_said(said: str, text: str, value: object) -> None:
    table = read(f"c,y\n{text},1\n,2\n", Reading(types={"c": said}))  # type: ignore[dict-item]
    assert table.columns[0].type == said
    assert cells(table, "c") == [value, None]


@pytest.mark.parametrize(
    ("said", "text"), [("integer", "1.5"), ("number", "abc"), ("boolean", "maybe"), ("date", "soon"), ("date", "12")]
)
def test_a_text_that_is_not_of_the_type_said_is_refused_with_its_line(said: str, text: str) -> None:
    good = {"integer": "1", "number": "1", "boolean": "yes", "date": "2022-01-01"}[said]
    error = refusal(f"c,y\n{good},1\n{text},2\n", types={"c": said})
    assert [problem["field"] for problem in error.errors] == ["types.c"]
    assert f"'{text}' in line 3" in error.detail


def test_what_cannot_be_said_is_refused() -> None:
    fields = {"types": {"z": "date"}, "missing": ["x "], "keep": ["x", " "]}
    error = refusal("a,b\n1,2\n", decimal=",", thousands=",", **fields)
    assert [problem["field"] for problem in error.errors] == ["types.z", "thousands", "keep", "keep"]
    assert "'a', 'b'" in error.detail


def test_further_spellings_are_missing_in_every_column() -> None:
    table = read("n,t,y\n-999,unknown,1\n5, -999 ,2\n -999 ,x,3\n", Reading(missing=["-999", "unknown"]))
    assert (cells(table, "n"), cells(table, "t")) == ([None, 5, None], [None, None, "x"])
    assert "column 'n': '-999' in 2 rows counts as missing" in table.warnings


def test_kept_spellings_are_answers_among_texts_and_missing_among_numbers() -> None:
    table = read("n,t,b\n1,NA,yes\nNA,x,NA\n3,NA,no\n", Reading(keep=["NA"]))
    assert cells(table, "n") == [1, None, 3]
    assert cells(table, "t") == ["NA", "x", "NA"]
    assert cells(table, "b") == ["yes", "NA", "no"]


def test_a_column_like_a_feature_is_read_with_its_meaning(tmp_path: Path) -> None:
    table = read_like(tmp_path, AMBIGUOUS, feature("date", format="D/M/Y"))
    assert cells(table, "d")[0] == datetime(2022, 4, 3)
    assert cells(read_like(tmp_path, "d;y\n1,234;2\n", feature("number", decimal=",")), "d") == [1.234]
    assert cells(read_like(tmp_path, "d;y\n1.234;2\n", feature("number")), "d") == [1.234]
    assert cells(read_like(tmp_path, "d,y\n12 kg,2\n13,3\n", feature("number", unit="kg")), "d") == [12, 13]
    assert cells(read_like(tmp_path, "d,y\n1,2\n0,3\n", feature("boolean")), "d") == [True, False]
    texts = read_like(tmp_path, "d,y\n1.50,2\n5%,3\nNone,4\n-,5\n", feature("category", levels=["1.50", "None"]))
    assert cells(texts, "d") == ["1.50", "5%", "None", None]
    assert not texts.unlike


def test_a_column_that_is_unlike_its_feature_is_inferred_and_named(tmp_path: Path) -> None:
    table = read_like(tmp_path, "d,y\n03/04/2022,1\n05/13/2022,2\n", feature("date", format="D/M/Y"))
    assert cells(table, "d") == [datetime(2022, 3, 4), datetime(2022, 5, 13)]
    assert table.unlike == {"d": "'05/13/2022' in line 3"}


def test_what_is_said_is_above_what_a_feature_means(tmp_path: Path) -> None:
    table = read_like(tmp_path, AMBIGUOUS, feature("date", format="D/M/Y"), dates="mdy")
    assert cells(table, "d")[0] == datetime(2022, 3, 4)


@pytest.mark.parametrize(
    ("text", "is_literal"),
    [
        ("12", True),
        ("1.5", True),
        ("2022-03-04", True),
        ("yes", True),
        ("red", True),
        ("1 234", False),
        ("5%", False),
        ("03/04/2022", False),
        ("14:35", False),
    ],
)
def test_a_column_is_literal_if_its_values_are_what_their_texts_are(text: str, is_literal: bool) -> None:
    assert read(f"c,y\n{text},1\n{text},2\n").columns[0].is_literal is is_literal


def test_a_text_that_became_missing_is_not_literal() -> None:
    table = read("t,n\nred,1\nNA,-9\nred,3\n", Reading(missing=["-9"]))
    assert [column.is_literal for column in table.columns] == [False, False]


def test_a_contradiction_is_found_wherever_it_stands_in_a_large_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(reading_pass, "BLOCK_BYTES", 1 << 10)
    good = "03/04/2022,1.5,a\n"
    for before in (0, 300):
        text = "d,n,t\n" + good * before + '05/13/2022,"2,5",b\n' + good * 300
        assert f"'05/13/2022' in line {before + 2}" in refusal(text, dates="dmy").detail
        assert f"'2,5' in line {before + 2}" in refusal(text, types={"n": "number"}, decimal=".").detail
        table = read_like(tmp_path, text, feature("date", format="D/M/Y"))
        assert table.unlike == {"d": f"'05/13/2022' in line {before + 2}"}


def test_a_refusal_says_why_in_the_words_of_the_case() -> None:
    assert "has the day first, as all dates with points" in refusal("d,y\n01.03.2022,1\n", dates="mdy").detail
    error = refusal("c,y\n12345678901234567891,1\n", types={"c": "integer"})
    assert "has more digits than a number keeps" in error.detail


def test_a_date_of_digits_is_one_below_a_spelling_that_is_missing() -> None:
    table = read("order_date,y\n-999,1\n20220304,2\n20220405,3\n", Reading(missing=["-999"]))
    assert cells(table, "order_date") == [None, datetime(2022, 3, 4), datetime(2022, 4, 5)]
