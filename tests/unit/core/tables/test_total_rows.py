"""Totals in the middle of a table stay rows, and a warning names the first of them with its line."""

import pytest

from tests.support.tables import read

GROUPS = "name,b,y\n" + "".join(f"n{number},{number},{2 * number}\n" for number in range(12))


@pytest.mark.parametrize("word", ["Subtotal", "subtotal: 15", "小计", "小 计", "Zwischensumme"])
def test_totals_between_groups_are_named(word: str) -> None:
    table = read((GROUPS + f"{word},15,30\n" + GROUPS.partition("\n")[2] + f"{word},15,30\nz,1,2\n").encode())
    assert table.rows == 27
    (warning,) = [warning for warning in table.warnings if "totals" in warning]
    assert f"column 'name': {word!r} in 2 rows, first in line 14," in warning


def test_a_single_total_between_groups_is_named() -> None:
    table = read((GROUPS + "Subtotal,66,132\nz,1,2\n").encode())
    assert "'Subtotal' in 1 row in line 14" in " ".join(table.warnings)


@pytest.mark.parametrize("texts", [["all", "some"] * 10, ["Totalled", "x", "y"] * 5, ["grand", "total loss", "y"] * 5])
def test_a_kind_of_thing_is_no_total(texts: list[str]) -> None:
    table = read(("scope,y\n" + "".join(f"{text},{place}\n" for place, text in enumerate(texts))).encode())
    assert not [warning for warning in table.warnings if "totals" in warning]
