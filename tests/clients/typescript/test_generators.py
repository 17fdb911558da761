"""What other programs make of the OpenAPI document, in 3.1 and in the rendering of 3.0.3: nobody has a complaint."""

import json
from pathlib import Path

import pytest

from functions.contract.openapi_3_0 import render_3_0
from tests.clients.typescript.package import DOCUMENT, TypeScriptPackage

COMPLAINTS = ("warn", "error", "invalid", "unsupported", "deprecated", "missing")


@pytest.fixture(params=["3.1", "3.0"])
def document(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A file with the document, in one of its two versions."""
    if request.param == "3.1":
        return DOCUMENT
    rendered = tmp_path / "openapi-3.0.json"
    rendered.write_text(json.dumps(render_3_0(json.loads(DOCUMENT.read_text()))))
    return rendered


def test_redocly_recommends_nothing(package: TypeScriptPackage, document: Path) -> None:
    assert json.loads(package.node("programs/lint.mjs", document)) == []


def test_redocly_would_say_what_is_wrong(package: TypeScriptPackage, tmp_path: Path) -> None:
    wrong = json.loads(DOCUMENT.read_text())
    del wrong["paths"]["/jobs"]["get"]["operationId"]
    (tmp_path / "wrong.json").write_text(json.dumps(wrong))

    findings = json.loads(package.node("programs/lint.mjs", tmp_path / "wrong.json"))

    assert [finding["ruleId"] for finding in findings] == ["operation-operationId"]


def test_openapi_typescript_complains_of_nothing(package: TypeScriptPackage, document: Path, tmp_path: Path) -> None:
    output = package.npx("openapi-typescript", document, "--output", tmp_path / "schema.ts")

    assert _complaints(output) == []


def test_hey_api_complains_of_nothing(package: TypeScriptPackage, document: Path, tmp_path: Path) -> None:
    output = package.npx("openapi-ts", "--input", document, "--output", tmp_path / "client", "--no-log-file")

    assert _complaints(output) == []


def _complaints(output: str) -> list[str]:
    """Return the lines in which a generator says that something is not as it should be."""
    return [line for line in output.splitlines() if any(word in line.lower() for word in COMPLAINTS)]
