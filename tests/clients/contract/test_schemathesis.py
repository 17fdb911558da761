"""schemathesis over a running stack that asks for keys: all its checks, as each role, with data that fits and not."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from core.access.roles import ROLE_NAMES
from core.storage.container import container
from core.storage.key_repository import KeyRepository
from functions.contract.examples import EXAMPLES, JSON, MODEL, SERIES
from tests.clients.toolchain import ROOT, Toolchain
from tests.support.process_state import process_environment
from tests.support.stack import Stack

HOOKS = f"""
import sys
import schemathesis
sys.path.insert(0, {str(Path(__file__).parent)!r})
import hooks
schemathesis.hook(hooks.before_call)
schemathesis.check(hooks.valid_data_is_refused_for_a_reason)
schemathesis.check(hooks.invalid_data_is_refused)
"""
HOUSING = ROOT / "examples/california_housing.csv"
SEED = 19
# Beside them a role may be refused, whatever it sends.
REFUSALS = ["400", "403", "404", "405", "409", "413", "415", "422", "5xx"]
ADMIN = "admin"
# By operation, of values that fit the document and of values that do not. `make test-contract` asks for more, and for
# the phases that go through every value of the document one after the other: over 5,000 requests as each role.
EXAMPLES_BY_OPERATION = int(os.environ.get("CONTRACT_EXAMPLES", "0"))
PHASES, ALL_PHASES = "fuzzing,stateful", "examples,coverage,fuzzing,stateful"
# The table of roles is tried cell by cell elsewhere; here those that may least and most are enough for `make test`.
ROLES = ROLE_NAMES if EXAMPLES_BY_OPERATION else (ROLE_NAMES[0], ADMIN)
LEAST_REQUESTS = 5_000
SECONDS = 3600


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that asks for keys."""
    own = Stack(tmp_path_factory.mktemp("stack") / "home", REGATTA_AUTH="keys").start()
    yield own
    own.kill_all()


@pytest.fixture(scope="module")
def keys(stack: Stack) -> dict[str, str]:
    """A key of each role."""
    with process_environment(stack.env):
        repository = KeyRepository(container().objects)
        return {role: repository.create("default", role)[1].text for role in ROLE_NAMES}


@pytest.fixture(scope="module")
def file_id(stack: Stack, keys: dict[str, str]) -> str:
    """A dataset, a model and a series in the stack, as the examples of the document make them."""
    header, *rows = HOUSING.read_bytes().splitlines(keepends=True)
    with httpx.Client(base_url=stack.base_url, timeout=300, headers={"X-Api-Key": keys[ADMIN]}) as client:
        file = {"file": ("houses.csv", b"".join([header, *rows[::100]]))}
        file_id: str = client.post("/data/upload", files=file).raise_for_status().json()["file_id"]
        client.post("/model/train", json=EXAMPLES["POST", "/model/train"][JSON]).raise_for_status()
        client.put(f"/series/{SERIES}", json=EXAMPLES["PUT", "/series/{name}"][JSON]).raise_for_status()
    return file_id


# The administrator last, who may take away what the others look at.
@pytest.mark.parametrize("role", ROLES)
def test_nothing_is_found_that_is_not_explained(
    stack: Stack, file_id: str, keys: dict[str, str], role: str, toolchain: Toolchain, tmp_path: Path
) -> None:
    known = {"path.file_id": file_id, "query.file_id": file_id, "path.model_name": MODEL, "path.name": SERIES}
    config = tmp_path / "schemathesis.toml"
    config.write_text(_config(known))
    hooks = tmp_path / "registered_hooks.py"
    hooks.write_text(HOOKS)
    said = toolchain.run(
        "schemathesis",
        "--config-file",
        config,
        "run",
        f"{stack.base_url}/openapi.json",
        f"--header=Authorization: Bearer {keys[role]}",
        f"--phases={ALL_PHASES if EXAMPLES_BY_OPERATION else PHASES}",
        # By the checks of the hooks, which know the reasons.
        "--exclude-checks=positive_data_acceptance,negative_data_rejection",
        f"--max-examples={EXAMPLES_BY_OPERATION or 1}",
        f"--seed={SEED}",
        "--continue-on-failure",
        "--generation-database=none",
        "--request-timeout=300",
        # Generating in several threads at once fails now and then on Python 3.11.
        "--workers=1",
        "--no-color",
        "--no-shrink",
        directory=tmp_path,
        variables={"SCHEMATHESIS_HOOKS": str(hooks)},
        seconds=SECONDS,
    )
    generated = re.search(r"(\d+) generated", said)
    assert generated
    assert int(generated[1]) >= (LEAST_REQUESTS if EXAMPLES_BY_OPERATION else 1)


def _config(known: dict[str, str]) -> str:
    """Return a configuration by which half of the values of these parameters are those that exist."""
    # A size over the limit is refused as such (413).
    lines = ["[checks.negative_data_rejection]", f"expected-statuses = {json.dumps(REFUSALS)}"]
    for number, value in enumerate(known.values()):
        lines += [f"[dictionaries.known{number}]", f"values = [{json.dumps(value)}]"]
    lines.append("[parameters]")
    for number, name in enumerate(known):
        lines.append(f'"{name}" = {{ dictionary = "known{number}", probability = 0.5 }}')
    return "\n".join(lines)
