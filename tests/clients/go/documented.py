"""The programs of docs/go.md: each one is compiled and run as it stands there."""

import re

from tests.clients.toolchain import ROOT

PAGE = ROOT / "docs/go.md"
PROGRAM = re.compile(r"^```go\n(package main\n.*?)^```$", re.MULTILINE | re.DOTALL)


def documented_programs() -> dict[str, str]:
    """Return the programs of the page by name, in their order: doc1, doc2 and so on."""
    found = PROGRAM.findall(PAGE.read_text(encoding="utf-8"))
    return {f"doc{number}": program for number, program in enumerate(found, start=1)}
