"""The log of every process: one JSON object a line on standard error, or plain text where that is a terminal.

A line has `time`, `level`, `request_id` and `pid`, and either `event` with the fields of that event, or a `message`.
"""

import json
import logging
import os
import re
import sys
import time
from pathlib import Path
from typing import IO, Any

from pydantic_core import to_json

from core.telemetry.causes import cause_of, frames_of
from core.telemetry.metrics import embedded_fields
from core.telemetry.request_id import request_id
from core.telemetry.visible_text import visible, visible_json

log = logging.getLogger("regatta")

# A query may have a signature or values of the caller. Libraries write URLs into their warnings.
QUERY = re.compile(r"\?[^\s'\"<>)]*")
# A longer line has so many characters of each text at most.
MOST_CHARACTERS, MOST_OF_TEXT = 16_000, 2_000
# The second that was written last, and its text: to make it anew takes as long as the rest of a line.
_second: tuple[int, str] = (0, "")


class Event:
    """What a line is about: its name and its fields. Handlers that are not ours write it as text."""

    __slots__ = ("fields", "name")

    def __init__(self, name: str, fields: dict[str, Any]) -> None:
        self.name = name
        self.fields = {field: value for field, value in fields.items() if value is not None}

    def __str__(self) -> str:
        return " ".join([self.name, *(f"{field}={value}" for field, value in self.fields.items())])


def log_event(event: str, level: int = logging.INFO, **fields: Any) -> None:
    """Write a line about an event with these fields; those that are None are left out.

    On Lambda the line has the metrics that were counted since the last one, so there it is written at every level.
    """
    embedded = embedded_fields()
    if embedded or log.isEnabledFor(level):
        happened = Event(event, fields | embedded if embedded else fields)
        log.handle(logging.LogRecord(log.name, level, "", 0, happened, None, None))


def line_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return the fields of a record's line."""
    line: dict[str, Any] = {"time": _time_of(record.created), "level": record.levelname}
    if (current := request_id()) is not None:
        line["request_id"] = current
    happened: object = record.msg
    if isinstance(happened, Event):
        line["event"] = happened.name
        line.update(happened.fields)
    else:
        line["message"] = QUERY.sub("?...", _message_of(record))
        if record.name != log.name:
            line["logger"] = record.name
        if record.exc_info and record.exc_info[1] is not None:
            line |= {"error": cause_of(record.exc_info[1]), "trace": frames_of(record.exc_info[1])}
    line["pid"] = record.process
    return line


def _message_of(record: logging.LogRecord) -> str:
    """Return the text of a record, with errors as `cause_of` names them."""
    if not isinstance(record.args, tuple) or not any(isinstance(one, BaseException) for one in record.args):
        return record.getMessage()
    return str(record.msg) % tuple(cause_of(one) if isinstance(one, BaseException) else one for one in record.args)


def _time_of(seconds: float) -> str:
    """Return a time in UTC as ISO 8601 with milliseconds."""
    global _second  # noqa: PLW0603
    whole = int(seconds)
    if whole != _second[0]:
        _second = (whole, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)))
    return f"{_second[1]}.{int((seconds - whole) * 1000):03}Z"


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON object, without line breaks."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = line_of(record)
        text = _json(line)
        return visible_json(text if len(text) <= MOST_CHARACTERS else _json(_shortened(line)))


def _json(line: dict[str, Any]) -> str:
    try:
        return to_json(line, fallback=str).decode()
    except ValueError:  # a text with half of a character
        return json.dumps(line, default=str)


def _shortened(line: dict[str, Any]) -> dict[str, Any]:
    """Return a line with its long texts cut: they are names and messages of others."""
    return {
        name: f"{value[:MOST_OF_TEXT]}…" if isinstance(value, str) and len(value) > MOST_OF_TEXT else value
        for name, value in line.items()
    }


class TextFormatter(logging.Formatter):
    """Formats a record for a person at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return text_of(line_of(record))


def text_of(line: dict[str, Any]) -> str:
    """Return a line of the log as a person reads it; nothing in it ends the line or moves the cursor."""
    rest = _shortened(line)
    time, level = str(rest.pop("time", ""))[11:23], rest.pop("level", "")
    for hidden in ("pid", "_aws"):
        rest.pop(hidden, None)
    message, trace = rest.pop("message", None), rest.pop("trace", ())
    what = str(message) if message is not None else str(rest.pop("event", ""))
    fields = " ".join(f"{name}={value}" for name, value in rest.items())
    head = visible(f"{time} {level:<7} {what}  {fields}".rstrip())
    return "\n".join([head, *(f"    {visible(frame)}" for frame in trace)])


class StandardError(logging.Handler):
    """Writes to `stream`, or to what is standard error when a line is written, which tests and servers replace."""

    stream: IO[str] | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line in one piece, so that the lines of processes that share a file do not mix."""
        try:
            stream = self.stream or sys.stderr
            stream.write(self.format(record) + "\n")
            stream.flush()
        except Exception:
            self.handleError(record)


def set_up_log(level: str, file: Path | None = None) -> None:
    """Let every logger of the process write to standard error, or to `file` if there is one.

    Where that cannot be written to, a warning says so on standard error. `level` is that of Regatta's own lines;
    libraries write their warnings. Calling it again changes the level.
    """
    log.setLevel(level)
    # No line names a thread, and to look each up takes as long as to write the line.
    logging.logThreads = logging.logMultiprocessing = False
    root = logging.getLogger()
    if any(isinstance(handler, StandardError) for handler in root.handlers):
        return
    # Lambda's runtime has a handler that would write each line again.
    for handler in [one for one in root.handlers if type(one).__module__.startswith("awslambdaric")]:
        root.removeHandler(handler)
    console = StandardError()
    root.addHandler(console)
    if file is not None and (stream := _opened(file)) is not None:
        console.stream = stream
    to_terminal = console.stream is None and sys.stderr is not None and sys.stderr.isatty()
    console.setFormatter(TextFormatter() if to_terminal else JsonFormatter())


def log_descriptors() -> set[int]:
    """Return the descriptor of the file that the log is written to, which a forked process must not close."""
    handlers = [one for one in logging.getLogger().handlers if isinstance(one, StandardError)]
    return {handler.stream.fileno() for handler in handlers if handler.stream is not None}


def take_over(*names: str) -> None:
    """Let the lines of these loggers, which have handlers of their own, be written as all others."""
    for name in names:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True


def _opened(file: Path) -> IO[str] | None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        return file.open("a", encoding="utf-8")
    except OSError as error:
        log.warning("REGATTA_LOG_FILE cannot be written to: %s", os.strerror(error.errno or 0))
        return None
