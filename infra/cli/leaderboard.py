"""The leaderboard of a comparison: as a table, and moving while the models race."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from infra.cli.figures import counted, score, size
from infra.cli.output import Output, write_line
from infra.cli.tables import Cell, Column, Table
from infra.cli.text import cut, visible

if TYPE_CHECKING:
    from core.types import Json
    from infra.cli.following import ShowJob

# As many rows move; more would scroll.
SHOWN_ROWS = 12


def result_table(comparison: "Json") -> Table:
    """Return the leaderboard of a finished comparison; the best is green."""
    columns = [
        Column("model"),
        *(Column(name, is_figure=True) for name in ("R2 folds", "folds", "R2 holdout", "µs a row", "size")),
    ]
    has_parameters = any(row.get("parameters") for row in comparison["results"])
    table = Table([*columns, Column("parameters")] if has_parameters else columns)
    best = comparison["best"]
    for row in comparison["results"]:
        colour = "green" if row == best or row.get("model_name") == best["model_name"] else ""
        cells = (
            _kind(row),
            score(row["cross_validation"]["mean"]),
            len(row["cross_validation"]["scores"]),
            score((row.get("metrics") or {}).get("r2")),
            *_cost(row),
            *([_parameters(row)] if has_parameters else []),
        )
        table.add(*(Cell(cell, colour) for cell in cells))
    return table


@contextmanager
def moving_leaderboard(output: Output, title: str) -> Iterator["ShowJob"]:
    """Show within a `with` block how a comparison stands; yield a function that takes each state of its job.

    A terminal shows a table that moves. Elsewhere each new leader is a line on stderr.
    """
    if output.quiet or output.as_json:
        yield lambda job: None
    elif sys.stderr.isatty():
        with _live(title) as show:
            yield show
    else:
        yield _Lines().show


@contextmanager
def _live(title: str) -> Iterator["ShowJob"]:
    from rich.console import Console, Group
    from rich.live import Live
    from rich.text import Text

    console = Console(stderr=True, highlight=False)
    with Live(console=console, transient=True, refresh_per_second=8) as live:

        def show(job: "Json") -> None:
            head = f"{title}: {visible(job['stage'])}, {job['progress']:.0%}"
            lines = [Text(cut(head, console.width), "bold")]
            for line in _moving_table(job.get("standings") or []).lines(console.width):
                lines.append(Text.assemble(*((piece.text, piece.colour) for piece in line)))
            live.update(Group(*lines))

        yield show


def _moving_table(standings: list["Json"]) -> Table:
    figures = (Column(name, is_figure=True) for name in ("R2", "folds", "µs a row", "size"))
    table = Table([Column("model"), *figures, Column("")])
    for row in standings[:SHOWN_ROWS]:
        table.add(_kind(row), score(row["r2"]), row.get("folds"), *_cost(row), _state(row))
    return table


def _state(row: "Json") -> Cell:
    """Return what a trial does now."""
    if row.get("error"):
        return Cell("failed", "red")
    return Cell("running" if row["running"] else " ", "cyan")


def _cost(row: "Json") -> tuple[str | None, str | None]:
    """Return the microseconds for one row and the size of a model, each None where it was not measured."""
    latency, size_bytes = row.get("latency_us"), row.get("size_bytes")
    return f"{latency:.0f}" if latency else None, size(size_bytes) if size_bytes else None


class _Lines:
    """Writes a line when another model leads."""

    def __init__(self) -> None:
        self._leader: tuple[str, str, str] | None = None

    def show(self, job: "Json") -> None:
        """Write the leader of a state of the job, if it is a new one."""
        standings = [row for row in job.get("standings") or [] if row["r2"] is not None]
        if not standings:
            return
        leader = (_kind(standings[0]), score(standings[0]["r2"]), counted(standings[0]["folds"], "fold"))
        if leader != self._leader:
            self._leader = leader
            write_line(
                sys.stderr, f"{job['progress']:4.0%}  {visible(leader[0])} leads with R2 {leader[1]} on {leader[2]}"
            )


def _parameters(row: "Json") -> str:
    return ", ".join(f"{name}={value}" for name, value in (row.get("parameters") or {}).items())


def _kind(row: "Json") -> str:
    """Return the regressor of a row, with its target transform if it has one."""
    transform = row.get("target_transform") or "none"
    return str(row["model_type"]) if transform == "none" else f"{row['model_type']} ({transform})"
