"""Columns that are text because of few cells name these cells, with their lines."""

import pytest

from core.tables import reading_pass
from tests.support.tables import read


def reason(cells: list[str]) -> str | None:
    table = read("".join(["c;y\n", *[f"{cell};{i}\n" for i, cell in enumerate(cells)]]))
    because = table.columns[0].text_because
    assert because is None or f"column 'c' is text{because}" in table.warnings
    return because


ZONES = [f"Zone {i}" for i in range(10, 30)]
DAYS = [f"2022-01-{day:02}" for day in range(1, 29)]


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ([*DAYS, "03/04/2022"], "dates (Y-M-D), but not '03/04/2022' in line 30"),
        (["03/04/2022", *DAYS], "dates (Y-M-D), but not '03/04/2022' in line 2"),
        ([f"{day:02}/01/2022" for day in range(1, 29)] + ["01/13/2022"], "dates (D/M/Y), but not '01/13/2022'"),
        (["1,5", "2,7", "3.5"] * 5, "numbers with decimal commas, but not '3.5' in line 4"),
        ([f"{hour}:15" for hour in range(1, 20)] + ["25:99"], "times of day, but not '25:99' in line 21"),
        ([f"{i}.5" for i in range(20)] + ["2022-01-01"], "numbers, but not '2022-01-01' in line 22"),
        ([str(i) for i in range(300)] + ["99/99/9999"] * 3, "numbers, but not '99/99/9999' in line 302"),
        ([str(i) for i in range(300)] + ["Zone 10"] * 3, "'Zone 10' in 3 rows, first in line 302"),
        ([f"{i:05}" for i in range(20)], "zeros in front, which a number does not keep, such as '00000'"),
    ],
)
def test_the_cell_of_another_kind_is_blamed(cells: list[str], said: str) -> None:
    assert said in (reason(cells) or "")


def test_a_cell_of_another_kind_far_down_is_blamed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_pass, "BLOCK_BYTES", 1 << 10)
    assert "dates (Y-M-D), but not '03/04/2022' in line 1122" in (reason([*DAYS * 40, "03/04/2022", *DAYS]) or "")


@pytest.mark.parametrize(
    "cells",
    [
        ["有", "0"] * 5,
        ["Garage", "0", "Carport"] * 5,
        ["yes", "no"] * 9 + ["maybe"],
        ["S", "M", "42"] * 5,
        [f"Zone {i}" for i in range(10, 30)] * 2,
    ],
)
def test_a_column_of_kinds_blames_no_cell(cells: list[str]) -> None:
    assert reason(cells) is None


def test_words_among_amounts_are_counted_with_their_line() -> None:
    cells = [f"${price}" for price in range(100, 400)] + ["Ask For Price"] * 35
    assert "'Ask For Price' in 35 rows, first in line 302" in (reason(cells) or "")


@pytest.mark.parametrize(
    ("cells", "counts"),
    [
        (["45 kg", "55", "60 kg"] * 5, "'kg' in 10 rows (such as '45 kg'), none in 5 rows (such as '55')"),
        (["$45", "€55", "$60"] * 5, "'$' in 10 rows (such as '$45'), '€' in 5 rows (such as '€55')"),
        (["12%", "0.12", "9%"] * 5, "'%' in 10 rows (such as '12%'), none in 5 rows (such as '0.12')"),
    ],
)
def test_units_that_do_not_go_together_are_counted(cells: list[str], counts: str) -> None:
    assert counts in (reason(cells) or "")


def test_percent_signs_may_be_left_out() -> None:
    table = read("c,y\n" + "".join(f"{cell},1\n" for cell in ["45%", "55", "60%"] * 5))
    assert (table.columns[0].type, table.columns[0].unit) == ("integer", "%")
    assert "column 'c': 5 of its numbers have no unit and are taken for %" in table.warnings
