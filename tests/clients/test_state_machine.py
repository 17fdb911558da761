"""The definition of the state machine of tasks, checked by a validator of the Amazon States Language."""

import json
from pathlib import Path

import pytest

from infra.deploy.tasks_definition import SAMPLE, tasks_definition
from tests.clients.toolchain import Toolchain
from tests.clients.typescript.package import TypeScriptPackage


def check(toolchain: Toolchain, definition: object, folder: Path) -> str:
    """Run the validator; raises `AssertionError` with what it found."""
    path = folder / "definition.json"
    path.write_text(json.dumps(definition))
    return TypeScriptPackage.built(toolchain).npx("asl-validator", "--json-path", path)


def test_the_definition_is_valid(toolchain: Toolchain, tmp_path: Path) -> None:
    assert "is valid" in check(toolchain, tasks_definition(SAMPLE), tmp_path)


def test_the_validator_finds_a_next_that_leads_nowhere(toolchain: Toolchain, tmp_path: Path) -> None:
    definition = tasks_definition(SAMPLE)
    definition["States"]["Tasks"]["Next"] = "Nowhere"
    with pytest.raises(AssertionError, match="Nowhere"):
        check(toolchain, definition, tmp_path)


def test_every_call_of_the_function_is_repeated_with_backoff_and_jitter_and_no_failed_batch_is_tolerated() -> None:
    states = tasks_definition(SAMPLE)["States"]
    assert states["Tasks"]["ToleratedFailureCount"] == 0
    calls = [*states.values(), *states["Tasks"]["ItemProcessor"]["States"].values()]
    retries = [retry for state in calls if state["Type"] == "Task" for retry in state["Retry"]]
    assert len(retries) == 4
    for retry in retries:
        assert (retry["JitterStrategy"], retry["BackoffRate"], retry["MaxDelaySeconds"]) == ("FULL", 2, 60)
