"""The lines of the log that a test's process writes, as an operator reads them."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from core.telemetry.log import JsonFormatter, log


class LogLines(logging.Handler):
    """Keeps every line as it would be written."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonFormatter())
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(self.format(record))

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the lines about events of this name."""
        return [line for line in map(json.loads, self.texts) if line.get("event") == name]


@contextmanager
def log_lines(level: str = "INFO") -> Iterator[LogLines]:
    """Collect the lines of all loggers of the process at this level."""
    handler, root, before = LogLines(), logging.getLogger(), log.level
    root.addHandler(handler)
    log.setLevel(level)
    try:
        yield handler
    finally:
        log.setLevel(before)
        root.removeHandler(handler)
