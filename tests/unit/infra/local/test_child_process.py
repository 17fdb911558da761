"""Processes that a server forks go on with what is theirs, and with nothing else of the server."""

import subprocess
import sys
from pathlib import Path

# In a process of its own, because a fork takes every thread's locks along.
WRITE = """
import sys
from pathlib import Path
from core.telemetry.log import log, set_up_log
from infra.local.child_process import ForkedProcess

set_up_log("INFO", Path(sys.argv[1]))
log.info("before")
assert ForkedProcess(lambda _: log.info("forked"), [], None).wait() == 0
log.info("after")
"""


def test_a_forked_process_writes_to_the_file_of_the_log(tmp_path: Path) -> None:
    file = tmp_path / "regatta.log"
    subprocess.run([sys.executable, "-c", WRITE, str(file)], check=True)
    said = [line.split('"message":"')[1].split('"')[0] for line in file.read_text().splitlines()]
    assert said == ["before", "forked", "after"]
