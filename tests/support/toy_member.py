"""A child process for tests of `infra.local.crew`: it does what the environment says, until its supervisor is gone."""

import os
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from infra.local.lifeline import BUSY, IDLE, Lifeline


def main(descriptors: Sequence[int]) -> None:
    """Behave as TOY_BEHAVIOUR says."""
    behaviour = os.environ["TOY_BEHAVIOUR"]
    if behaviour == "broken":
        sys.exit(1)
    left = threading.Event()
    line = Lifeline(descriptors[0])
    line.watch(on_end=left.set, on_message=lambda message: left.set())
    (Path(tempfile.gettempdir()) / "half-written").touch()
    if behaviour != "loading":
        line.send(BUSY if behaviour == "busy" else IDLE)
    left.wait()


if __name__ == "__main__":
    main([int(number) for number in sys.argv[1:]])
