"""Texts between numbers and words: codes with a letter, shares beside percentages, commas far below."""

import pytest

from tests.support.tables import cells, read


def texts_and_warnings(name: str, texts: list[str]) -> tuple[str, list[object], list[str]]:
    """Return the type of a column of this name, its values, and its warnings."""
    table = read(f"{name};y\n" + "".join(f"{text};1.5\n" for text in texts))
    return table.columns[0].type, cells(table, name), [one for one in table.warnings if repr(name) in one]


@pytest.mark.parametrize("name", ["seat", "Seat No", "room_code", "house_id", "zimmer", "座位号"])
def test_digits_and_a_letter_identify_what_the_name_says(name: str) -> None:
    for texts in (["1B", "3B", "12B"], ["12K", "3M", "1B"], ["1A", "2A", "3A"], ["32K"] * 5):
        kind, values, warnings = texts_and_warnings(name, texts)
        assert (kind, values) == ("category", texts)
        assert warnings or len(set(texts)) == 1


def test_amounts_of_money_below_such_a_name_are_numbers() -> None:
    assert texts_and_warnings("unit", ["$1.50", "$2"])[:2] == ("number", [1.5, 2.0])
    assert texts_and_warnings("line", ["1", "22"])[:2] == ("integer", [1, 22])


def test_several_letters_behind_short_numbers_that_are_not_round_are_codes() -> None:
    texts = ["12K", "3M", "1B", "17M", "28K", "4B", "9M", "31K"]
    kind, values, warnings = texts_and_warnings("x", texts)
    assert (kind, values) == ("category", texts)
    assert warnings
    for other in ("$5K", "1.5M", "250K"):
        assert texts_and_warnings("x", [*texts[:7], other])[0] != "category" or other == "$5K"
    assert texts_and_warnings("installs", ["10K", "50K", "1M", "5M", "10M", "5K", "1K", "50M", "1B"])[0] == "integer"


def test_ordinals_are_texts() -> None:
    assert texts_and_warnings("x", ["4th", "5th", "11th"])[0] == "category"


def test_numbers_beside_percentages_are_percentages_unless_one_may_be_a_share() -> None:
    kind, values, warnings = texts_and_warnings("x", ["45%", "55", "0", "12.5%"])
    assert (kind, values) == ("number", [45, 55, 0, 12.5])
    assert "1 of its numbers have no unit and are taken for %" in warnings[1]
    for share in ("0.12", "1"):
        kind, _, warnings = texts_and_warnings("x", ["45%", share, "55"])
        assert kind == "category"
        assert "different units" in warnings[0]


def test_decimal_commas_in_quotes_are_numbers_wherever_they_begin() -> None:
    whole = "".join(f"{i},{i % 7}\n" for i in range(3000))
    table = read(f'x,y\n{whole}"1,5",2\n"2,25",3\n')
    assert cells(table, "x")[-2:] == [1.5, 2.25]
    assert "'1,5' is read as 1.5" in str(table.warnings)


def test_thousands_are_not_divided_in_front_of_an_exponent() -> None:
    assert texts_and_warnings("x", ["1,234e3", "2,5e1"])[1] == [1234.0, 25.0]
    assert texts_and_warnings("x", ["-4.137e-08", "2"])[1] == [-4.137e-08, 2.0]


def test_the_other_reading_of_a_negative_number_is_negative() -> None:
    assert "it is -7.486" in str(texts_and_warnings("x", ["-7,486"])[2])
