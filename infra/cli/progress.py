"""A progress bar on stderr, for what takes longer than a second; nothing where stderr is no terminal."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from infra.cli.text import visible

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from infra.cli.output import Output

# What is over sooner needs no bar.
PATIENCE_SECONDS = 1.0

# Takes what goes on, and how much of it is done, from 0 to 1; None where that is not known.
ReportProgress = Callable[[str, float | None], None]


@contextmanager
def progress_bar(output: "Output", stage: str) -> Iterator[ReportProgress]:
    """Show within a `with` block how far the work is; yield the function to report it to."""
    if output.quiet or not sys.stderr.isatty():
        yield lambda stage, done: None
        return
    bar = _Bar(stage)
    try:
        yield bar.report
    finally:
        bar.close()


class _Bar:
    """A bar that appears after `PATIENCE_SECONDS` and leaves nothing behind."""

    def __init__(self, stage: str) -> None:
        self._lock = threading.Lock()
        self._stage = stage
        self._done: float | None = None
        self._bars: Progress | None = None
        self._task: TaskID | None = None
        self._is_closed = False
        self._timer = threading.Timer(PATIENCE_SECONDS, self._open)
        self._timer.daemon = True
        self._timer.start()

    def report(self, stage: str, done: float | None) -> None:
        """Show this stage, and this share of the work as done."""
        with self._lock:
            self._stage, self._done = stage, done
            self._draw()

    def close(self) -> None:
        """Remove the bar."""
        self._timer.cancel()
        with self._lock:
            self._is_closed = True
            if self._bars is not None:
                self._bars.stop()

    def _open(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

        with self._lock:
            if self._is_closed:
                return
            columns = (
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                TaskProgressColumn(),
                TimeElapsedColumn(),
            )
            self._bars = Progress(*columns, console=Console(stderr=True, highlight=False), transient=True)
            self._task = self._bars.add_task(visible(self._stage), total=None)
            self._bars.start()
            self._draw()

    def _draw(self) -> None:
        if self._bars is not None and self._task is not None:
            total = None if self._done is None else 1.0
            self._bars.update(self._task, description=visible(self._stage), completed=self._done or 0, total=total)
