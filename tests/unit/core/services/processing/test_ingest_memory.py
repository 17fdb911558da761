"""Reading or refusing a large file takes no more memory than twice its size."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.hostile_files.cases import MIB
from tests.support.hostile_files.large_files import LARGE_FILES

# Python and Arrow take this much for any file.
FLOOR_BYTES = 128 * MIB
# Each file has a process of its own, so that the peak is of this file alone and has Arrow's memory in it. getrusage
# would not do: with it, a process inherits the peak of the one that started it.
MEASURE = """
import re, sys
from pathlib import Path
from unittest import mock
from core.services.processing import ingest as ingestion
from core.errors import RegattaError
def peak():
    return 1024 * int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1])
workspace = mock.MagicMock()
warm = Path(sys.argv[1] + ".small")
warm.write_text("x,y,z\\n" + "a,1,2020-01-01\\nb,2.5,\\n" * 500)
ingestion.ingest(workspace, "warm.csv", warm)
before = peak()
try:
    manifest = ingestion.ingest(workspace, "large.csv", Path(sys.argv[1]))
    print(f"taken: {manifest.rows} rows")
except RegattaError as error:
    print(error.detail)
print(peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from /proc")
@pytest.mark.parametrize("name", LARGE_FILES)
def test_taking_or_refusing_a_large_file_takes_no_more_memory_than_twice_its_size(name: str, tmp_path: Path) -> None:
    make, refusal = LARGE_FILES[name]
    path = tmp_path / "large.csv"
    path.write_bytes(make())
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path)],
        env={**os.environ, "REGATTA_MAX_FILE_BYTES": "100000000"},
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    detail, extra = done.stdout.splitlines()
    assert re.search(refusal or "taken: ", detail), detail
    assert int(extra) <= 2 * path.stat().st_size + FLOOR_BYTES
