"""A stack is found and forgotten by what lies in its home, also where the home may only be read."""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.unprivileged import run_unprivileged

LOOK = """
import sys
from pathlib import Path
from infra.local import running_stack
home = Path(sys.argv[1])
running_stack.forget(home)
print(running_stack.supervisor(home))
"""


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A home in which nobody may write any more."""
    (tmp_path / "lock").write_text(str(os.getpid()))
    (tmp_path / "stack.json").write_text("{}")
    for path in (tmp_path / "lock", tmp_path / "stack.json", tmp_path):
        path.chmod(path.stat().st_mode & ~0o222)
    yield tmp_path
    tmp_path.chmod(0o755)


def test_the_supervisor_of_a_read_only_home_is_found_while_it_holds_the_lock(read_only: Path) -> None:
    with (read_only / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert run_unprivileged("-c", LOOK, str(read_only)).stdout == f"{os.getpid()}\n"
    assert run_unprivileged("-c", LOOK, str(read_only)).stdout == "None\n"


@pytest.mark.parametrize("command", ["up", "down"])
def test_a_read_only_home_is_told_of_and_stays_as_it_is(read_only: Path, command: str) -> None:
    before = sorted(read_only.rglob("*"))
    done = run_unprivileged("-m", "infra.cli", command, REGATTA_HOME=str(read_only))
    said = {"up": f"{read_only} cannot hold a stack (Permission denied)", "down": f"No stack runs in {read_only}"}
    assert said[command] in done.stdout
    assert done.stdout.count("\n") == 1
    assert done.returncode == (1 if command == "up" else 0)
    assert sorted(read_only.rglob("*")) == before


def test_a_home_with_a_lock_alone_that_can_be_written_is_told_of(read_only: Path) -> None:
    (read_only / "lock").chmod(0o644)
    done = run_unprivileged("-m", "infra.cli", "up", REGATTA_HOME=str(read_only))
    assert done.returncode == 1
    assert "cannot hold a stack" in done.stdout
    assert "Traceback" not in done.stdout
