"""Rows that may be junk or data: those that fit as data are kept, and whatever is left out is named."""

import pytest

from core.tables.table import Table
from tests.support.tables import cells, read

HEADER = "city,n,y"
ROWS = [f"{'NSEW'[i % 4]}town,{i % 7 + 1},{i * 1.5}" for i in range(30)]
COUNT = sum(i % 7 + 1 for i in range(30))


def table_of(lines: list[str]) -> Table:
    return read("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("above", "last", "says"),
    [
        ([], "All,3,7.5", "line 32 begins as a total does, but has no sums of its columns, and is kept"),
        ([], "Total,5,0.5", "is kept as a row: 'Total,5,0.5'"),
        ([], "mean,3,7.5", "is kept as a row"),
        # A word that stands further up as well is a value; it may stand below the first lines.
        (["Total,5,5"], "Total,3,9", None),
        ([*ROWS * 10, "Total,5,5", *ROWS], "Total,3,9", None),
        ([*ROWS * 10, "Notes,5,5", *ROWS], "Notes,,9", None),
    ],
)
def test_a_last_row_that_fits_is_kept(above: list[str], last: str, says: str | None) -> None:
    table = table_of([HEADER, *above, *ROWS, last])
    assert cells(table, "city")[-1] == last.split(",", maxsplit=1)[0]
    assert table.rows == len(above) + len(ROWS) + 1
    assert [says] == [says for warning in table.warnings if says in warning] if says else table.warnings == []


@pytest.mark.parametrize(
    "last",
    [
        f"Total,{COUNT},652.5",
        f"合计,{COUNT},",
        "Sum,,652.5",
        "Grand Total,120,652.50",
        f"mean,{COUNT / 30:.3f},21.75",
        f"Average,{COUNT / 30:.1f},21.8",
        "Total,,",
        "Notes: all, prices, in EUR",
        "Notes,,",
    ],
)
@pytest.mark.parametrize("times", [1, 10])
def test_a_total_or_a_footer_is_left_out_with_its_line(last: str, times: int) -> None:
    rows = [*ROWS, *[f"{'NSEW'[i % 4]}town,0,0" for i in range(30 * (times - 1))]]
    if "ean" in last or "Av" in last:
        rows = ROWS * times
    table = table_of([HEADER, *rows, last])
    assert table.rows == len(rows)
    assert any(f"line {len(rows) + 2} is a" in warning and "left out" in warning for warning in table.warnings)


def test_a_total_above_subtotals_is_their_sum() -> None:
    table = table_of(["k,n", "a,1", "a,2", "Sum of a,3", "b,4", "b,5", "Sum of b,9", "Total,12"])
    assert table.rows == 6


def test_sums_are_as_precise_as_they_are_written() -> None:
    rows = [f"k{i},{i / 3:.2f}" for i in range(100)]
    assert table_of(["k,n", *rows, "Total,1650.0"]).rows == 100
    assert table_of(["k;n", *[row.replace(",", ";").replace(".", ",") for row in rows], "Total;1.650,0"]).rows == 100


@pytest.mark.parametrize("row", ["unknown,unknown,x", "pending,n.k.,x", "tbd,unknown,z", "size,size,x", "old,new,x"])
def test_a_first_row_of_stray_values_is_a_row(row: str) -> None:
    table = table_of(["a,b,k", row, "1,2,x", "3,4,y", "5,6,x", "7,8,y"])
    assert (table.rows, cells(table, "a")[0]) == (5, row.split(",", maxsplit=1)[0])
    assert sum("is text because" in warning for warning in table.warnings) == 2


@pytest.mark.parametrize("row", ["size of it,weight,sort", "m,kg,", "[m],[kg],-", "m,m,kind", "The size,The weight,"])
def test_a_first_row_of_units_or_descriptions_is_left_out(row: str) -> None:
    table = table_of(["a,b,k", row, "1,2,x", "3,4,y", "5,6,x", "7,8,y"])
    assert (table.rows, [column.type for column in table.columns]) == (4, ["integer", "integer", "category"])
    assert table.warnings == [f"line 2 is below the header, has units or descriptions, and was left out: {row!r}"]
