"""Completion of commands by the shell: shown, installed, and what it proposes."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from infra.cli import app


def _run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, arguments, prog_name="regatta")
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_of_every_shell_can_be_shown(shell: str) -> None:
    code, output, _ = _run("--show-completion", shell)
    assert code == 0
    assert f"_REGATTA_COMPLETE=complete_{shell}" in output


@pytest.mark.parametrize("option", ["--show-completion", "--install-completion"])
def test_a_shell_that_is_not_known_is_asked_for(option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("psutil.Process.parents", lambda process: [])
    code, output, errors = _run(option)
    assert (code, output) == (1, "")
    assert "Name one of bash, zsh, fish" in errors


def test_completion_is_installed_for_the_shell_that_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    code, output, _ = _run("--install-completion", "fish")
    assert code == 0
    installed = tmp_path / ".config/fish/completions/regatta.fish"
    assert str(installed) in output
    assert installed.exists()


def test_a_home_that_cannot_be_written_to_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    code, _, errors = _run("--install-completion", "bash")
    assert code == 1
    assert "`regatta --show-completion bash` prints it" in errors


def test_commands_and_their_options_are_completed() -> None:
    words = {"_REGATTA_COMPLETE": "complete_bash"}
    assert _completions({**words, "COMP_WORDS": "regatta up", "COMP_CWORD": "1"}) == ["upload", "up"]
    assert "--delimiter" in _completions({**words, "COMP_WORDS": "regatta upload --", "COMP_CWORD": "2"})


def _completions(environment: dict[str, str]) -> list[str]:
    command = [sys.executable, "-m", "infra.cli"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split()
