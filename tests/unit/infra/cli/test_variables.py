"""Variables that look like settings: the command line warns of them, and says which is meant."""

import pytest
from typer.testing import CliRunner

from infra.cli import app
from infra.cli.variables import KNOWN, unknown_messages
from infra.local.processes import MARK, PART


def test_what_the_stack_sets_is_known() -> None:
    assert {MARK, PART} <= set(KNOWN)


def test_a_misspelt_variable_is_named_with_the_near_one() -> None:
    environment = {"REGATTA_PROT": "1", "REGATTA_LIGHTHOUSE": "1", "REGATTA_PORT": "1", "REGATTA_URL": "http://a"}
    assert unknown_messages(environment) == [
        "REGATTA_LIGHTHOUSE is no setting.",
        "REGATTA_PROT is no setting. Did you mean REGATTA_PORT?",
    ]


def test_a_variable_of_an_earlier_version_is_named_with_what_is_so_instead() -> None:
    (message,) = unknown_messages({"REGATTA_REDIS_PORT": "6379"})
    assert "means nothing any more" in message
    assert "`regatta status`" in message


def test_every_command_warns_of_it_on_stderr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGATTA_HOEM", "/srv")
    answer = CliRunner().invoke(app, ["doctor", "--help"])
    assert (answer.exit_code, answer.stderr) == (0, "REGATTA_HOEM is no setting. Did you mean REGATTA_HOME?\n")
