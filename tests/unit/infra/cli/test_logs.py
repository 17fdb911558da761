"""`regatta logs`: the end of each log, and what is written meanwhile."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from core.settings import settings
from infra.cli import app
from infra.cli.logs import LogTail


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("REGATTA_HOME", str(tmp_path))
    settings.cache_clear()
    (tmp_path / "logs").mkdir()
    yield tmp_path / "logs"
    settings.cache_clear()


def test_a_tail_has_the_last_lines_and_then_the_new_ones(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_bytes(b"one\ntwo\nthree\nfo")
    tail = LogTail(log, lines=2)
    assert list(tail.read()) == ["three"]
    with log.open("ab") as more:
        more.write(b"ur\nfive\n")
    assert list(tail.read()) == ["four", "five"]
    assert list(tail.read()) == []
    log.write_bytes(b"anew\n")
    assert list(tail.read()) == ["anew"]
    log.unlink()
    assert list(tail.read()) == []


def test_bytes_that_are_no_text_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "web.log").write_bytes(b"\xff\xfe\n")
    assert list(LogTail(tmp_path / "web.log", lines=5).read()) == ["\ufffd\ufffd"]


def test_all_logs_are_printed_with_their_names_and_one_without(folder: Path) -> None:
    (folder / "web.log").write_text("a\nb\n")
    (folder / "redis.log").write_text("c\n")
    assert _run().stdout == "redis | c\nweb   | a\nweb   | b\n"
    assert _run("--lines", "1").stdout == "redis | c\nweb   | b\n"
    assert _run("web").stdout == "a\nb\n"


def test_a_name_that_is_no_log_is_answered_with_those_that_are(folder: Path) -> None:
    (folder / "web.log").touch()
    answer = _run("wbe")
    assert (answer.exit_code, answer.stdout) == (1, "")
    assert "There are web." in answer.stderr


def test_no_logs_at_all_are_said(folder: Path) -> None:
    answer = _run()
    assert answer.exit_code == 1
    assert "`regatta up` starts a stack" in answer.stderr


LINES = (
    '{"time":"2026-01-01T10:20:30.123Z","level":"INFO","request_id":"r-1","event":"request","status":200,"pid":7}\n'
    "a line of a library\n"
    '{"time":"2026-01-01T10:20:31.123Z","level":"ERROR","request_id":"r-2","event":"job","outcome":"failed","pid":7}\n'
    '{"time":"2026-01-01T10:20:32.123Z","level":"WARNING","request_id":"r-1","message":"slow \\u001b[31m","pid":8}\n'
    '{"broken\n'
)
FIRST, LAST = (
    "10:20:30.123 INFO    request  request_id=r-1 status=200",
    "10:20:32.123 WARNING slow \\x1b[31m  request_id=r-1",
)


def test_lines_of_the_service_are_shown_as_text(folder: Path) -> None:
    (folder / "web.log").write_text(LINES)
    shown = _run("web").stdout.splitlines()
    assert shown[0] == FIRST
    assert shown[1] == "a line of a library"
    assert shown[3] == LAST
    assert shown[4] == '{"broken'


def test_the_lines_of_one_request_are_found_in_all_logs_however_old(folder: Path) -> None:
    (folder / "web.log").write_text(LINES + "later\n" * 100)
    (folder / "functions.log").write_text(LINES.splitlines(keepends=True)[0])
    assert _run("--request-id", "r-1").stdout.splitlines() == [
        f"functions | {FIRST}",
        f"web       | {FIRST}",
        f"web       | {LAST}",
    ]


def test_the_lines_of_one_request_are_in_the_order_of_their_times(folder: Path) -> None:
    first, *_ = LINES.splitlines(keepends=True)
    (folder / "functions.log").write_text(first.replace("2026-", "2027-"))
    (folder / "web.log").write_text(first)
    assert [line.split()[0] for line in _run("--request-id", "r-1").stdout.splitlines()] == ["web", "functions"]


def test_lines_are_chosen_by_their_level(folder: Path) -> None:
    (folder / "web.log").write_text(LINES)
    assert [line.split()[1] for line in _run("web", "--level", "warning").stdout.splitlines()] == ["ERROR", "WARNING"]
    assert len(_run("web", "--level", "DEBUG").stdout.splitlines()) == 3
    assert _run("web", "--level", "LOUD").exit_code == 2


def test_json_is_the_lines_as_they_are_and_nothing_else(folder: Path) -> None:
    (folder / "web.log").write_text(LINES)
    written = LINES.splitlines()
    assert _run("--json").stdout.splitlines() == [written[0], written[2], written[3]]
    assert _run("--json", "--request-id", "r-2").stdout.splitlines() == [written[2]]


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["logs", *arguments])
