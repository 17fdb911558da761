"""A child process for tests of `infra.local.crew`: it does what the environment says, until its supervisor is gone."""

import os
import sys
import threading
from pathlib import Path

from infra.local.lifeline import BUSY, IDLE, Lifeline

if __name__ == "__main__":
    behaviour = os.environ["TOY_BEHAVIOUR"]
    if behaviour == "broken":
        sys.exit(1)
    left = threading.Event()
    line = Lifeline(int(sys.argv[1]))
    line.watch(on_end=left.set, on_leave=left.set)
    (Path(os.environ["TMPDIR"]) / "half-written").touch()
    if behaviour != "loading":
        line.tell(BUSY if behaviour == "busy" else IDLE)
    left.wait()
