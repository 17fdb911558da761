"""The type of a column of texts, and its values in that type."""

from datetime import datetime

import pyarrow as pa
import pytest

from core.cell_values import BOOLEANS, parse_date
from core.tables.column_types import try_type, type_candidates


def read(*texts: str | None, delimiter: str = ",", decimal_comma: bool = False) -> tuple[str, list[object]]:
    """The type of the first kind that takes all of these, and its values."""
    column = pa.array(texts, pa.string())
    for kind in type_candidates(delimiter, decimal_comma=decimal_comma):
        values = try_type(kind, column)
        if values is not None:
            assert values.type == kind.arrow
            return kind.type, values.to_pylist()
    raise AssertionError("the last kind takes anything")


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (("1", "-2", "+3", None), [1, -2, 3, None]),
        (("07", "12"), [7, 12]),
        (("1,234", "5"), [1234, 5]),
        (("1,00,000",), [100000]),
        (("1 234", "12'345"), [1234, 12345]),
        (("¥3", "5 元"), [3, 5]),
        (("12%", "7 %"), [12, 7]),
        (("(5)", "-6", "−7"), [-5, -6, -7]),
        (("１２３", "４"), [123, 4]),
    ],
)
def test_whole_numbers(texts: tuple[str | None, ...], values: list[int | None]) -> None:
    assert read(*texts) == ("integer", values)


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (("1", ".5", "-2.", "3e-2", "+4.5"), [1.0, 0.5, -2.0, 0.03, 4.5]),
        (("$1,234.50", "($5)", "US$ 1,000"), [1234.5, -5.0, 1000.0]),
        (("5.5%", "-12%", "３.5％"), [5.5, -12.0, 3.5]),
        (("1'234.50",), [1234.5]),
        (("1e20", "100000000000000000000"), [1e20, 1e20]),
    ],
)
def test_fractions(texts: tuple[str, ...], values: list[float]) -> None:
    assert read(*texts) == ("number", values)


def test_a_comma_is_a_decimal_mark_only_where_it_does_not_divide_the_columns() -> None:
    assert read("1,5", "1.234,25", delimiter=";") == ("number", [1.5, 1234.25])
    assert read("1,5", "2", delimiter="\t") == ("number", [1.5, 2.0])
    assert read("1,5", "2")[0] == "category"


def test_a_comma_before_three_digits_is_what_the_rest_of_the_file_says() -> None:
    assert read("1,234", delimiter=";", decimal_comma=True) == ("number", [1.234])
    assert read("1,234", delimiter=";") == ("integer", [1234])


@pytest.mark.parametrize("text", ["0x10", "1_000", "١٢٣", "10²", "007", "--5", "$", "1e", "1,23", "(5", "5)", "½", "Ⅷ"])
def test_what_only_looks_like_a_number_stays_a_text(text: str) -> None:
    assert read(text) == ("category", [text])


@pytest.mark.parametrize(
    "text", ["202611240000012345", "99999999999999999999", "9007199254740993", "-9007199254740993"]
)
def test_a_whole_number_that_would_lose_digits_is_a_text(text: str) -> None:
    assert read("1", text) == ("category", ["1", text])
    assert read("0.5", text)[0] == "category"


def test_one_code_with_leading_zeros_keeps_a_whole_column_as_it_is() -> None:
    assert read("1", "20", "007") == ("category", ["1", "20", "007"])


def test_zeros_in_front_among_fractions_are_numbers_written_to_a_width() -> None:
    assert read("007", "012.5") == ("number", [7.0, 12.5])


@pytest.mark.parametrize("words", BOOLEANS)
def test_every_pair_of_words_for_yes_and_no(words: tuple[str, str]) -> None:
    yes, no = words
    assert read(yes, no.upper(), None, yes.title()) == ("boolean", [True, False, None, True])


def test_one_and_zero_are_numbers_and_mixed_words_are_texts() -> None:
    assert read("1", "0")[0] == "integer"
    assert read("yes", "false")[0] == "category"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2011-01-02", datetime(2011, 1, 2)),
        ("2011/1/2 3:04", datetime(2011, 1, 2, 3, 4)),
        ("2011-01-02T03:04:05.678", datetime(2011, 1, 2, 3, 4, 5, 678000)),
        ("2024-02-29T10:00:00+08:00", datetime(2024, 2, 29, 2)),
        ("2024-02-29T10:00:00Z", datetime(2024, 2, 29, 10)),
        ("2023年2月3日", datetime(2023, 2, 3)),
        ("1/13/2011", datetime(2011, 1, 13)),
        ("13/1/2011", datetime(2011, 1, 13)),
        ("01.02.2011 10:00", datetime(2011, 2, 1, 10)),
        ("1/1/2011 12:30 AM", datetime(2011, 1, 1, 0, 30)),
        ("1/1/2011 12:30 pm", datetime(2011, 1, 1, 12, 30)),
        ("12-Jan-2011", datetime(2011, 1, 12)),
        ("September 5, 1066", datetime(1066, 9, 5)),
    ],
)
def test_dates(text: str, moment: datetime) -> None:
    assert read(text, None) == ("date", [moment, None])


def test_days_and_months_are_told_apart_by_the_whole_column() -> None:
    assert read("1/2/2011", "13/2/2011") == ("date", [datetime(2011, 2, 1), datetime(2011, 2, 13)])
    assert read("1/2/2011", "2/13/2011") == ("date", [datetime(2011, 1, 2), datetime(2011, 2, 13)])


@pytest.mark.parametrize(
    "text",
    [
        "2023-02-30",
        "2023-13-01",
        "2023-00-10",
        "0000-01-01",
        "2023-01-01 24:01",
        "2023-01-01 13:00 pm",
        "2023-01-01 10:61",
        "2023-01-01T00:00+99:00",
        "32/1/2011",
        "3-Foo-2011",
        "20110101T00",
    ],
)
def test_a_day_or_time_that_does_not_exist_is_no_date(text: str) -> None:
    assert read(text)[0] == "category"
    assert parse_date(text) is None


def test_a_column_without_values_fits_every_kind() -> None:
    for kind in type_candidates(";", decimal_comma=True):
        values = try_type(kind, pa.nulls(3, pa.string()))
        assert values is not None
        assert values.type == kind.arrow
        assert values.null_count == 3


def test_a_misfit_far_down_is_found_and_no_text_beside_the_slice_matters() -> None:
    column = pa.array(["1"] * 1000 + ["x"])
    assert try_type(type_candidates(",", decimal_comma=False)[0], column) is None
    assert try_type(type_candidates(",", decimal_comma=False)[0], column[:1000]) is not None


def test_currencies_are_known_by_sign_and_by_letters() -> None:
    for sign in ("$", "€", "£", "￥", "₹", "RMB", "EUR"):
        assert read(f"{sign}1.5")[0] == "number", sign
