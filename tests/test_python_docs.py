"""The examples of docs/python.md run as they are written, one after another."""

import re
import subprocess
import sys
from pathlib import Path

from tests.support.stack import Stack

ROOT = Path(__file__).resolve().parent.parent


def test_the_examples_run_as_one_program(stack: Stack, tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs/python.md").read_text(), re.DOTALL)
    # Only the address differs: the tests' stack has ports of its own.
    script = tmp_path / "examples.py"
    script.write_text("\n\n".join(blocks).replace("http://127.0.0.1:8000", stack.base_url))
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    ended = subprocess.run(
        [sys.executable, "-W", "error", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    for expected in ("category date", "training", "{'Age': ['age']}", "127.0.0.1:9 does not answer"):
        assert expected in ended.stdout
    exported = (tmp_path / "predictions.csv").read_text(encoding="utf-8-sig").splitlines()
    assert (len(exported), exported[0].endswith(",prediction")) == (1031, True)
    assert (tmp_path / "some.xlsx").stat().st_size > 5_000
