"""What other programs make of the OpenAPI document, in 3.1 and in the rendering of 3.0.3: nobody has a complaint."""

import json
from pathlib import Path

import pytest

from functions.contract.openapi_3_0 import render_3_0
from tests.clients.typescript.package import DOCUMENT, TypeScriptPackage, complaints


@pytest.fixture
def rendered(tmp_path: Path) -> Path:
    """A file with the document in 3.0.3. What generators make of it in 3.1, other tests use, and see no complaint."""
    path = tmp_path / "openapi-3.0.json"
    path.write_text(json.dumps(render_3_0(json.loads(DOCUMENT.read_text()))))
    return path


def test_redocly_recommends_nothing(package: TypeScriptPackage, rendered: Path) -> None:
    for document in (DOCUMENT, rendered):
        assert json.loads(package.node("programs/lint.mjs", document)) == []


def test_redocly_would_say_what_is_wrong(package: TypeScriptPackage, tmp_path: Path) -> None:
    wrong = json.loads(DOCUMENT.read_text())
    del wrong["paths"]["/jobs"]["get"]["operationId"]
    (tmp_path / "wrong.json").write_text(json.dumps(wrong))

    findings = json.loads(package.node("programs/lint.mjs", tmp_path / "wrong.json"))

    assert [finding["ruleId"] for finding in findings] == ["operation-operationId"]


def test_openapi_typescript_complains_of_nothing(package: TypeScriptPackage, rendered: Path, tmp_path: Path) -> None:
    output = package.npx("openapi-typescript", rendered, "--output", tmp_path / "schema.ts")

    assert complaints(output) == []


def test_hey_api_complains_of_nothing(package: TypeScriptPackage, rendered: Path, tmp_path: Path) -> None:
    output = package.npx("openapi-ts", "--input", rendered, "--output", tmp_path / "client", "--no-log-file")

    assert complaints(output) == []
