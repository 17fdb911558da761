"""SECURITY.md names a test for each attack, and no request makes the service call an address."""

import json
import re

from infra.paths import ROOT

PAGE = (ROOT / "SECURITY.md").read_text()
NAME = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
DOCUMENT = json.loads((ROOT / "docs/openapi.json").read_text())
ADDRESS = re.compile(r"\burl\b|\buri\b|webhook|callback|endpoint|hostname", re.IGNORECASE)


def test_each_of_the_ten_risks_has_a_test() -> None:
    lines = [line for line in PAGE.splitlines() if re.match(r"\| API\d+ ", line)]
    assert [re.match(r"\| (API\d+)", line)[1] for line in lines] == [f"API{number}" for number in range(1, 11)]
    assert all(NAME.search(line) for line in lines)


def test_each_attack_that_worked_once_has_a_test() -> None:
    table = PAGE.partition("## Attacks that worked once")[2].partition("\n## ")[0]
    lines = [line for line in table.splitlines() if line.startswith("| ")][2:]
    assert len(lines) > 30
    assert all(NAME.search(line) for line in lines)


def test_no_field_of_a_request_is_an_address() -> None:
    fields = {
        field
        for path in DOCUMENT["paths"].values()
        for operation in path.values()
        if isinstance(operation, dict)
        for field in request_fields(operation)
    }
    assert len(fields) > 50
    assert not [field for field in fields if ADDRESS.search(field)]


def request_fields(operation: dict) -> set[str]:
    """Return the names of the parameters and of the fields of the body, at any depth."""
    found = {parameter["name"] for parameter in operation.get("parameters", []) if "name" in parameter}
    waiting, seen = [operation.get("requestBody", {})], set()
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, dict):
            reference = part.get("$ref")
            if reference and reference not in seen:
                seen.add(reference)
                target = DOCUMENT
                for step in reference.removeprefix("#/").split("/"):
                    target = target[step]
                waiting.append(target)
            found |= set(part.get("properties", {}))
            waiting += [value for name, value in part.items() if name not in ("example", "examples")]
    return found
