"""A server in a process that is forked from one that has loaded everything, and not started anew."""

import multiprocessing
import os
import runpy
import sys
import tempfile
from collections.abc import Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from tests.support.process_state import forget_singletons

PRELOADED = [
    f"tests.support.{name}"
    for name in ("killed_process", "loaded_handlers", "loaded_stack", "forked_server", "forked_stack")
]
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(PRELOADED)


def start_server(environment: Mapping[str, str], log: Path, *arguments: str) -> ForkServerProcess:
    """Start `regatta serve ARGUMENTS` with this environment; what it prints is appended to `log`."""
    return start_module(environment, log, "infra.cli", "serve", *arguments)


def start_module(environment: Mapping[str, str], log: Path, module: str, *arguments: str) -> ForkServerProcess:
    """Start `python -m MODULE ARGUMENTS` alike."""
    process = CONTEXT.Process(target=_run, args=(dict(environment), log, module, arguments))
    process.start()
    return process


def take_environment(environment: Mapping[str, str]) -> None:
    """Go on with these variables and no others, as a process that was started with them."""
    os.environ.clear()
    os.environ.update(environment)
    forget_singletons()  # of the environment of the process that this one was forked from
    sys.modules.pop("infra.local.server", None)  # which reads it while it is loaded
    tempfile.tempdir = None


def print_to(descriptor: int) -> None:
    """Let what this process prints go there."""
    for stream in (1, 2):
        os.dup2(descriptor, stream)


def _run(environment: dict[str, str], log: Path, module: str, arguments: tuple[str, ...]) -> None:
    take_environment(environment)
    with log.open("ab") as output:
        print_to(output.fileno())
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
