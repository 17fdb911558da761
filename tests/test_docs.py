"""What exists is written down: every setting, error, route and command."""

import re
from pathlib import Path

import pytest

from core import errors
from core.jobs.commands import COMMANDS
from core.settings import Settings
from infra.cli import app
from infra.local.server import FUNCTIONS
from tests.routes import routes_of

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("field", Settings.model_fields)
def test_every_setting_is_in_the_readme(field: str) -> None:
    assert f"| `REGATTA_{field.upper()}` |" in README


def test_the_readme_names_no_setting_that_does_not_exist() -> None:
    named = set(re.findall(r"`?REGATTA_([A-Z0-9_]+)", README))
    assert named == {field.upper() for field in Settings.model_fields}


def _leaves(kind: type) -> list[type]:
    return [kind, *(leaf for child in kind.__subclasses__() for leaf in _leaves(child))]


# These two only group others; nothing raises them.
GROUPS = {"NotFoundError", "UnprocessableError"}


@pytest.mark.parametrize(
    "error",
    [e for e in _leaves(errors.RegattaError) if e.__module__ == "core.errors" and e.__name__ not in GROUPS],
)
def test_every_error_is_documented_with_its_status(error: type[errors.RegattaError]) -> None:
    assert f"| `{error.slug}` | {error.status} |" in (ROOT / "docs/errors.md").read_text()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_route_is_documented(function: str) -> None:
    documented = (ROOT / "docs/http.md").read_text()
    for method, path in routes_of(function):
        assert f"| `{method} {path}` |" in documented


@pytest.mark.parametrize("kind", COMMANDS)
def test_every_kind_of_job_is_documented(kind: str) -> None:
    assert f"| `{kind}` |" in (ROOT / "docs/http.md").read_text()


@pytest.mark.parametrize(
    "command", [(c.name or c.callback.__name__).replace("_", "-") for c in app.registered_commands]
)
def test_every_command_is_in_the_readme(command: str) -> None:
    assert f"`regatta {command}" in README
