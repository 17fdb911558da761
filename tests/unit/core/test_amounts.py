"""Amounts mean the same to the reader of columns and to the reader of single texts."""

import random

import pyarrow as pa
import pytest

from core.amounts import DecimalMark, loses_digits, parse_amount, same_unit
from core.currencies import CODES, CURRENCIES
from core.decimal_marks import count_decimal_marks
from core.tables.amount_columns import AmountReader

LEADS = ["", "", "$", "$ ", "R$ ", "Rs. ", "CHF ", "-", "−", "(", "($", "$ (", "¥", "kr ", "+", "R ", "- €"]
TAILS = [
    "",
    "",
    " kg",
    "GB",
    "%",
    " €",
    " kr",
    "-",
    ")",
    " €)",
    "万",
    "亿元",
    "元/平",
    "K",
    " M",
    "㎡",
    "-door",
    "am",
    " EUR-",
]


@pytest.mark.parametrize("decimal", [".", ","])
def test_a_column_and_a_single_text_are_read_alike(decimal: DecimalMark) -> None:
    rng = random.Random(decimal)
    read = 0
    for _ in range(4000):
        group = rng.choice(["", "", ",", ".", "'", " ", "\u202f"])
        whole = f"{rng.randrange(10 ** rng.randrange(1, 9)):,}".replace(",", group)
        fraction = rng.choice(["", "", ",5", ".25", ",125", ".125", ",-", "."])
        text = f"{rng.choice(LEADS)}{whole}{fraction}{rng.choice(TAILS)}"
        reader = AmountReader(decimal, is_integer=False)
        column = reader.convert(pa.array([text]))
        if column is None:
            assert parse_amount(text, "?", decimal) is None, text
            continue
        reader.count()
        read += 1
        assert parse_amount(text, reader.unit, decimal) == column[0].as_py(), text
    assert read > 500


def test_every_currency_is_known_before_and_behind_a_number() -> None:
    for spelling in CURRENCIES:
        for text in (f"{spelling} 12.50", f"12.50 {spelling}", f"-{spelling} 12.50", f"({spelling} 12.50)"):
            value = parse_amount(text, spelling)
            assert value == (12.5 if text[0] not in "-(" else -12.5), text
    assert len(CODES) > 170


def test_the_unit_may_be_left_out_but_not_be_another_one() -> None:
    assert parse_amount("1248 CC", "CC") == parse_amount("1,248", "CC") == parse_amount("1248cc", "CC") == 1248
    assert parse_amount("1248 kg", "CC") is None
    assert parse_amount("1248 CC") is None
    assert parse_amount("$ -", "$") == 0
    assert parse_amount("12M", "M") == 12
    assert parse_amount("12M") == 12_000_000


def test_spellings_of_one_unit() -> None:
    assert same_unit("$", "USD")
    assert same_unit("kg", "KG")
    assert same_unit("year", "years")
    assert same_unit("lb", "lbs")
    assert same_unit("m²", "㎡")
    assert same_unit("sq ft", "sq. ft")
    assert not same_unit("mW", "MW")
    assert not same_unit("A$", "US$")
    assert not same_unit("kg", "g")


def test_whole_numbers_that_float64_does_not_keep() -> None:
    assert loses_digits("9007199254740993")
    assert loses_digits("4200001234202405011234567800")
    assert not loses_digits("9007199254740992")
    assert not loses_digits("1" + "0" * 25)
    assert not loses_digits("9" * 5000)


@pytest.mark.parametrize("piece", ["a", " ", "1", ",", ".", "1,", "-(", "a.", "$ ", "1 ", "(1", "é"])
def test_reading_a_text_takes_time_in_proportion_to_its_length(piece: str) -> None:
    # With a pattern that tries every division of a text, these would take years.
    for end in ("", ",b", "1,5", ",5x", "-", "e"):
        text = piece * 19 + end
        count_decimal_marks([text])
        for decimal in (".", ","):
            parse_amount(text * 100, "kg", decimal)


def test_a_number_with_an_exponent_shows_the_decimal_mark() -> None:
    assert count_decimal_marks(["7,067e+06", "1,5", "1,234", "R$ 1.799,51", "Rs. 1,069.19", "-4.137e-08"]) == (3, 2)


@pytest.mark.parametrize("text", ["(45,00) €", "(45,00)€", "( 45,00 ) EUR", "(€45,00)"])
def test_brackets_of_a_negative_amount_may_end_before_the_currency(text: str) -> None:
    assert parse_amount(text, "€", ",") == -45


def test_brackets_before_a_word_are_no_minus() -> None:
    assert parse_amount("(45) apples", "apples") is None
