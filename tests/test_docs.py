"""What exists is written down: every setting, error, route and command."""

import ast
import importlib
import importlib.util
import inspect
import json
import re
from pathlib import Path
from typing import TypeVar, get_args

import pytest
from pydantic import BaseModel

from core import errors
from core.catalogue import CATALOGUE, DEFAULT_MODEL_TYPES
from core.exporting.files import FORMATS
from core.jobs.commands import COMMANDS
from core.jobs.fields import ExportFormat
from core.settings import DESCRIPTIONS
from core.storage.redis.keys import KEY_PATTERNS, KeyPattern
from core.tables.table_writers import TABLE_FORMATS
from functions.process.app import download
from infra.cli import COMMANDS as COMMANDS_OF_THE_COMMAND_LINE
from infra.cli.exit_codes import ExitCode
from infra.cli.lazy import Command
from infra.local.server import FUNCTIONS
from tests.support.routes import fields_of, openapi_of, routes_of

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()


NAMED_TESTS = [
    pytest.param(*named, id=named[1])
    for page in (ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md")))
    for named in re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", page.read_text())
]


@pytest.mark.parametrize(("file", "name"), NAMED_TESTS)
def test_a_test_that_a_page_names_exists(file: str, name: str) -> None:
    tree = ast.parse((ROOT / file).read_text())
    assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize("field", DESCRIPTIONS)
def test_every_setting_is_in_the_readme(field: str) -> None:
    assert f"| `REGATTA_{field.upper()}` |" in README


def test_the_readme_names_no_setting_that_does_not_exist() -> None:
    named = set(re.findall(r"`?REGATTA_([A-Z0-9_]+)", README))
    assert named == {field.upper() for field in DESCRIPTIONS}


T = TypeVar("T")


def _leaves(kind: type[T]) -> list[type[T]]:
    return [kind, *(leaf for child in kind.__subclasses__() for leaf in _leaves(child))]


def _has_slug(error: type[errors.RegattaError]) -> bool:
    return "slug" in vars(error) and error.__module__.startswith(("core.", "functions."))


# These two only group others; nothing raises them.
GROUPS = {"NotFoundError", "UnprocessableError"}


# The classes of errors that a caller may see. One of another module without a slug of its own is for our code only.
ERRORS = [error for error in _leaves(errors.RegattaError) if error.__module__ == "core.errors" or _has_slug(error)]


@pytest.mark.parametrize("error", [error for error in ERRORS if error.__name__ not in GROUPS])
def test_every_error_is_documented_with_its_status(error: type[errors.RegattaError]) -> None:
    assert f"| `{error.slug}` | {error.status} |" in (ROOT / "docs/errors.md").read_text()


def test_no_error_is_documented_that_does_not_exist() -> None:
    ours = (ROOT / "docs/errors.md").read_text().partition("## From the gateway")[0]
    assert set(re.findall(r"^\| `([a-z-]+)` \|", ours, re.MULTILINE)) <= {error.slug for error in ERRORS}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_route_is_documented(function: str) -> None:
    documented = (ROOT / "docs/http.md").read_text()
    for method, path in routes_of(function):
        assert f"| `{method} {path}` |" in documented


def test_no_route_is_documented_that_does_not_exist() -> None:
    served = {f"{method} {path}" for function in FUNCTIONS for method, path in routes_of(function)}
    assert set(_documented_fields()) == served


@pytest.mark.parametrize("kind", [kind for kind, one in COMMANDS.items() if one.__module__.startswith("core.")])
def test_every_kind_of_job_is_documented(kind: str) -> None:
    assert f"| `{kind}` |" in (ROOT / "docs/http.md").read_text()


CLI_COMMANDS = [command.name for command in COMMANDS_OF_THE_COMMAND_LINE]


@pytest.mark.parametrize("command", CLI_COMMANDS)
def test_every_command_is_in_the_readme(command: str) -> None:
    assert f"`regatta {command}" in README


@pytest.mark.parametrize("command", COMMANDS_OF_THE_COMMAND_LINE, ids=lambda command: command.name)
def test_every_command_and_option_is_documented(command: Command) -> None:
    page = (ROOT / "docs/command-line.md").read_text()
    _, found, section = page.partition(f"\n### regatta {command.name}\n")
    assert found, "give it a section in docs/command-line.md, with an example"
    section = section.partition("\n### ")[0]
    common = page.partition("\n## Data\n")[0]
    options = {parameter.opts[0] for parameter in command.load().params if parameter.opts[0].startswith("--")}
    assert {option for option in options - {"--help"} if option not in section + common} == set()


def test_the_page_of_the_command_line_has_no_command_that_does_not_exist() -> None:
    page = (ROOT / "docs/command-line.md").read_text()
    assert set(re.findall(r"^### regatta ([a-z-]+)$", page, re.MULTILINE)) == set(CLI_COMMANDS)


def test_every_exit_status_is_documented() -> None:
    page = (ROOT / "docs/command-line.md").read_text()
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)] == sorted(ExitCode)


def test_the_readme_names_no_command_that_does_not_exist() -> None:
    assert set(re.findall(r"`regatta ([a-z-]+)", README)) == set(CLI_COMMANDS)


@pytest.mark.parametrize("page", ["docs/architecture.md", "CONTRIBUTING.md"])
def test_every_module_and_path_that_a_page_names_exists(page: str) -> None:
    text = (ROOT / page).read_text()
    dotted = set(re.findall(r"`((?:core|functions|infra)\.[\w.]+)`", text))
    paths = set(re.findall(r"`((?:core|functions|infra|tests|docs|bench)/[\w./]*)`", text))
    assert dotted | paths
    missing = {name for name in dotted if not _resolves(name)} | {path for path in paths if not (ROOT / path).exists()}
    assert not missing


def _resolves(name: str) -> bool:
    """Return whether a dotted name is a module, or an attribute of one."""
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        module, _, attribute = name.rpartition(".")
        return hasattr(importlib.import_module(module), attribute)


@pytest.mark.parametrize("name", FORMATS)
def test_every_export_format_can_be_asked_for_and_is_documented(name: str) -> None:
    assert name in get_args(ExportFormat), "add it to `ExportFormat` in core/jobs/fields.py"
    assert name in get_args(inspect.signature(download).parameters["format"].annotation), (
        "and to functions/process/app.py"
    )
    assert f"| `{name}` |" in (ROOT / "docs/http.md").read_text(), "and to the formats in docs/http.md"


@pytest.mark.parametrize("name", TABLE_FORMATS)
def test_every_format_of_a_table_is_documented(name: str) -> None:
    section = (ROOT / "docs/http.md").read_text().partition("\n## Files")[2].partition("\n## ")[0]
    assert f"| `{name}` |" in section, "add it to the formats in docs/http.md"


def test_a_term_stands_in_the_glossary_once() -> None:
    rows = (ROOT / "docs/glossary.md").read_text().partition("## Words for users")[0]
    terms = [term.strip() for term in re.findall(r"^\| ([^|]+) \|", rows, re.MULTILINE)]
    terms = [term for term in terms if term not in ("term", "---")]
    assert len(terms) == len(set(terms))


def test_every_event_of_the_log_is_documented() -> None:
    sources = (path.read_text() for room in ("core", "functions", "infra") for path in (ROOT / room).rglob("*.py"))
    events = {event for source in sources for event in re.findall(r'log_event\(\s*"(\w+)"', source)}
    (row,) = re.findall(r"^\| `event`, or `message` \| (.*) \|$", (ROOT / "docs/monitoring.md").read_text(), re.M)
    assert events == set(re.findall(r"`([a-z_]+)`", row)) - {"message"}


def test_the_keys_of_redis_are_documented_as_they_are() -> None:
    section = (ROOT / "docs/stored-state.md").read_text().partition("## Keys in Redis")[2].partition("\n## ")[0]
    rows = [row for row in section.splitlines() if row.startswith("| `")]
    assert rows == [
        f"| `{pattern.pattern}` | {pattern.type} | {_expiry(pattern)} | {pattern.holds} | {pattern.when_lost} |"
        for pattern in KEY_PATTERNS
    ]


def _expiry(pattern: KeyPattern) -> str:
    if isinstance(pattern.expires, int):
        return f"{pattern.expires:,} s"
    return "never" if pattern.expires is None else f"`{pattern.expires}`"


def _documented_fields() -> dict[str, set[str]]:
    """By endpoint the names in the request column of its row; "the same" stands for those of the row above."""
    documented: dict[str, set[str]] = {}
    above: set[str] = set()
    for line in (ROOT / "docs/http.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) == 5 and (endpoint := re.fullmatch(r"`([A-Z]+ \S+)`", cells[1])):
            named = _quoted(cells[2])
            above = documented[endpoint[1]] = named | above if cells[2].startswith("the same") else named
    return documented


def _quoted(text: str) -> set[str]:
    """Return the names between backticks, of which one pair may have several."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    return {name for quoted in re.findall(r"`([^`]+)`", prose) for name in re.findall(r"[\w-]+", quoted)}


@pytest.mark.parametrize(
    ("function", "method", "path"), [(function, *route) for function in FUNCTIONS for route in routes_of(function)]
)
def test_every_field_of_a_request_is_documented(function: str, method: str, path: str) -> None:
    page = (ROOT / "docs/http.md").read_text()
    row = _documented_fields()[f"{method} {path}"]
    # The introduction says which fields every endpoint of a dataset or of a model takes.
    optional = set(re.findall(r"optional\s+`(\w+)`", page.partition("\n| ")[0]))
    request = fields_of(function, method, path)
    assert request.top - row - optional == set(), f"add them to the row of {method} {path} in docs/http.md"
    # Whatever else a row names, such as the values of a field, is somewhere in the function's OpenAPI page.
    unknown = {name for name in row - request.top - optional if f'"{name}"' not in json.dumps(openapi_of(function))}
    assert unknown == set(), f"{method} {path} takes no such fields"
    # A row that names a value of a field names all of them.
    missing = {value for values in request.values.values() if values & (row - request.top) for value in values - row}
    assert missing == set(), f"add these values to the row of {method} {path} in docs/http.md"
    assert request.nested - _quoted(page) == set(), "say in docs/http.md what these fields of objects are"
    assert {name for name in request.headers if f"`{name}" not in page.lower()} == set(), "say what these headers do"


@pytest.mark.parametrize(
    "kind",
    sorted(
        {
            kind
            for kind in _leaves(BaseModel)
            if kind.__module__.startswith("functions.") and ".contract." not in kind.__module__
        },
        key=str,
    ),
    ids=lambda kind: kind.__name__,
)
def test_every_field_of_a_request_that_a_route_reads_itself_is_documented(kind: type[BaseModel]) -> None:
    assert set(kind.model_fields) - _quoted((ROOT / "docs/http.md").read_text()) == set()


def test_no_regressor_is_documented_that_does_not_exist() -> None:
    table = (ROOT / "docs/learning.md").read_text().partition("| `model_type` | scikit-learn |")[2].partition("\n\n")[0]
    first_cells = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    assert {name for cell in first_cells for name in _quoted(cell)} == set(CATALOGUE)


def test_the_number_of_regressors_that_are_compared_is_the_one_that_is_documented() -> None:
    number = {8: "eight", 9: "nine", 10: "ten", 11: "eleven", 12: "twelve"}[len(DEFAULT_MODEL_TYPES)]
    hint = f"there are {number} now; correct the number everywhere, or make the new one an `extra`"
    assert f"# Compare {number} regressors on the same folds" in README, hint
    assert f"`POST /model/compare` trains the {number} on the same folds" in (ROOT / "docs/learning.md").read_text(), (
        hint
    )


def test_the_readme_names_every_export_format() -> None:
    *others, last = sorted(FORMATS)
    sentence = f"# Export the file with its predictions: {', '.join(others)} or {last}."
    assert sentence in README, "name them all"
