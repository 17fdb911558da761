"""The page of the command line, docs/command-line.md, run as it is written. It takes long, so it has a module alone."""

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

import httpx

from core import __version__
from infra.paths import ROOT
from tests.support.preloaded_cli import preloaded_regatta
from tests.support.stack import Stack

EXAMPLES = ROOT / "examples"
PAGE = (ROOT / "docs/command-line.md").read_text()


def test_the_examples_of_the_page_run_as_written(stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(EXAMPLES)
    script = "\n".join(re.findall(r"^```sh\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE))
    # The bucket tells of the file in its own time; a reader types more slowly than that.
    (dropping,) = re.findall(r"^regatta drop .*\n", script, re.MULTILINE)
    script = script.replace(dropping, f"{dropping}until regatta series strength --quiet; do sleep 0.1; done\n")
    # The race of the first file takes as long as it may, a minute unless somebody says otherwise.
    httpx.put(f"{stack.base_url}/series/strength", json={"time_limit": 2}, timeout=300).raise_for_status()
    programs = tmp_path / "programs"
    programs.mkdir()
    environment = {**stack.shell, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    with preloaded_regatta(programs):
        done = subprocess.run(
            ["bash", "-euxo", "pipefail", "-c", script],
            cwd=tmp_path,
            env={**environment, "PATH": f"{programs}:{stack.shell['PATH']}"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    assert "Traceback" not in done.stderr
    rows = list(csv.reader((tmp_path / "predictions.csv").read_text().splitlines()))
    assert len(rows) == 1031
    assert rows[0][-1] == "prediction"
    assert (tmp_path / "predicted.xlsx").read_bytes().startswith(b"PK")
    assert "<html" in (tmp_path / "concrete.html").read_text()
    assert json.loads((tmp_path / "openapi.json").read_text())["openapi"].startswith("3.0")


def test_the_program_itself_starts() -> None:
    program = Path(sys.executable).parent / "regatta"
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"regatta {__version__}\n"
