"""`regatta report` on a file of this machine: the page of the service, without a service."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from infra.cli import app
from infra.paths import ROOT

# Nothing answers there.
NOWHERE = {"REGATTA_URL": "http://127.0.0.1:9", "BROWSER": ""}


def run(*arguments: str, **environment: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["report", *arguments], env={**NOWHERE, **environment})
    return done.exit_code, done.stdout, done.stderr


def test_a_page_is_written_without_a_service(tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    code, output, errors = run(str(ROOT / "examples/mpg.csv"), "--target", "mpg", "--out", str(out))
    assert (code, output, errors) == (0, f"The report is in {out}\n", "")
    page = out.read_text()
    assert '<section id="target"' in page
    assert "398" in page


def test_it_is_opened_in_the_browser(tmp_path: Path) -> None:
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {tmp_path}/opened\n')
    browser.chmod(0o755)
    code, output, _ = run(str(ROOT / "examples/mpg.csv"), "--open", "--quiet", BROWSER=f"{browser} %s")
    assert code == 0
    assert (tmp_path / "opened").read_text() == Path(output.strip()).as_uri()
    assert Path(output.strip()).name == "mpg.html"


@pytest.mark.parametrize(
    ("target", "said"), [("no [/red]", "There is no column 'no [/red]'"), ("name", "of type category")]
)
def test_a_target_that_cannot_be_one_is_named(target: str, said: str) -> None:
    code, _, errors = run(str(ROOT / "examples/mpg.csv"), "--target", target)
    assert (code, said in errors) == (1, True)


def test_a_file_that_is_no_table_is_refused_as_an_upload_is(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2\n3\n4,5\n")
    code, _, errors = run(str(tmp_path / "a.csv"))
    assert (code, "columns" in errors) == (1, True)
