"""The parts of localstack.yml that can be tested without Docker."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from infra.paths import ROOT
from tests.localstack.running import COMPOSE, VENV

SERVICES: dict[str, Any] = COMPOSE["services"]
LOCALSTACK: dict[str, Any] = SERVICES["localstack"]


def output_of(*command: str) -> str:
    """Return the output of a program in the environment of LocalStack."""
    ended = subprocess.run([VENV / "bin" / command[0], *command[1:]], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_it_is_a_compose_file() -> None:
    """The schema of the Compose specification, as check-jsonschema brings it along."""
    assert "ok" in output_of(
        "check-jsonschema", "--builtin-schema", "vendor.compose-spec", str(ROOT / "localstack.yml")
    )


def test_the_release_is_the_one_that_is_tested() -> None:
    (locked,) = re.findall(r"^localstack-core==([\d.]+)", (ROOT / "requirements/localstack.txt").read_text(), re.M)
    assert LOCALSTACK["image"] == f"localstack/localstack:{locked}"


def test_nothing_listens_to_other_machines() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports == ["127.0.0.1:4566:4566"]


def test_every_path_that_is_mounted_is_there() -> None:
    sources = [str(volume).partition(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])]
    paths = [Path(ROOT, source) for source in sources if source.startswith(("./", "/"))]
    assert len(paths) > 4
    assert [path for path in paths if not path.exists() and path != Path("/var/run/docker.sock")] == []
    assert {source for source in sources if source[0] not in "./"} == set(COMPOSE["volumes"])
    build = SERVICES["packages"]["build"]
    assert Path(ROOT, build["context"], build["dockerfile"]).exists()


def test_localstack_understands_its_settings() -> None:
    """Each is one that this release knows, and the packages are mounted where Python functions look for layers."""
    script = (
        "import json; from localstack import config; "
        "from localstack.utils.container_utils.container_client import Util; "
        f"flags = Util.parse_additional_flags({LOCALSTACK['environment']['LAMBDA_DOCKER_FLAGS']!r}); "
        "print(json.dumps([[*config.CONFIG_ENV_VARS, *vars(config)], flags.volumes]))"
    )
    known, volumes = json.loads(output_of("python", "-c", script).splitlines()[-1])
    ours = {name for name in LOCALSTACK["environment"] if not name.startswith("DEPLOY_")}
    assert ours - set(known) == set()
    assert volumes == [[COMPOSE["volumes"]["packages"]["name"], "/opt/python"]]
    assert LOCALSTACK["environment"]["LAMBDA_DOCKER_NETWORK"] == COMPOSE["networks"]["default"]["name"]


@pytest.mark.parametrize("name", [name for name in LOCALSTACK["environment"] if name.startswith("DEPLOY_")])
def test_the_hook_reads_what_it_is_given(name: str) -> None:
    sources = [path.read_text() for path in (ROOT / "infra/localstack").rglob("*.py")]
    assert any(f'"{name}"' in source for source in sources)
