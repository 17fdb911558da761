"""Tables, the colours of states, and progress bars for all commands."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import JustifyMethod
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table

from infra.cli.terminal import console

if TYPE_CHECKING:
    from infra.client.part_upload import ReportBytes
    from infra.client.service import ReportProgress

# States of jobs and of arrivals.
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
# Columns that are never wrapped, and those that are aligned to the right.
UNWRAPPED = ("job", "dead letter", "series")
FIGURES = ("progress", "age", "tries", "rows", "version", "champion", "files")


def coloured(state: str) -> str:
    """Return a state with the markup of its colour."""
    return f"[{COLOURS.get(state, 'default')}]{state}[/]"


def table(*columns: str) -> Table:
    """Return an empty table with these headings."""
    empty = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        justify: JustifyMethod = "right" if column in FIGURES else "left"
        empty.add_column(column, no_wrap=column in UNWRAPPED, overflow="fold", justify=justify)
    return empty


@contextmanager
def progress_bar(stage: str) -> Iterator["ReportProgress"]:
    """Show a job's stage, progress and time within a `with` block; yield a function to report them to."""
    with progress(TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn()) as bars:
        bar = bars.add_task(stage, total=1.0)
        yield lambda stage, done: bars.update(bar, description=stage, completed=done)


@contextmanager
def transfer_bar(size_bytes: int) -> Iterator["ReportBytes"]:
    """Show within a `with` block how much of `size_bytes` is sent; yield a function to report further bytes to."""
    columns = (TextColumn("Sending"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with progress(*columns) as bars:
        bar = bars.add_task("", total=size_bytes)
        yield lambda count: bars.advance(bar, count)


def progress(*columns: ProgressColumn) -> Progress:
    """Return a progress display that disappears when it is done, and shows nothing where there is no terminal."""
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
