"""Tables fit the terminal, or are as wide as they need where there is none."""

import pytest

from infra.cli.tables import Cell, Column, Table
from infra.cli.text import width


def shown(table: Table, columns: int | None) -> list[str]:
    return ["".join(piece.text for piece in line) for line in table.lines(columns)]


def files() -> Table:
    table = Table([Column("file_id", is_whole=True), Column("name"), Column("rows", is_figure=True), Column("state")])
    table.add("1a21d70d9d9f790081288", "房价_a_very_long_name_of_a_file_2024.csv", "1,030", Cell("ready", "green"))
    table.add("1a21d70d9d9f790081289", "[bold]x[/red]\x1b", 7, None)
    return table


def test_without_a_terminal_nothing_is_cut() -> None:
    assert shown(files(), None) == [
        "file_id                name                                       rows  state",
        "1a21d70d9d9f790081288  房价_a_very_long_name_of_a_file_2024.csv  1,030  ready",
        "1a21d70d9d9f790081289  [bold]x[/red]\\x1b                             7  -",
    ]


def test_a_long_name_is_cut_in_the_middle_and_an_identifier_is_not() -> None:
    lines = shown(files(), 60)
    assert [width(line) for line in lines[1:2]] == [60]
    assert lines[1] == "1a21d70d9d9f790081288  房价_a_very…le_2024.csv  1,030  ready"


@pytest.mark.parametrize("columns", [20, 40, 60, 80, 200])
def test_no_line_is_wider_than_the_terminal(columns: int) -> None:
    assert max(width(line) for line in shown(files(), columns)) <= columns


def test_a_table_that_cannot_fit_is_a_block_for_each_row() -> None:
    assert shown(files(), 32) == [
        "file_id  1a21d70d9d9f790081288",
        "name     房价_a_very…le_2024.csv",
        "rows     1,030",
        "state    ready",
        "",
        "file_id  1a21d70d9d9f790081289",
        "name     [bold]x[/red]\\x1b",
        "rows     7",
        "state    -",
    ]


def test_a_table_that_nearly_fits_has_narrow_gaps() -> None:
    table = Table([Column("version", is_figure=True), Column("R2", is_figure=True), Column("serves")])
    table.add(1, "0.827", "serves")
    assert shown(table, 21) == ["version    R2 serves", "      1 0.827 serves"]
