"""An operation in a process of its own, which a test kills: forked from one that has loaded everything already."""

import math
import tempfile
from collections.abc import Mapping
from pathlib import Path

import httpx
import psutil

from core.jobs import attempt
from core.storage.container import container
from tests.support.forked_server import CONTEXT
from tests.support.gateway import HandlerTransport
from tests.support.jobs import carry_out
from tests.support.operations import OPERATIONS
from tests.support.past_memory import little_memory
from tests.support.process_state import process_environment

# Beside the names of `OPERATIONS`: a worker carries out the job with the id `job`. The second stores each progress
# report, and has memory for some rows of a table.
RETRAIN, LEARN = "retrain", "learn in parts"
SECONDS = 120


def perform(name: str, variables: Mapping[str, str], ids: Mapping[str, str], temporary: str) -> None:
    """Carry out an operation with these variables and its temporary files in `temporary`; raise where it fails."""
    from tests.support.loaded_handlers import SESSION  # which the process that forks this one has made

    tempfile.tempdir = temporary
    with (
        process_environment(variables),
        httpx.Client(transport=HandlerTransport(), base_url="http://handlers") as client,
    ):
        container().objects.session = SESSION
        if name == RETRAIN:
            attempt.STORE_SECONDS = math.inf  # how often it writes does not depend on how long it takes
            carry_out(ids["job"])
        elif name == LEARN:
            attempt.STORE_SECONDS = -math.inf
            with little_memory():
                carry_out(ids["job"])
        else:
            OPERATIONS[name](client, dict(ids)).raise_for_status()


class KilledProcess:
    """A process that carries out an operation until it is killed."""

    def __init__(self, name: str, variables: Mapping[str, str], ids: Mapping[str, str]) -> None:
        # Who is killed deletes nothing.
        self._temporary = tempfile.TemporaryDirectory()
        # The names of the temporary files that it left.
        self.left: list[str] = []
        arguments = (name, variables, ids, self._temporary.name)
        self._process = CONTEXT.Process(target=perform, args=arguments)

    def run(self) -> int:
        """Run it to its end; return its exit status, which is -9 where it was killed."""
        with self._temporary:
            self._process.start()
            self._process.join(SECONDS)
            self.left = sorted(path.name for path in Path(self._temporary.name).rglob("*") if path.is_file())
        assert self._process.exitcode is not None, "It did not end."
        return self._process.exitcode

    def kill(self) -> None:
        """Kill it with SIGKILL, and return once it is gone: it does nothing more."""
        process = psutil.Process(self._process.pid)
        process.kill()
        process.wait(SECONDS)
