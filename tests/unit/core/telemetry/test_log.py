"""Lines of the log: JSON with a time, a level and the id of the request; no queries, no values that errors quote."""

import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel

from core.errors import InvalidInputError, UnavailableError
from core.telemetry.causes import cause_of, frames_of
from core.telemetry.log import StandardError, log, log_event, set_up_log, text_of
from core.telemetry.request_id import serving_request
from tests.support.log_lines import log_lines

MARKER = "marker-of-the-data"


@pytest.fixture
def own_root() -> Iterator[logging.Logger]:
    """The root logger without handlers, as a process has it at its start."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], log.level
    root.handlers[:] = []
    yield root
    for handler in root.handlers:
        if isinstance(handler, StandardError) and handler.stream is not None:
            handler.stream.close()
    root.handlers[:] = handlers
    log.setLevel(level)


def raised(error: BaseException) -> BaseException:
    try:
        raise error
    except type(error) as caught:
        return caught


def test_a_line_says_when_what_and_for_which_request() -> None:
    with log_lines() as lines, serving_request("r-1"):
        log_event("request", status=200, model=None, cache="memory")
        log.warning("storage is slow")
    first, second = map(json.loads, lines.texts)
    assert first["time"].endswith("Z")
    assert len(first["time"]) == len("2026-01-01T00:00:00.000Z")
    assert (first["level"], first["event"], first["request_id"]) == ("INFO", "request", "r-1")
    assert (first["status"], first["cache"], "model" in first) == (200, "memory", False)
    assert (second["level"], second["message"], second["request_id"]) == ("WARNING", "storage is slow", "r-1")
    assert first["pid"] == second["pid"] > 0


def test_a_line_break_stays_in_its_line() -> None:
    with log_lines() as lines:
        log.warning("first\nsecond \x1b[31m")
    assert "\n" not in lines.texts[0]
    assert json.loads(lines.texts[0])["message"] == "first\nsecond \x1b[31m"


def test_a_line_is_not_as_long_as_the_texts_of_others() -> None:
    with log_lines() as lines:
        log.warning("no file is called %s", "\ufeff" * 1_000_000)
        log_event("arrival", key="\x1b" * 1_000_000, series="s", ignored="x" * 1_900)
    first, second = map(json.loads, lines.texts)
    assert max(map(len, lines.texts)) < 20_000
    assert first["message"].startswith("no file is called \ufeff")
    assert (second["key"][-1], second["series"], second["ignored"]) == ("…", "s", "x" * 1_900)
    assert len(text_of({"level": "INFO", "message": "\x1b" * 1_000_000})) < 20_000


def test_a_query_is_in_no_line_whoever_writes_it() -> None:
    with log_lines() as lines:
        logging.getLogger("urllib3.connectionpool").warning("Retrying: https://s3/bucket/key?X-Amz-Signature=abc HTTP")
    assert "abc" not in lines.texts[0]
    assert json.loads(lines.texts[0])["logger"] == "urllib3.connectionpool"


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARNING", "ERROR"])
def test_the_level_decides_what_is_written(own_root: logging.Logger, monkeypatch: Any, level: str) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    set_up_log(level)
    for name in ("DEBUG", "INFO", "WARNING", "ERROR"):
        log.log(getattr(logging, name), "at %s", name)
        log_event("call", getattr(logging, name))
    written = [json.loads(line)["level"] for line in sys.stderr.getvalue().splitlines()]
    expected = [
        name for name in ("DEBUG", "INFO", "WARNING", "ERROR") if getattr(logging, name) >= getattr(logging, level)
    ]
    assert written == [name for name in expected for _ in range(2)]


def test_setting_it_up_again_writes_no_line_twice(own_root: logging.Logger, monkeypatch: Any) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    for _ in range(3):
        set_up_log("INFO")
    log.info("once")
    assert len(sys.stderr.getvalue().splitlines()) == 1


def test_a_file_has_the_lines_in_place_of_standard_error(
    own_root: logging.Logger, monkeypatch: Any, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    set_up_log("INFO", tmp_path / "logs" / "functions.log")
    log_event("job", kind="train")
    assert json.loads((tmp_path / "logs" / "functions.log").read_text())["kind"] == "train"
    assert sys.stderr.getvalue() == ""


def test_a_file_that_cannot_be_written_is_a_warning(own_root: logging.Logger, monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    (tmp_path / "file").touch()
    set_up_log("INFO", tmp_path / "file" / "functions.log")
    assert "REGATTA_LOG_FILE cannot be written to" in sys.stderr.getvalue()


def test_a_terminal_gets_text(own_root: logging.Logger, monkeypatch: Any) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", terminal)
    set_up_log("INFO")
    log_event("request", route="/predict", status=200)
    assert terminal.getvalue().split()[1:] == ["INFO", "request", "route=/predict", "status=200"]


def test_text_shows_where_a_fault_was() -> None:
    line = {"time": "2026-01-01T10:20:30.123Z", "level": "ERROR", "event": "request", "pid": 1, "trace": ["a.py:1 f"]}
    assert text_of(line) == "10:20:30.123 ERROR   request\n    a.py:1 f"


class ClientError(Exception):
    """As botocore's."""

    operation_name = "PutObject"
    response: ClassVar = {"Error": {"Code": "SlowDown"}, "ResponseMetadata": {"HTTPStatusCode": 503}}


CAUSES = [
    (raised(TimeoutError(110, "Connection timed out", MARKER)), "TimeoutError: Connection timed out"),
    (ClientError(MARKER), "ClientError: SlowDown (503) of PutObject"),
    (ValueError(f"could not convert string to float: '{MARKER}'"), "ValueError"),
    (KeyError(MARKER), "KeyError"),
    (AttributeError("'NoneType' object has no attribute 'get'"), "'NoneType' object has no attribute 'get'"),
    (InvalidInputError(f"{MARKER} is no number."), "InvalidInputError: invalid-input"),
    (UnavailableError("The object store did not answer."), "UnavailableError: The object store did not answer."),
]


@pytest.mark.parametrize(("error", "words"), CAUSES)
def test_an_error_is_named_without_the_data_that_it_quotes(error: BaseException, words: str) -> None:
    assert words in cause_of(error)
    assert MARKER not in cause_of(error)


def test_the_cause_is_named_behind_what_callers_read() -> None:
    try:
        try:
            raise ClientError
        except ClientError as error:
            raise UnavailableError("The object store did not answer.") from error
    except UnavailableError as error:
        found = cause_of(error)
    assert found == "UnavailableError: The object store did not answer. <- ClientError: SlowDown (503) of PutObject"


def test_a_fault_names_its_place_and_not_its_values() -> None:
    with log_lines() as lines:
        try:
            float(MARKER)
        except ValueError:
            log.exception("it failed")
    line = json.loads(lines.texts[0])
    assert line["error"] == "ValueError"
    assert line["trace"][-1].startswith("tests/unit/core/telemetry/test_log.py:")
    assert MARKER not in lines.texts[0]


def test_frames_are_those_of_the_first_cause() -> None:
    assert frames_of(raised(ValueError("x")))[-1].endswith(" raised")


def test_an_error_that_a_message_names_is_described_without_its_values() -> None:
    class Stored(BaseModel):
        rows: int

    with log_lines() as lines:
        for error in (ValueError(MARKER), raised_by(lambda: Stored.model_validate({"rows": MARKER}))):
            log.warning("%s stays: %s", "default/jobs/1.json", error)
    first, second = (json.loads(line)["message"] for line in lines.texts)
    assert first == "default/jobs/1.json stays: ValueError"
    assert second == "default/jobs/1.json stays: ValidationError: rows (int_parsing)"


def raised_by(call: Callable[[], object]) -> BaseException:
    try:
        call()
    except Exception as error:
        return error
    raise AssertionError


@pytest.mark.parametrize(
    "text", ["a\nb", "a\r\nb", "a\u2028b", "a\u2029b", "a\u0085b", "\x1b[31mred", "\x9b31m", "\u202eabc", "\ud800"]
)
@pytest.mark.parametrize("terminal", [False, True])
def test_no_text_forges_a_line_or_moves_the_cursor(
    text: str, terminal: bool, own_root: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: terminal)
    monkeypatch.setattr(sys, "stderr", stream)
    set_up_log("INFO")
    forged = f'{text}{{"level":"ERROR"}}'
    log_event("request", key=forged)
    log.warning("The file %s is left alone", forged)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 2
    assert all(line.isprintable() for line in lines)
    if not terminal:
        assert json.loads(lines[0])["key"] == forged
