"""What is added in one place is in every other place that needs it: functions, commands, settings, formats, locks."""

import ast
import importlib.util
import inspect
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from packaging.requirements import Requirement

from core.delimited import delimiter
from core.delimited.decoding import DISPLAY_NAMES
from core.delimited.encodings import SCORERS
from core.delimited.options import DELIMITER_WORDS, USUAL_ENCODINGS
from core.exporting.files import FORMATS
from core.jobs.commands import ExportTableCommand, PredictTableCommand, TableCommand
from core.jobs.fields import ExportFormat
from core.manifests import Reading
from core.reading_fields import ReadingFields
from core.reporting import formatting
from core.services.prediction.export import ExportRequest
from core.services.prediction.requests import ModelChoice
from core.settings import DESCRIPTIONS
from core.storage.idempotency_records import CONTENT_TYPES
from core.tables.table_writers import TABLE_FORMATS
from functions.predict.requests import BatchRequest
from functions.process.app import download
from infra.cli import COMMANDS
from infra.cli.demo_run import EXPORT_SUFFIX
from infra.cli.upload import upload
from infra.local.server import FUNCTIONS
from infra.sam_template import parse_template

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
TEMPLATES = [ROOT / "template.yaml", *sorted((ROOT / "infra/aws").glob("*.yaml"))]


def test_every_folder_of_a_function_is_in_the_template_and_in_the_server() -> None:
    resources = parse_template((ROOT / "template.yaml").read_text())["Resources"].values()
    functions = [r["Properties"] for r in resources if r["Type"] == "AWS::Serverless::Function"]
    deployed = {p.get("Handler") or p["ImageConfig"]["Command"][0] for p in functions}
    folders = {path.parent.name for path in (ROOT / "functions").glob("*/*.py") if path.stem in ("app", "handler")}
    assert {f"functions.{name}.handler.handler" for name in folders} == deployed, "add them to template.yaml"
    with_routes = {path.parent.name for path in (ROOT / "functions").glob("*/app.py")}
    assert with_routes == set(FUNCTIONS), "add them to FUNCTIONS in infra/local/server.py"


def test_every_function_of_the_command_line_is_a_command_or_used_by_another_module() -> None:
    defined, imported = set(), set()
    for path in sorted((ROOT / "infra").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        if path.parent == ROOT / "infra/cli":
            functions = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
            defined |= {(module, function.name) for function in functions if not function.name.startswith("_")}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                imported |= {(node.module, alias.name) for alias in node.names}
    commands = {(f"infra.cli.{command.module}", command.function) for command in COMMANDS}
    assert commands <= defined
    assert defined - imported - commands == set(), "add them to COMMANDS in infra/cli/__init__.py, or make them private"


def test_every_package_and_module_of_core_has_a_layer() -> None:
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    layers = {name for contract in contracts for layer in contract.get("layers", []) for name in layer.split(" | ")}
    inside = [path for path in (ROOT / "core").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()]
    names = {f"core.{path.stem}" for path in inside if path.stem != "__init__"}
    assert names - layers == set(), "add them to the layers of core in pyproject.toml"


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_the_template_sets_no_setting_that_does_not_exist(template: Path) -> None:
    named = set(re.findall(r"REGATTA_([A-Z0-9_]+)", template.read_text()))
    assert named <= {field.upper() for field in DESCRIPTIONS}


@pytest.mark.parametrize(
    ("extra", "lock"),
    [
        (None, "light"),
        ("scoring", "scoring"),
        ("export", "scoring"),
        ("learning", "heavy"),
        ("local", "dev"),
        ("dev", "dev"),
    ],
)
def test_every_dependency_is_locked(extra: str | None, lock: str) -> None:
    project = PROJECT["project"]
    wanted = project["dependencies"] if extra is None else project["optional-dependencies"][extra]
    names = {Requirement(text).name for text in wanted} - {"regatta"}
    locked = set(re.findall(r"^([\w.-]+)==", (ROOT / f"requirements/{lock}.txt").read_text(), re.MULTILINE))
    assert names - locked == set(), "run `make lock`"


def test_every_format_can_be_asked_for_and_every_one_that_is_asked_for_can_be_written() -> None:
    assert set(get_args(ExportFormat)) == {*FORMATS, "parquet"}
    assert set(get_args(inspect.signature(download).parameters["format"].annotation)) == set(TABLE_FORMATS)


def test_regatta_run_writes_every_export_format() -> None:
    endings = {name: kind.ending for name, kind in FORMATS.items()}
    assert endings == EXPORT_SUFFIX, "add it to EXPORT_SUFFIX in infra/cli/demo_run.py"


def test_a_kept_answer_may_have_every_export_format() -> None:
    missing = {kind.media_type for kind in FORMATS.values()} - {*CONTENT_TYPES}
    assert not missing, "add it to CONTENT_TYPES in core/storage/idempotency_records.py"


def test_every_delimiter_is_found_in_a_file_and_in_a_request_and_may_be_named() -> None:
    assert set(delimiter.DELIMITERS) <= set(DELIMITER_WORDS.values()), "add a word for it to core/delimited/options.py"
    assert set(DELIMITER_WORDS.values()) <= set(formatting.DELIMITERS), "add its name to core/reporting/formatting.py"


def test_every_encoding_that_is_inferred_is_one_of_the_usual_ones() -> None:
    inferred = {DISPLAY_NAMES.get(encoding, encoding) for encoding in SCORERS}
    missing = inferred - set(USUAL_ENCODINGS.split(", "))
    assert missing == set(), "add them to USUAL_ENCODINGS in core/delimited/options.py"


def test_every_field_of_a_reading_can_be_sent_and_has_an_option_of_the_command_line() -> None:
    assert set(ReadingFields.model_fields) == set(Reading.model_fields), "add it to core/reading_fields.py"
    options = {"has_header" if name == "header" else name for name in inspect.signature(upload).parameters}
    assert set(Reading.model_fields) - options == set(), "add them to infra/cli/upload.py"


# What brings the rows or the model along: only a stored table and a stored model can be a job.
BROUGHT_ALONG = {"data", "columns", "rows", "model_data"}


@pytest.mark.parametrize(
    ("request_kind", "command"), [(BatchRequest, PredictTableCommand), (ExportRequest, ExportTableCommand)]
)
def test_a_job_over_a_table_takes_the_fields_of_the_request(
    request_kind: type[ModelChoice], command: type[TableCommand]
) -> None:
    # A job decides itself how many rows it has in memory, and what is explained never becomes one.
    assert set(request_kind.model_fields) - BROUGHT_ALONG - {"batch_size", "explain"} == set(command.model_fields)


IMPORT = re.compile(r"^ *from ((?:bench|core|functions|infra|tests)[\w.]*) import ([\w, ]+)$", re.MULTILINE)


def _code_in_strings(path: Path) -> Iterator[str]:
    """Yield the texts in a Python file, of which some are programs for a process of their own."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.mark.parametrize("folder", ["bench", "infra", "tests"])
def test_a_program_in_a_string_imports_only_what_exists(folder: str) -> None:
    for path in (ROOT / folder).rglob("*.py"):
        for module, names in re.findall(IMPORT, "\n".join(_code_in_strings(path))):
            for name in names.split(", "):
                attribute = name.partition(" as ")[0].strip()
                package = importlib.import_module(module)
                is_module = hasattr(package, "__path__") and importlib.util.find_spec(f"{module}.{attribute}")
                assert hasattr(package, attribute) or is_module, f"{path}: {module} has no {attribute}"
