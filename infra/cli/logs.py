"""`regatta logs`: what the parts of the embedded stack write."""

import json
import os
import time
from collections import deque
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from core.telemetry.visible_text import visible_json
from infra.cli.exit_codes import ExitCode
from infra.cli.terminal import failure, load_settings
from infra.cli.text import visible

LOOK_SECONDS = 0.2


class Level(StrEnum):
    """The levels of the log, the least grave first."""

    debug = "DEBUG"
    info = "INFO"
    warning = "WARNING"
    error = "ERROR"


def logs(
    name: Annotated[
        str | None,
        typer.Argument(help="One part: web, functions, ministack, redis or stack.", show_default="all of them"),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is written from now on.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many lines of each to begin with.")] = 40,
    request_id: Annotated[
        str | None, typer.Option(help="Only lines of this request and of its jobs, of the whole log.")
    ] = None,
    level: Annotated[
        Level | None, typer.Option(case_sensitive=False, help="Only lines at least as grave, of the whole log.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print lines of the service as they are.")] = False,
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
    wanted = Filter(request_id, level, only_json=as_json)
    tails = [LogTail(path, None if wanted.is_narrow else lines) for path in chosen.values()]
    margin = max(map(len, chosen)) if name is None and not as_json else 0
    try:
        while True:
            found_lines = [
                (part, line)
                for part, tail in zip(chosen, tails, strict=True)
                for line in filter(wanted.passes, tail.read())
            ]
            if wanted.is_narrow:  # all of them have a time
                found_lines.sort(key=lambda found: (_parsed(found[1]) or {}).get("time", ""))
            for part, line in found_lines:
                shown = visible_json(line) if as_json else _shown(line)
                typer.echo(f"{part:<{margin}} | {shown}" if margin else shown)
            if not follow:
                return
            time.sleep(LOOK_SECONDS)
    except KeyboardInterrupt:
        raise typer.Exit(ExitCode.INTERRUPTED) from None


class Filter:
    """Which lines are printed."""

    def __init__(self, request_id: str | None, level: Level | None, *, only_json: bool) -> None:
        self._request_id = request_id
        self._levels = list(Level)[list(Level).index(level) :] if level else None
        self._only_json = only_json

    @property
    def is_narrow(self) -> bool:
        """Return whether only some of the service's lines are asked for."""
        return self._request_id is not None or self._levels is not None

    def passes(self, line: str) -> bool:
        """Return whether a line is printed; one that is no JSON object has no id and no level."""
        if not (self._only_json or self.is_narrow):
            return True
        fields = _parsed(line)
        if fields is None or (self._request_id is not None and fields.get("request_id") != self._request_id):
            return False
        return self._levels is None or fields.get("level") in self._levels


def _parsed(line: str) -> dict[str, Any] | None:
    """Return the fields of a line of the service; None for a line of another program."""
    if not line.startswith("{"):
        return None
    try:
        fields = json.loads(line)
    except ValueError:
        return None
    return fields if isinstance(fields, dict) and "level" in fields else None


def _shown(line: str) -> str:
    """Return a line as a person reads it."""
    fields = _parsed(line)
    if fields is None:
        return visible(line)
    from core.telemetry.log import text_of

    return "\n".join(visible(part) for part in text_of(fields).splitlines())


class LogTail:
    """The end of a log: the first `read` yields its last lines, the next ones what was written meanwhile."""

    def __init__(self, path: Path, lines: int | None) -> None:
        """Begin with so many lines, with all where that is None."""
        self._path = path
        self._lines = lines
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
