"""Tables in HTML for notebooks. Every text is escaped: names of columns and files are what callers say."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

ROWS_SHOWN = 60


def table(title: str, head: Sequence[str], rows: Sequence[Iterable[Any]], notes: Iterable[str] = ()) -> str:
    """Return a table of at most 60 rows with a title above and notes below."""
    shown = "".join(f"<tr>{_cells('td', row)}</tr>" for row in rows[:ROWS_SHOWN])
    rest = [f"{len(rows) - ROWS_SHOWN} more rows"] if len(rows) > ROWS_SHOWN else []
    below = "".join(f"<div>{escape(str(note))}</div>" for note in [*rest, *notes])
    top = f"<thead><tr>{_cells('th', head)}</tr></thead>"
    return f"<div><b>{escape(title)}</b><table>{top}<tbody>{shown}</tbody></table>{below}</div>"


def pairs(title: str, values: Mapping[str, Any]) -> str:
    """Return a table of names and values."""
    return table(title, ("", ""), list(values.items()))


def _cells(tag: str, values: Iterable[Any]) -> str:
    return "".join(f"<{tag}>{'' if value is None else escape(str(value))}</{tag}>" for value in values)
