"""The temporary files of a server that was killed are deleted by the next one, those of a living one are not."""

import subprocess
import sys
from pathlib import Path

from infra.local.temporary import TemporaryRoot, sweep

KILLED = "import os, sys; from infra.local.temporary import TemporaryRoot; from pathlib import Path;"
KILLED += "root = TemporaryRoot(Path(sys.argv[1])); (root.path / 'left').touch(); print(root.path); os._exit(9)"


def leave_litter(parent: Path) -> Path:
    """Return the folder of a server that ended without deleting it."""
    done = subprocess.run([sys.executable, "-c", KILLED, str(parent)], capture_output=True, text=True, check=False)
    return Path(done.stdout.strip())


def test_the_next_server_deletes_what_a_killed_one_left(tmp_path: Path) -> None:
    litter = leave_litter(tmp_path)
    assert (litter / "left").exists()
    root = TemporaryRoot(tmp_path)
    assert not litter.exists()
    assert list(tmp_path.iterdir()) == [root.path]
    root.remove()


def test_the_folder_of_a_living_server_stays(tmp_path: Path) -> None:
    living = TemporaryRoot(tmp_path)
    assert sweep(tmp_path) == []
    living.remove()
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_of_a_server_stays(tmp_path: Path) -> None:
    (tmp_path / "regatta-mine").mkdir()
    assert sweep(tmp_path) == []
    assert (tmp_path / "regatta-mine").exists()
