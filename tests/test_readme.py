"""The README's walk-through runs as it is written."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.support.stack import Stack

ROOT = Path(__file__).resolve().parent.parent


def test_the_python_walk_through_runs_as_written(stack: Stack, tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    # Only the address differs: the tests' stack has ports of its own.
    script = tmp_path / "walk.py"
    script.write_text(code.replace("http://127.0.0.1:8000", stack.base_url))
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    ended = subprocess.run(
        [sys.executable, "-W", "error", script],
        cwd=tmp_path,
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "1030 rows, 9 columns, utf-8" in ended.stdout
    assert "best: concrete-blend" in ended.stdout
    assert (tmp_path / "predictions.xlsx").stat().st_size > 10_000
