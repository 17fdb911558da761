"""What commands show alike: tables, the colours of states, and how far something is."""

from rich.console import Console, JustifyMethod
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

# Of jobs, and of what was decided about files.
COLOURS = {
    "succeeded": "green",
    "failed": "red",
    "running": "cyan",
    "cancelled": "dim",
    "accepted": "green",
    "held": "yellow",
    "waiting": "yellow",
    "refused": "red",
}
# Names stay whole on their line, whatever has to give way for them; figures stand to the right.
WHOLE = ("job", "dead letter", "series")
FIGURES = ("progress", "age", "tries", "rows", "version", "champion", "files")


def coloured(state: str) -> str:
    """A state in its colour."""
    return f"[{COLOURS.get(state, 'default')}]{state}[/]"


def table(*columns: str) -> Table:
    """An empty table with these headings."""
    empty = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        justify: JustifyMethod = "right" if column in FIGURES else "left"
        empty.add_column(column, no_wrap=column in WHOLE, overflow="fold", justify=justify)
    return empty


def following(console: Console) -> Progress:
    """A bar that says what is done, how much of it is behind, and for how long; nothing where nobody looks."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
