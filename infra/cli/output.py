"""Where a command writes: its result to stdout, everything else to stderr.

Nothing here reads markup, so that a text with brackets is a text with brackets; see `infra.cli.text` for control
characters. Colours are left out where the output is no terminal, and where NO_COLOR is set.
"""

import os
import shutil
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

import typer

from infra.cli.exit_codes import ExitCode
from infra.cli.text import visible
from infra.cli.wording import in_shell_words

if TYPE_CHECKING:
    from infra.cli.tables import Line, Table

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
    "ready": "green",
}
WEIGHTS = ("bold", "dim")


@dataclass(frozen=True)
class Output:
    """The output of one command, in the form that its options ask for.

    With `as_json` stdout has one document and nothing else. With `quiet` it has the result alone, in a form for
    scripts, and stderr has errors alone.
    """

    as_json: bool = False
    quiet: bool = False

    def document(self, document: Any) -> None:
        """Write a document of the service to stdout as JSON."""
        import json

        indent = 2 if sys.stdout.isatty() else None
        # Halves of surrogate pairs and control characters are escaped; other characters stay readable.
        text = json.dumps(document, ensure_ascii=False, indent=indent)
        _echo(text.encode("utf-8", "backslashreplace").decode(), sys.stdout)

    def answer(self, document: Any, name: object, sentence: str) -> None:
        """Write what was done: the document, or with `quiet` the name of what it was done to, or a sentence."""
        if self.as_json:
            self.document(document)
        elif self.quiet:
            self.result(name)
        else:
            self.line(sentence)

    def result(self, text: object) -> None:
        """Write a line of the result to stdout, as `quiet` shows it too."""
        write_line(sys.stdout, visible(text))

    def line(self, text: str, colour: str = "") -> None:
        """Write a line about the result to stdout; `quiet` leaves it out."""
        if not self.quiet and not self.as_json:
            write_line(sys.stdout, visible(text), colour)

    def table(self, table: "Table", empty: str) -> None:
        """Write a table to stdout as wide as the terminal allows; without rows write `empty`."""
        if not table.rows:
            self.line(empty)
            return
        columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        _write_lines(sys.stdout, table.lines(columns))

    def note(self, text: str) -> None:
        """Write a remark to stderr."""
        if not self.quiet:
            write_line(sys.stderr, visible(text))

    def warn(self, text: object) -> None:
        """Write a warning to stderr."""
        if not self.quiet:
            write_line(sys.stderr, f"warning: {visible(in_shell_words(str(text)))}", "yellow")


def write_line(stream: TextIO, text: str, colour: str = "") -> None:
    """Write a line whose texts of others are visible already."""
    _echo(_styled(text, colour, _has_colours(stream)), stream)


def _write_lines(stream: TextIO, lines: Iterable["Line"]) -> None:
    """Write lines of pieces, each with its colour."""
    coloured = _has_colours(stream)
    for line in lines:
        _echo("".join(_styled(piece.text, piece.colour, coloured) for piece in line), stream)


def write_error(message: str) -> None:
    """Write what is wrong, and the way out, to stderr."""
    write_line(sys.stderr, visible(message, lines=True), "red")


def end_quietly() -> NoReturn:
    """End the command because nobody reads its output any more, as `head` does not."""
    with suppress(OSError, ValueError):
        # What is still in a buffer goes there when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise typer.Exit(ExitCode.PIPE_CLOSED)


def _echo(text: str, stream: TextIO) -> None:
    try:
        typer.echo(text, file=stream)
    except BrokenPipeError:
        end_quietly()


def _has_colours(stream: TextIO) -> bool:
    """Return whether a stream is a terminal that shows colours."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _styled(text: str, colour: str, coloured: bool) -> str:
    if not colour or not coloured:
        return text
    return typer.style(text, **{colour: True}) if colour in WEIGHTS else typer.style(text, fg=colour)
