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


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["logs", *arguments])
