"""How the command line starts: what it lists, what it loads for that, and what it says to a misspelt command."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core import __version__
from infra.cli import COMMANDS, app
from infra.cli.lazy import Command

# A process that runs the command line and prints the modules that it has loaded by then.
LOADED = """
import sys
from infra.cli import app
try:
    app(sys.argv[1:], standalone_mode=False)
finally:
    print(*sys.modules, file=sys.stderr)
"""
# Nothing listens there, so that a command ends at its first request.
NOWHERE = "http://127.0.0.1:9"
# No start needs them; each takes longer to load than all that it does need.
HEAVY = {"boto3", "fastapi", "httpx", "numpy", "onnxruntime", "pandas", "psutil", "pydantic", "rich", "sklearn"}


def _run(*arguments: str, **environment: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, arguments, prog_name="regatta", env=environment)
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_the_start_loads_nothing_heavy_and_no_command(option: str) -> None:
    done = subprocess.run([sys.executable, "-c", LOADED, option], capture_output=True, text=True, check=True)
    loaded = set(done.stderr.split())
    assert "infra.cli" in loaded
    assert loaded & HEAVY == set()
    assert loaded & {f"infra.cli.{command.module}" for command in COMMANDS} == set()


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [(("status",), {"psutil"}), (("files", "--url", NOWHERE), {"httpx"}), (("models", "--url", NOWHERE), {"httpx"})],
)
def test_a_command_loads_only_what_it_needs(arguments: tuple[str, ...], needed: set[str], tmp_path: Path) -> None:
    command = [sys.executable, "-c", LOADED, *arguments]
    environment = {"REGATTA_HOME": str(tmp_path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    loaded = set(done.stderr.split())
    # httpx loads rich for a command line of its own, where rich is installed.
    assert loaded & HEAVY - {"rich"} == needed
    assert "infra.cli.operating" not in loaded


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_is_listed_as_its_help_begins(command: Command) -> None:
    loaded = command.load()
    assert loaded.name == command.name
    assert (loaded.help or "").startswith(command.summary.removesuffix("."))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_every_command_has_help(command: Command, option: str) -> None:
    code, output, _ = _run(command.name, option)
    assert code == 0
    assert output.startswith(f"Usage: regatta {command.name} ")


def test_the_version_is_printed() -> None:
    assert _run("--version") == (0, f"regatta {__version__}\n", "")


def test_all_commands_are_listed() -> None:
    code, output, _ = _run("-h")
    assert code == 0
    for command in COMMANDS:
        assert f"\n  {command.name} " in output


@pytest.mark.parametrize(("typed", "near"), [("uplaod", "upload"), ("serie", "series"), ("webhook_secret", "webhook-")])
def test_a_misspelt_command_suggests_the_near_one(typed: str, near: str) -> None:
    code, output, errors = _run(typed)
    assert (code, output) == (2, "")
    assert f"Did you mean '{near}" in errors
