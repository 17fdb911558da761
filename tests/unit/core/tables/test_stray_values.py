"""The warning of a column that is text names the cells that made it so, and no other."""

from pathlib import Path

import pytest

from core.errors import TargetError
from core.preprocessing.features import check_target
from tests.support.tables import read

CASES = Path(__file__).parents[3] / "data/cases"


def warning_of(*texts: str) -> str:
    """Return the warnings of a column of these texts as one text."""
    table = read("x;y\n" + "".join(f'"{text}";{row}\n' for row, text in enumerate(texts)))
    assert table.columns[0].type == "category"
    return " ".join(table.warnings)


def test_one_word_among_amounts_is_named_and_no_amount_is() -> None:
    (path,) = CASES.glob("B4*")
    lines = path.read_text(encoding="utf-8").splitlines()
    line, word = next((n, text.split(",")[0]) for n, text in enumerate(lines[1:], start=2) if not set("$0") & {text[0]})
    (warning,) = read(path.read_bytes()).warnings
    assert warning == (
        f"column 'Price' is text because 1 of its values are neither numbers nor dates: {word!r}; the first is in "
        f"line {line}"
    )


def test_a_word_in_many_rows_is_counted_and_its_first_line_named() -> None:
    cells = ["19M", "8.5M", "201k"] * 20 + ["Varies with device"] * 15
    assert (
        "because 15 of its values are neither numbers nor dates: 'Varies with device' in 15 rows, first in line 62"
        in (warning_of(*cells))
    )


@pytest.mark.parametrize(
    "amounts", [["$5.50", "$1,200", "0"], ["8GB", "512 GB"], ["12%", "(5%)"], ["1.234,5", "7,25"], ["955万", "1.2亿"]]
)
def test_what_the_reader_understands_is_never_stray(amounts: list[str]) -> None:
    warning = warning_of(*amounts * 10, "Ask For Price")
    assert "because 1 of its values are neither numbers nor dates: 'Ask For Price'; the first is in line" in warning


@pytest.mark.parametrize(
    ("texts", "counts"),
    [
        (["12%"] * 3 + ["0.12"] * 2, "'%' in 3 rows (such as '12%'), none in 2 rows (such as '0.12')"),
        (["$5"] * 3 + ["€6", "€7"], "'$' in 3 rows (such as '$5'), '€' in 2 rows (such as '€6')"),
        (["8GB", "16 GB", "1TB"], "'GB' in 2 rows (such as '8GB'), 'TB' in 1 row (such as '1TB')"),
    ],
)
def test_units_that_do_not_go_together_are_counted(texts: list[str], counts: str) -> None:
    assert f"is text: its numbers have different units: {counts}" in warning_of(*texts)


def test_a_target_that_is_text_because_of_few_words_is_refused_with_them() -> None:
    table = read("x,y\n" + "".join(f"{row},{row}\n" for row in range(20)) + "Ask For Price,1\n")
    with pytest.raises(
        TargetError, match=r"'x' is text because 1 of its values .* 'Ask For Price'; the first is in line 22"
    ):
        check_target(table.columns, "x")


def test_addresses_and_names_have_no_warning() -> None:
    assert warning_of(*(f"{i} {street} St" for i, street in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ", start=1))) == ""
    assert warning_of("12A", "14B", "16C", "17D", "18E", "19F", "20G", "21H", "22I", "23J", "24K", "25L") == ""
