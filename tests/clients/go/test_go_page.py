"""docs/go.md: its programs run one after another, as a reader runs them, and its steps make a module that works."""

import re
from pathlib import Path

import httpx
from openpyxl import load_workbook

from tests.clients.go.building import CLIENT, Go, run_text
from tests.clients.go.documented import PAGE, documented_programs
from tests.clients.toolchain import ROOT
from tests.support.odd_model import predicted, train_odd_model, write_program
from tests.support.stack import Stack

CONCRETE = ROOT / "examples/concrete.csv"


def test_the_programs_of_the_page_do_what_it_says(programs: Path, stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    variables = {"REGATTA_URL": stack.base_url}
    shown = run_text(programs / "doc1", directory=tmp_path, variables=variables)
    assert shown.startswith("1030 rows, 9 columns, ")
    assert re.search(r"^100% \w+\nR2 0\.\d{3}, cross-validated 0\.\d{3}\n[\d.]+ MPa, [\d.]+ to [\d.]+\n$", shown, re.M)
    book = load_workbook(tmp_path / "predicted.xlsx", read_only=True)
    assert book.worksheets[0].max_row == 1031
    book.close()

    predicted = run_text(programs / "doc2", variables=variables, source=CONCRETE.read_bytes()).split()
    with httpx.Client(base_url=stack.base_url, timeout=300) as client:
        answer = client.post(
            "/predict/batch",
            params={"model_name": "concrete-go"},
            content=CONCRETE.read_bytes(),
            headers={"Content-Type": "text/csv"},
        )
    assert [float(each) for each in predicted] == answer.raise_for_status().json()["predictions"]

    assert run_text(programs / "doc3", variables=variables).startswith("train it first: regatta: ")


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


def test_the_request_that_the_console_shows_is_run_as_it_stands(go: Go, stack: Stack, tmp_path: Path) -> None:
    train_odd_model(stack)
    text = go.toolchain.run("node", write_program(tmp_path, stack, "go"), directory=tmp_path)
    (tmp_path / "main.go").write_text(text, encoding="utf-8")
    (tmp_path / "go.mod").write_text(f"module shown\n\nrequire regatta v0.0.0\n\nreplace regatta => {CLIENT}\n")
    assert repr(predicted(stack)) in go.run("run", "-ldflags=-s -w", ".", directory=tmp_path)
