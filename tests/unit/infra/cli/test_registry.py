"""`regatta registry`: what it prints, and how it ends."""

import json
import time
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from core.storage.container import container
from infra.cli import app
from infra.cli import registry as command
from tests.support.storage import dataset_manifest


@pytest.fixture(autouse=True)
def stored(bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bucket with one dataset, in place of that of a running stack."""
    monkeypatch.setattr(command, "use_running_stack", lambda: None)
    manifest = dataset_manifest("0" * 21).model_dump_json().encode()
    bucket.put(f"default/datasets/{'0' * 21}/manifest.json", manifest)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["registry", *arguments])


def test_what_is_missing_is_counted_and_then_written() -> None:
    assert json.loads(run("verify", "--json").stdout)["datasets"]["missing"] == 1
    assert json.loads(run("rebuild", "--json").stdout)["datasets"] == {"manifests": 1}
    found = json.loads(run("verify", "--json").stdout)["datasets"]
    assert (found["manifests"], found["missing"], found["is_right"]) == (1, 0, True)
    assert run("rebuild", "--quiet").output == ""


def test_two_at_once_are_told_when_to_come_again() -> None:
    lease = {"owner": "another", "leased_until": time.time() + 60, "attempts": 1}
    container().documents.write("default/index/datasets/lease.json", lease)
    answer = run("rebuild")
    assert (answer.exit_code, answer.stdout) == (1, "")
    assert "Try again in a minute" in answer.stderr
