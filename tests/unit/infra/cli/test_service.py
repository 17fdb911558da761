"""How the commands end: the exit status, and the message on stderr with the way out."""

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from infra.cli import app
from infra.cli.exit_codes import ExitCode
from infra.cli.text import width
from tests.support.fake_service import fake_service

LONG = "房价_[bold]a_very_long_name_of_a_file_that_somebody_chose_in_2024.csv"
FILE = {
    "file_id": "1a21d70d9d9f790081288",
    "filename": LONG,
    "rows": 1030,
    "columns": 9,
    "size_bytes": 48_653,
    "created_at": "2026-11-27T14:37:45+00:00",
}
FILES = {"files": [FILE], "current": FILE["file_id"]}


def run(*arguments: str, **environment: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, arguments, env={"REGATTA_URL": "", **environment})
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


def test_nothing_answers() -> None:
    code, output, errors = run("files", "--url", "http://127.0.0.1:9")
    assert (code, output) == (ExitCode.UNREACHABLE, "")
    assert "regatta up" in errors
    assert "--url or REGATTA_URL" in errors


def test_what_answers_is_not_regatta_or_another_version() -> None:
    with fake_service(**{"GET /data/files": FILES}) as service:
        service.version = "99.0.0"
        assert run("files", "--url", service.url)[0] == ExitCode.UNREACHABLE


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_key(status: int) -> None:
    with fake_service(**{"GET /data/files": lambda *_: (status, {"message": "Forbidden"})}) as service:
        code, output, errors = run("files", REGATTA_URL=service.url)
    assert (code, output) == (ExitCode.UNAUTHORISED, "")
    assert "REGATTA_API_KEY" in errors
    assert "api_key=" not in errors


def test_a_refusal_has_its_errors_and_no_control_characters() -> None:
    problem = {
        "type": "urn:regatta:problem:invalid-input",
        "detail": "Correct [/red]\x1b[2J.",
        "errors": [{"field": "target_column", "message": "has no [bold]\x07"}],
    }
    with fake_service(**{"POST /data/process": lambda *_: (422, problem)}) as service:
        code, output, errors = run("process", "--target", "[/red]", "--url", service.url)
    assert (code, output) == (ExitCode.FAILED, "")
    assert errors == "Correct [/red]\\x1b[2J.\n  field target_column: has no [bold]\\x07\n"


@pytest.mark.parametrize("url", ["foo", "ftp://host", "http://"])
def test_a_url_that_is_none(url: str) -> None:
    code, output, errors = run("files", "--url", url)
    assert (code, output) == (ExitCode.USAGE, "")
    assert "http://127.0.0.1:8000" in errors


@pytest.mark.parametrize(
    "arguments",
    [
        ["files", "--switch", "a", "--delete", "b"],
        ["models", "--promote", "1"],
        ["models", "--available", "--delete"],
        ["export", "mix", "--format", "docx"],
        ["openapi", "--version", "2.0"],
        ["train", "--param", "alpha"],
        ["process", "--column", "age"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_command_line_that_makes_no_sense(arguments: list[str]) -> None:
    code, output, errors = (
        run(*arguments, "--url", "http://127.0.0.1:9") if arguments[0] != "openapi" else run(*arguments)
    )
    assert (code, output) == (ExitCode.USAGE, "")
    assert errors


def test_a_misspelt_file_suggests_the_near_one() -> None:
    files = {**FILES, "files": [{**FILE, "filename": "concrete.csv"}]}
    with fake_service(**{"GET /data/files": files}) as service:
        code, _, errors = run("profile", "concret.csv", "--url", service.url)
    assert (code, "Did you mean 'concrete.csv'?" in errors) == (ExitCode.FAILED, True)


def test_many_findings_of_one_kind_are_one_with_its_columns() -> None:
    same = {"severity": "info", "kind": "constant", "finding": "has one value", "suggestion": "leave it out"}
    profile = {
        "rows": 9,
        "duplicate_rows": 0,
        "columns": {},
        "findings": [{**same, "column": f"c{at}"} for at in range(9)],
    }
    with fake_service(**{"GET /data/files": FILES, "GET /data/profile": profile}) as service:
        code, shown, _ = run("profile", "--url", service.url)
    assert code == ExitCode.OK
    assert shown.splitlines()[-3:] == [
        "info: c0: has one value",
        "  likewise c1, c2, c3, c4, c5 and 3 more",
        "  leave it out",
    ]


def on_a_terminal(url: str, *arguments: str, columns: int) -> str:
    """Run a command with a terminal of so many columns as its output."""
    controller, terminal = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm"}
    environment.pop("NO_COLOR", None)
    command = [sys.executable, "-m", "infra.cli", *arguments, "--url", url]
    with subprocess.Popen(command, stdout=terminal, stderr=subprocess.PIPE, env=environment) as process:
        os.close(terminal)
        shown = b""
        while True:
            try:
                piece = os.read(controller, 1 << 16)
            except OSError:
                break
            if not piece:
                break
            shown += piece
        assert process.stderr is not None
        assert process.stderr.read() == b""
    os.close(controller)
    return shown.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_a_table_fits_the_terminal_and_has_colours_there(columns: int) -> None:
    with fake_service(**{"GET /data/files": FILES}) as service:
        shown = on_a_terminal(service.url, "files", columns=columns)
    assert "\x1b[" in shown
    plain = re.sub(r"\x1b\[[\d;]*m", "", shown)
    assert max(map(width, plain.splitlines())) <= columns
    assert (LONG in plain, "…" in plain) == ((True, False) if columns == 200 else (False, True))


def test_a_pipe_gets_the_whole_table_without_colours() -> None:
    with fake_service(**{"GET /data/files": FILES}) as service:
        code, output, errors = run("files", "--url", service.url, COLUMNS="40", FORCE_COLOR="1")
    assert (code, errors, LONG in output, "\x1b" in output) == (0, "", True, False)


def test_json_is_one_document_and_escapes_what_is_no_text() -> None:
    files = {**FILES, "files": [{**FILE, "filename": "half \ud83d \x1b"}]}
    with fake_service(**{"GET /data/files": files}) as service:
        code, output, _ = run("files", "--json", "--url", service.url)
    assert (code, json.loads(output), "\x1b" in output) == (0, files, False)


def test_a_job_that_fails_says_how_it_begins_anew() -> None:
    problem = {"type": "urn:regatta:problem:bad-target", "detail": "The target is text.", "status": 422}
    job: dict[str, Any] = {
        "job_id": "j1",
        "kind": "train",
        "status": "failed",
        "stage": "failed",
        "progress": 0.5,
        "result": None,
        "error": problem,
    }
    answers = {"POST /model/train": lambda *_: (202, job), "GET /jobs/j1": job}
    with fake_service(**answers) as service:
        code, output, errors = run("train", "--target", "name", "--url", service.url)
    assert (code, output) == (ExitCode.FAILED, "")
    assert errors == "The target is text.\n"


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    code, _, errors = run("openapi", "--out", str(tmp_path / "no" / "such" / "folder.json"))
    assert (code, "No such file or directory" in errors) == (ExitCode.FAILED, True)


def test_a_reader_that_goes_away_ends_a_list_quietly() -> None:
    with fake_service(**{"GET /data/files": {**FILES, "files": [FILE] * 5000}}) as service:
        command = [sys.executable, "-m", "infra.cli", "files", "--url", service.url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.readline()
            process.stdout.close()
            assert process.stderr.read() == b""
            assert process.wait(300) == ExitCode.PIPE_CLOSED
