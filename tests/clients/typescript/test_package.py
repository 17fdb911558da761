"""The client in TypeScript by itself: its types, its unit tests, and what is packed."""

import json
import re
from pathlib import Path

from core import __version__
from tests.clients.typescript.package import DOCUMENT, QUICKLY, SOURCE, TypeScriptPackage, complaints

ROOT = SOURCE.parents[1]


def test_types_are_those_of_the_document(package: TypeScriptPackage, tmp_path: Path) -> None:
    schema = tmp_path / "schema.ts"
    output = package.npx("openapi-typescript", DOCUMENT, "--output", schema, "--default-non-nullable=false")

    assert complaints(output) == []
    made, committed = (tmp_path / "schema.ts").read_text(), (SOURCE / "src/schema.ts").read_text()
    assert made == committed, "Run `make openapi`, and commit clients/typescript/src/schema.ts."


def test_what_uses_the_client_has_the_right_types(package: TypeScriptPackage) -> None:
    package.npx("tsc", "--project", "programs", *QUICKLY)


def test_units(package: TypeScriptPackage) -> None:
    package.node("--test", "test/*.test.ts")


def test_the_client_has_the_version_of_the_service() -> None:
    lock = json.loads((SOURCE / "package-lock.json").read_text())
    manifest = json.loads((SOURCE / "package.json").read_text())
    in_code = re.search(r'VERSION = "(.+)"', (SOURCE / "src/version.ts").read_text())

    assert in_code is not None
    assert {manifest["version"], lock["version"], lock["packages"][""]["version"], in_code[1]} == {__version__}


def test_the_lock_has_a_digest_of_every_package_and_names_no_registry() -> None:
    packages = json.loads((SOURCE / "package-lock.json").read_text())["packages"]
    installed = {path: entry for path, entry in packages.items() if path}

    assert [path for path, entry in installed.items() if "integrity" not in entry] == []
    assert [path for path, entry in installed.items() if "resolved" in entry] == []


def test_the_client_needs_no_other_package_and_nothing_of_node() -> None:
    manifest = json.loads((SOURCE / "package.json").read_text())
    imports = {
        imported
        for module in (SOURCE / "src").glob("*.ts")
        for imported in re.findall(r'^(?:import|export) .*?from "(.+?)"', module.read_text(), re.MULTILINE | re.DOTALL)
    }

    assert "dependencies" not in manifest
    assert {imported for imported in imports if not imported.startswith("./")} == set()


def test_every_kind_of_problem_is_an_error() -> None:
    documented = set(re.findall(r"^\| `([a-z-]+)` \| \d", (ROOT / "docs/errors.md").read_text(), re.MULTILINE))
    table = re.search(r"const BY_TYPE = \{(.*?)\} satisfies", (SOURCE / "src/errors.ts").read_text(), re.DOTALL)

    assert table is not None
    assert set(re.findall(r'^  "?([a-z-]+)"?: \w+,', table[1], re.MULTILINE)) == documented


def test_only_the_compiled_client_is_packed(package: TypeScriptPackage) -> None:
    packed = json.loads(package.npm("pack", "--dry-run", "--ignore-scripts", "--json"))[0]["files"]

    names = {file["path"] for file in packed}
    assert {"package.json", "README.md", "dist/index.js", "dist/index.d.ts"} <= names
    assert {name for name in names if not name.startswith("dist/")} == {"package.json", "README.md"}
