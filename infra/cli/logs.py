"""`regatta logs`: what the parts of the embedded stack write."""

import os
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from infra.cli.exit_codes import ExitCode
from infra.cli.terminal import failure, load_settings
from infra.cli.text import visible

LOOK_SECONDS = 0.2


def logs(
    name: Annotated[
        str | None, typer.Argument(help="One part: web, ministack, redis or stack.", show_default="all of them")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is written from now on.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many lines of each to begin with.")] = 40,
) -> None:
    """Print the end of the logs of the embedded stack; it need not run."""
    folder = load_settings().home.expanduser() / "logs"
    found = {path.stem: path for path in sorted(folder.glob("*.log"))}
    if name is not None and name not in found:
        known = f"There are {', '.join(found)}." if found else "`regatta up` starts a stack."
        raise failure(f"There is no log of {name} in {folder}. {known}")
    if not found:
        raise failure(f"There are no logs in {folder}. `regatta up` starts a stack; REGATTA_HOME=DIR names its home.")
    chosen = found if name is None else {name: found[name]}
    tails = [LogTail(path, lines) for path in chosen.values()]
    margin = max(map(len, chosen)) if name is None else 0
    try:
        while True:
            for part, tail in zip(chosen, tails, strict=True):
                for line in tail.read():
                    typer.echo(f"{part:<{margin}} | {visible(line)}" if margin else visible(line))
            if not follow:
                return
            time.sleep(LOOK_SECONDS)
    except KeyboardInterrupt:
        raise typer.Exit(ExitCode.INTERRUPTED) from None


class LogTail:
    """The end of a log: the first `read` yields its last lines, the next ones what was written meanwhile."""

    def __init__(self, path: Path, lines: int) -> None:
        self._path = path
        self._lines: int | None = lines
        self._position = 0
        # The beginning of a line whose end is not written yet.
        self._rest = b""

    def read(self) -> Iterator[str]:
        """Yield the complete lines since the last time."""
        try:
            with self._path.open("rb") as log:
                if log.seek(0, os.SEEK_END) < self._position:  # it was begun anew
                    self._position, self._rest = 0, b""
                log.seek(self._position)
                newest = deque(log, maxlen=self._lines)
                self._position = log.tell()
        except OSError:
            return
        self._lines = None
        *complete, self._rest = (self._rest + b"".join(newest)).split(b"\n")
        for line in complete:
            yield line.decode(errors="replace")
