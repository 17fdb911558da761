"""Texts of others in a terminal: nothing of them is a command to it, and they take the columns that they say."""

import pytest

from infra.cli.text import cut, pad, visible, width


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("price [/usd]", "price [/usd]"),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("a\nb\r\tc", "a\\nb\\r\\tc"),
        ("csi \x9b31m", "csi \\x9b31m"),
        ("half \ud83d", "half \\ud83d"),
        ("abc\u202etxt", "abc\\u202etxt"),
        ("房价 Größe e\u0301", "房价 Größe e\u0301"),
        ("two\u2028lines", "two\\u2028lines"),
    ],
)
def test_control_characters_are_shown_and_not_sent(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_lines_of_a_message_may_stay() -> None:
    assert visible("a\nb\x1b", lines=True) == "a\nb\\x1b"


@pytest.mark.parametrize(
    ("text", "columns"), [("abc", 3), ("房价", 4), ("e\u0301", 1), ("ｆｕｌｌ", 8), ("😀", 2), ("", 0)]
)
def test_chinese_characters_take_two_columns_and_accents_none(text: str, columns: int) -> None:
    assert width(text) == columns


@pytest.mark.parametrize(
    ("text", "columns", "shown"),
    [
        ("california_housing.csv", 30, "california_housing.csv"),
        ("california_housing.csv", 11, "calif…g.csv"),
        ("房价数据房价数据", 9, "房价…数据"),
        ("房价数据房价数据", 8, "房价…据"),
        ("abc", 1, "…"),
        ("abc", 0, ""),
    ],
)
def test_the_middle_of_a_long_text_is_left_out(text: str, columns: int, shown: str) -> None:
    assert cut(text, columns) == shown
    assert width(cut(text, columns)) <= columns


def test_texts_are_padded_to_columns() -> None:
    assert (pad("房", 4), pad("7", 3, right=True)) == ("房  ", "  7")
