"""docs/go.md: it has every method, and its steps make a module that works. `test_go_client` runs its programs."""

import re
from pathlib import Path

from tests.clients.go.building import CLIENT, Go
from tests.clients.go.documented import PAGE, documented_programs


def test_every_method_is_on_the_page_and_the_page_names_no_other() -> None:
    page = PAGE.read_text(encoding="utf-8")
    sources = "".join(path.read_text(encoding="utf-8") for path in CLIENT.glob("*.go") if "_test" not in path.name)
    for resource in ("Data", "Models", "Predict", "Jobs", "Series"):
        methods = set(re.findall(rf"^func \(r \*{resource}Resource\) ([A-Z]\w+)\(", sources, re.M))
        row = re.search(rf"^\| `client\.{resource}` \| (.*) \|$", page, re.M)
        assert row and set(re.findall(r"`(\w+)`", row[1])) == methods


def test_the_steps_of_the_page_make_a_module(go: Go, tmp_path: Path) -> None:
    steps = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("go mod ")]
    (tmp_path / "regatta/clients").mkdir(parents=True)
    (tmp_path / "regatta/clients/go").symlink_to(CLIENT)
    project = tmp_path / "houses"
    project.mkdir()
    for step in steps:
        go.run(*step.split()[1:], directory=project)
    (project / "main.go").write_text(documented_programs()["doc3"], encoding="utf-8")
    assert go.run("vet", ".", directory=project) == ""
