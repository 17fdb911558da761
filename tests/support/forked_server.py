"""`regatta serve` in a process that is forked from one that has loaded everything, and not started anew."""

import multiprocessing
import os
import sys
import tempfile
from collections.abc import Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from infra.cli import app
from tests.support.process_state import forget_singletons

PRELOADED = ["tests.support.killed_process", "tests.support.loaded_handlers", __name__]
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(PRELOADED)


def start_server(environment: Mapping[str, str], log: Path, *arguments: str) -> ForkServerProcess:
    """Start `regatta serve ARGUMENTS` with this environment; what it prints is appended to `log`."""
    process = CONTEXT.Process(target=_serve, args=(dict(environment), log, arguments))
    process.start()
    return process


def _serve(environment: dict[str, str], log: Path, arguments: tuple[str, ...]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    forget_singletons()  # of the environment of the process that this one was forked from
    tempfile.tempdir = None
    with log.open("ab") as output:
        for stream in (1, 2):
            os.dup2(output.fileno(), stream)
    sys.argv = ["regatta", "serve", *arguments]
    app(prog_name="regatta")
