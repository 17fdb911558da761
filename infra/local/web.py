"""A server of several processes on one machine: workers that share a listening socket, and their supervisor.

uvicorn has such a supervisor as well. It asks each worker in turn whether it lives, through a pipe whose far end it
holds open itself, so that it waits for the answer of a killed worker until its time is up.
"""

import argparse
import gc
import importlib
import json
import logging
import os
import signal
import socket
import sys
import tempfile
import threading
from pathlib import Path

from core.freed_memory import ARROW_POOL, return_freed_memory
from core.settings import settings
from core.telemetry.log import set_up_log
from infra.local import heavy_process, web_worker
from infra.local.child_process import FORKS, Program
from infra.local.crew import Crew
from infra.local.lifeline import DRAIN_SECONDS, LEAVING_SECONDS, PUT_BACK
from infra.local.processes import METRICS_DIR, NICENESS, RATES_DIR, StackError
from infra.local.temporary import TemporaryRoot
from infra.local.work import LONG_AT_ONCE

log = logging.getLogger("regatta")

# How often the supervisor looks after the processes.
LOOK_SECONDS = 0.1
# Connections that wait until a worker takes them. They outlive a killed worker.
BACKLOG = 2048
STARTUP_FAILED = 3
# How many heavy processes are left for tables where long work takes all that it may.
SPARE = 2
# What functions load when they first ask another service, which here every process does.
CLIENTS = ("boto3.s3.inject", "core.storage.s3.listing", "redis")
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class WebServer:
    """The supervisor of the workers of one server, in the main thread of its process."""

    def __init__(self, host: str, port: int, workers: int, state: Path | None = None) -> None:
        """Bind the address. `state` is a file that says how many workers serve, for `regatta status`."""
        self.stopping = threading.Event()
        self._workers = workers
        self._state = state
        self._written = ""
        limit = web_worker.raise_descriptor_limit()
        if (most := web_worker.most_at_once(limit)) is not None:
            log.warning(
                "only %d files may be open, so each worker takes %d connections at once; `ulimit -n 4096` lets it "
                "take more",
                limit,
                most,
            )
        self._folder = TemporaryRoot(_temporary_folder())
        # The processes add up their metrics there.
        os.environ.setdefault(METRICS_DIR, str(self._folder.path / "metrics"))
        os.environ.setdefault(RATES_DIR, str(self._folder.path / "rates"))
        for name, value in ARROW_POOL.items():
            os.environ.setdefault(name, value)
        settings.cache_clear()
        self._listener = _listen(host, port)
        # Each message is taken by one process. Neither end has a name that another user could write to.
        taking, self._sending = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._taking = taking
        folder, most = self._folder.path, LONG_AT_ONCE * workers + SPARE
        self.heavy = Crew(
            "heavy",
            Program("infra.local.heavy_process", heavy_process.main),
            [taking],
            folder,
            lambda busy: min(most, busy + 1),
            niceness=NICENESS,
        )
        worker = Program("infra.local.web_worker", web_worker.main)
        self.web = Crew("worker", worker, [self._listener, self._sending], folder, lambda busy: workers)

    def run(self) -> int:
        """Serve until a signal stops it; return the exit status, which is 3 where no worker could ever start."""
        for number in STOP_SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup ignores SIGHUP
                signal.signal(number, lambda *_: self.stopping.set())
        try:
            if FORKS:
                _load()
            while not self.stopping.is_set() and not self.web.is_broken:
                self.web.tend()
                self.heavy.tend()
                self._write_state()
                self.stopping.wait(LOOK_SECONDS)
        finally:
            self._stop()
        return STARTUP_FAILED if self.web.is_broken else 0

    def _stop(self) -> None:
        """End all processes, and leave no temporary file."""
        self._listener.close()
        self.heavy.send(PUT_BACK)
        self.web.stop(DRAIN_SECONDS + LEAVING_SECONDS)
        self.heavy.stop(LEAVING_SECONDS)
        self._taking.close()
        self._sending.close()
        self._folder.remove()

    def _write_state(self) -> None:
        """Write how many workers serve, where that has changed."""
        counts = {"workers": self._workers, "serving": self.web.serving, "heavy": self.heavy.serving}
        text = json.dumps({**counts, "replaced": self.web.replaced + self.heavy.replaced})
        if self._state is None or text == self._written:
            return
        try:
            draft = self._state.with_suffix(".new")
            draft.write_text(text)
            draft.replace(self._state)
        except OSError as error:
            log.warning("%s cannot be written: %s", self._state, error.strerror)
        self._written = text


def _temporary_folder() -> Path:
    """Return the folder of temporary files; raises `StackError` where none can be written to."""
    try:
        return Path(tempfile.gettempdir())
    except OSError as error:
        raise StackError(
            "No folder for temporary files can be written to. Make room on the disk, or let TMPDIR name another folder."
        ) from error


def _load() -> None:
    """Load what all processes need, once for all of them, and let its memory stay shared."""
    for module in ("infra.local.server", *heavy_process.MODULES, *CLIENTS):
        importlib.import_module(module)
    gc.collect()
    return_freed_memory()
    gc.freeze()


def _listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens at an address."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


def main() -> int:
    """Serve at the address of the arguments: `--host`, `--port`, `--workers`, `--state`."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.web")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--workers", type=int, required=True)
    parser.add_argument("--state", type=Path)
    chosen = parser.parse_args()
    set_up_log(settings().log_level, settings().log_file)
    try:
        server = WebServer(chosen.host, chosen.port, chosen.workers, chosen.state)
    except (StackError, OSError) as error:
        log.error("the server cannot start: %s", error)
        return STARTUP_FAILED
    return server.run()


if __name__ == "__main__":
    sys.exit(main())
