"""`regatta run` and `regatta demo`: the whole workflow, shown in the terminal."""

import json
import subprocess
import sys
from pathlib import Path

from infra.cli.embedded import EXAMPLE
from tests.support.stack import READY_SECONDS, Stack

MPG = EXAMPLE.parent / "mpg.csv"
# The command line with another table for the demo.
DEMO = """
import sys
from pathlib import Path
from infra.cli import app, embedded
embedded.EXAMPLE = Path(sys.argv.pop(1))
app(prog_name="regatta")
"""


def run(stack: Stack, file: Path, target: str, *options: str):
    return stack.call("run", str(file), "--target", target, *(options or ("--model", "ridge")))


def test_run_tells_every_step_and_writes_the_exports_and_reproduce_trains_its_model_again(
    stack: Stack, tmp_path: Path
) -> None:
    answer = run(stack, MPG, "mpg", "--model", "ridge", "--out", str(tmp_path / "out"))
    assert answer.returncode == 0, answer.stdout + answer.stderr
    for step in ("Upload", "Look", "Process", "Train", "Predict", "Export", "Done"):
        assert step in answer.stdout
    csv_file, xlsx, json_file = (tmp_path / "out" / f"mpg-ridge.{kind}" for kind in ("csv", "xlsx", "json"))
    assert len(csv_file.read_text().splitlines()) == len(MPG.read_text().splitlines())
    assert xlsx.read_bytes().startswith(b"PK")
    assert json.loads(json_file.read_text())
    again = stack.call("reproduce", "mpg-ridge")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "fold 5" in again.stdout
    assert "The same figures came out." in again.stdout
    unknown = stack.call("reproduce", "no-such-model")
    assert unknown.returncode == 1
    assert "no-such-model" in unknown.stderr


def test_run_races_unless_it_is_told_one_model(stack: Stack, tmp_path: Path) -> None:
    answer = run(stack, MPG, "mpg", "--time-limit", "1", "--out", str(tmp_path / "out"))
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "Race" in answer.stdout
    assert "µs a row" in answer.stdout
    assert {path.suffix for path in (tmp_path / "out").iterdir()} == {".csv", ".xlsx", ".json", ".jsonl"}


def test_run_shows_what_the_service_says_went_wrong(stack: Stack, tmp_path: Path) -> None:
    answer = run(stack, MPG, "no_such_column", "--model", "ridge", "--out", str(tmp_path))
    assert answer.returncode == 1
    assert "no_such_column" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_run_without_a_service_says_how_to_start_one(mine: Stack) -> None:
    answer = run(mine, MPG, "mpg")
    assert answer.returncode == 3
    assert "regatta up" in answer.stderr


def test_demo_with_exit_does_the_job_and_leaves(mine: Stack, tmp_path: Path) -> None:
    """Its own table has 20,640 rows; a twentieth of them takes a third of the time."""
    header, *rows = EXAMPLE.read_text().splitlines(keepends=True)
    table = tmp_path / "houses.csv"
    table.write_text("".join([header, *rows[::20]]))
    command = [sys.executable, "-c", DEMO, str(table), "demo", "--exit", "--time-limit", "1"]
    answer = subprocess.run(
        command, cwd=tmp_path, env=mine.shell, capture_output=True, text=True, timeout=READY_SECONDS, check=False
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "ocean_proximity" in answer.stdout
    assert {path.suffix for path in (tmp_path / "out").iterdir()} == {".csv", ".xlsx", ".json", ".jsonl"}
    assert mine.processes() == []
