"""How a CSV quotes its cells is found in its first lines, without harm to the lines below."""

import pytest

from core.delimited.quoting import USUAL, Quoting, find_quoting
from tests.support.tables import cells, read


@pytest.mark.parametrize("below", [["'t Hart", "'s Gravenhage"], ["'t Hart"]])
def test_a_few_cells_in_single_quotes_do_not_make_them_quotes(below: list[str]) -> None:
    names = [f"n{i}" for i in range(400)]
    names[5], names[300 : 300 + len(below)] = "'quoted'", below
    table = read("\n".join(["id,name,y", *[f"{i},{name},{i}" for i, name in enumerate(names)], ""]))
    assert (table.rows, cells(table, "name"), table.warnings) == (400, names, [])


@pytest.mark.parametrize(
    ("rows", "quoting"),
    [
        (["a,'b'"] * 9, Quoting("'")),
        (["'b',1"], Quoting("'")),
        (["a,'b, c'", *["a,b"] * 9], Quoting("'")),
        (["a,'b'", *["a,b"] * 9], USUAL),
        (["a,'tis", "a,'b'"], USUAL),
    ],
)
def test_single_quotes_around_most_rows_or_a_delimiter_are_quotes(rows: list[str], quoting: Quoting) -> None:
    assert find_quoting([f"{row}\n" for row in ["x,y", *rows]], ",") == quoting
