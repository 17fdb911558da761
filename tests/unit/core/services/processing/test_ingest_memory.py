"""Reading or refusing a large file takes no more memory than twice its size."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.hostile_files.cases import MIB
from tests.support.hostile_files.large_files import LARGE_FILES

# Python and Arrow take this much for any file, of which they have less to read ahead below 20 MB.
FLOOR_BYTES, SMALL_FLOOR_BYTES, SMALL_BYTES = 128 * MIB, 80 * MIB, 20_000_000
# Each file has a process of its own, so that the peak is of this file alone and has Arrow's memory in it. It is forked
# from one that has loaded everything and read nothing. getrusage would not do: with it, a process inherits the peak of
# the one that started it.
MEASURE = """
import os, re, sys, traceback
from pathlib import Path
from unittest import mock
from core.services.processing import ingest as ingestion
from core.errors import RegattaError
def peak():
    return 1024 * int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1])
def measure(path):
    workspace = mock.MagicMock()
    warm = Path(path + ".small")
    warm.write_text("x,y,z\\n" + "a,1,2020-01-01\\nb,2.5,\\n" * 500)
    ingestion.ingest(workspace, "warm.csv", warm)
    before = peak()
    try:
        detail = f"taken: {ingestion.ingest(workspace, 'large.csv', Path(path)).rows} rows"
    except RegattaError as error:
        detail = error.detail
    print(detail, peak() - before, sep="\\t", flush=True)
for line in sys.stdin:
    child = os.fork()
    if not child:
        try:
            measure(line.rstrip())
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    if status := os.waitpid(child, 0)[1]:
        print(f"its process ended with status {status}", -1, sep="\\t", flush=True)
"""


@pytest.fixture(scope="module")
def measuring() -> Iterator["subprocess.Popen[str]"]:
    """The process that reads a path a line, and answers with what became of the file and the bytes that it took."""
    environment = {**os.environ, "REGATTA_MAX_FILE_BYTES": "100000000"}
    command = [sys.executable, "-c", MEASURE]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        yield process
        process.stdin.close()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from /proc")
@pytest.mark.parametrize("name", LARGE_FILES)
def test_taking_or_refusing_a_large_file_takes_no_more_memory_than_twice_its_size(
    measuring: "subprocess.Popen[str]", name: str, tmp_path: Path
) -> None:
    make, refusal = LARGE_FILES[name]
    path = tmp_path / "large.csv"
    path.write_bytes(make())
    measuring.stdin.write(f"{path}\n")
    measuring.stdin.flush()
    detail, extra = measuring.stdout.readline().rsplit("\t", 1)
    assert int(extra) >= 0, detail
    assert re.search(refusal or "taken: ", detail), detail
    size = path.stat().st_size
    assert int(extra) <= 2 * size + (SMALL_FLOOR_BYTES if size < SMALL_BYTES else FLOOR_BYTES)
