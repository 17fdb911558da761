"""`regatta webhook-secret`: one secret for each workspace."""

import base64

import pytest
from typer.testing import CliRunner, Result

from core.services.series.notify import secret_of
from infra.cli import app
from infra.cli import operating as command

pytestmark = pytest.mark.usefixtures("bucket")


@pytest.fixture(autouse=True)
def _no_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of the test in place of those of a running stack."""
    monkeypatch.setattr(command, "use_running_stack", lambda **_: None)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["webhook-secret", *arguments])


def test_a_workspace_has_a_secret_of_its_own_that_stays() -> None:
    secrets = [run("--workspace", name).stdout.strip() for name in ("default", "acme", "other-team")]
    assert len(set(secrets)) == 3
    assert all(secret.startswith("whsec_") for secret in secrets)
    assert run().stdout.strip() == secrets[0]
    assert run("--workspace", "acme").stdout.strip() == secrets[1]


def test_it_is_the_secret_that_signs_the_webhooks_of_the_workspace() -> None:
    printed = run("--workspace", "acme").stdout.strip().removeprefix("whsec_")
    assert base64.b64decode(printed) == secret_of("acme")


@pytest.mark.parametrize("name", ["../x", "queue", "ACME", ""])
def test_a_name_that_no_workspace_has_is_refused(name: str) -> None:
    answer = run("--workspace", name)
    assert (answer.exit_code, answer.stdout) == (1, "")
    assert "No workspace can have this name" in answer.stderr
