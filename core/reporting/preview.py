"""The first rows of a table: as they are, or, where they are wide, each column on a line of its own."""

from typing import Any

from core.reporting.formatting import NOTHING, count, counted, shortened
from core.reporting.html import Content, Markup, element, folded, isolated, scrolled
from core.reporting.names import breakable
from core.reporting.units import named
from core.reporting.words import say
from core.types import Json

ROWS, COLUMNS, CHARACTERS = 10, 100, 60
# More columns do not fit on a page beside each other: they stand below each other then.
MOST_BESIDE = 12
TURNED_CHARACTERS = 30
# Of those so many are not folded.
MOST_BELOW = 12


def preview_section(preview: Json, columns: Json) -> Markup:
    """Return a table of the first rows."""
    names: list[str] = preview["columns"][:COLUMNS]
    rows: list[list[Any]] = [row[: len(names)] for row in preview["rows"][:ROWS]]
    is_turned = len(names) > MOST_BESIDE
    more = len(preview["columns"]) - len(names)
    note = say("preview.some" if more else "preview.note", rows=counted(len(rows), "row"), columns=len(names))
    if is_turned:
        note += say("preview.turned")
    first, others = (names[:MOST_BELOW], names[MOST_BELOW:]) if is_turned else (names, [])
    table = _turned(first, 0, rows, columns) if is_turned else _as_it_is(names, rows, columns)
    return element(
        "section",
        element("h2", say("preview.title")),
        element("p", note, class_="note"),
        scrolled(say("preview.title"), table, class_="preview turned" if is_turned else "preview"),
        folded(
            counted(len(others), "more_column"),
            scrolled(say("preview.title"), _turned(others, len(first), rows, columns), class_="preview turned"),
        )
        if others
        else None,
        id="rows",
    )


def _as_it_is(names: list[str], rows: list[list[Any]], columns: Json) -> Markup:
    """Return a line for each row."""
    kinds = [_kind(columns[name]) for name in names]
    head = (
        element("th", _named(name, columns[name]), class_=kind, scope="col")
        for name, kind in zip(names, kinds, strict=True)
    )
    lines = (
        element("tr", *(_cell(value, kind, CHARACTERS) for value, kind in zip(row, kinds, strict=False)))
        for row in rows
    )
    return element("table", element("thead", element("tr", *head)), element("tbody", *lines))


def _turned(names: list[str], start: int, rows: list[list[Any]], columns: Json) -> Markup:
    """Return a line for each of these columns, the first of which is at `start` in the rows."""
    numbers = (element("th", count(number), scope="col", class_="number") for number in range(1, len(rows) + 1))
    lines = (
        element(
            "tr",
            element("th", _named(name, columns[name]), scope="row"),
            *(_cell(row[position], "number", TURNED_CHARACTERS) for row in rows),
        )
        for position, name in enumerate(names, start)
    )
    head = element("tr", element("th", say("preview.row"), scope="col"), *numbers)
    return element("table", element("thead", head), element("tbody", *lines))


def _kind(statistics: Json) -> str | None:
    """Return the class of a column's cells."""
    return "number" if statistics["type"] in ("integer", "number") else None


def _named(name: str, statistics: Json) -> Content:
    """Return the name of a column, which may break at its underscores, and its unit."""
    return named(name, statistics, CHARACTERS, breakable)


def _cell(value: Any, kind: str | None, characters: int) -> Markup:
    """Return a cell as the data has it: digits are neither rounded nor grouped."""
    if value is None:
        return element("td", NOTHING, class_=f"{kind} none" if kind else "none")
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return element("td", isolated(shortened(text, characters)), class_=kind)
