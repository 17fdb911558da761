"""Runs MiniStack as the embedded stack needs it: nothing that was acknowledged is lost, and nobody is starved.

It saves its state at SIGUSR1 as it does at a clean stop, so that kill -9 loses nothing. `infra.local.full_disk` lets it
refuse what the disk has no room for, and `infra.local.emulator_door` lets nobody in who does not belong. The functions
that train or read tables give way to those that predict, and all share one copy of their code. Templates of SAM are
transformed in a tenth of a second and not in one.
"""

import logging
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ministack import app
from ministack.core import lambda_runtime
from ministack.core.persistence import save_all
from ministack.services import s3
from samtranslator.swagger import swagger

from core.settings import settings
from infra.local import full_disk, joined_parts, ranged_reads
from infra.local.credentials import Credentials
from infra.local.emulator_door import Door
from infra.local.emulator_signatures import Verifier
from infra.local.forked_functions import CAN_FORK, ForkedFunction, ForkServers
from infra.local.processes import LONG_NICENESS, NICENESS
from infra.local.shared_code import SharedArchive

log = logging.getLogger("regatta")

# By the last word of its name how far a function gives way that computes.
HEAVY_FUNCTIONS = {
    "worker": LONG_NICENESS,
    "train": LONG_NICENESS,
    "ingest": NICENESS,
    "process": NICENESS,
    "upload": NICENESS,
}

_fork_servers = ForkServers()


def main() -> None:
    """Serve until SIGTERM, then end the processes of the functions. Settings come from the environment."""
    signal.signal(signal.SIGUSR1, lambda *_: save_all(app._build_persistence_save_dict()))
    full_disk.install()
    ranged_reads.install()
    joined_parts.install()
    verifier = Verifier(Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]))
    verifier.install()
    app.app = Door(app.app, settings(), verifier)
    # S3 tests a new notification by a message, for which MiniStack would start three processes at each start.
    s3._fire_s3_test_event = lambda bucket: None
    edit_in_place()
    lambda_runtime.zipfile = SimpleNamespace(**{**vars(zipfile), "ZipFile": SharedArchive})
    # MiniStack starts a process for each function; there is no other place to set its priority.
    lambda_runtime.subprocess = SimpleNamespace(**{**vars(subprocess), "Popen": _start_function})
    try:
        app.main()
    finally:
        lambda_runtime.reset()
        _fork_servers.close()


def edit_in_place() -> None:
    """Let the transform of SAM edit the document of the API itself; for each route it would copy the whole, twice."""
    swagger._deepcopy = lambda document: document


def _start_function(command: Sequence[str], **options: Any) -> "subprocess.Popen[str] | ForkedFunction":
    """Start a process as `subprocess.Popen` does, at a lower priority if it is that of a heavy function."""
    folder, environment = Path(options["cwd"]), options.get("env") or {}
    niceness = HEAVY_FUNCTIONS.get(environment.get("AWS_LAMBDA_FUNCTION_NAME", "").rpartition("-")[2])
    process = _fork(command, folder, environment, niceness is not None) or subprocess.Popen(command, **options)
    if niceness:
        os.setpriority(os.PRIO_PROCESS, process.pid, os.getpriority(os.PRIO_PROCESS, 0) + niceness)
    return process


def _fork(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], is_heavy: bool
) -> ForkedFunction | None:
    """Return a forked process that runs a function in Python; None where it has to be started anew."""
    if not CAN_FORK or command[0] != sys.executable:
        return None
    try:
        return _fork_servers.start(command[1], folder, environment, is_heavy)
    except OSError as error:
        log.warning("a function is started without a fork: %s", error)
        return None


if __name__ == "__main__":
    main()
