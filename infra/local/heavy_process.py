"""A process that trains, reads and writes tables for the workers of a server, one piece of work after the other.

It takes a socket from the queue that all such processes share, reads one piece of work from it, and answers there. It
gives way to the workers, and it ends by itself when it has grown, when it may not take its priority back after long
work, when one piece takes longer than any may, and when its server ends.
"""

import faulthandler
import importlib
import logging
import os
import pickle
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from multiprocessing.connection import Connection
from pathlib import Path

import psutil

from core.freed_memory import limit_arenas
from core.settings import settings
from core.storage.changes import noting_changes
from functions.log import set_up_telemetry
from infra.local.lifeline import BEAT, BUSY, IDLE, LEAVE, PUT_BACK, Lifeline
from infra.local.processes import LONG_NICENESS, NICENESS
from infra.local.work import TAKEN, Work, put_back

log = logging.getLogger("regatta")

# What is loaded before the first piece of work comes.
MODULES = ("infra.local.runner", "functions.process.app", "functions.upload.app", "functions.data.app")
# After a piece of work, a process of this size ends, and another takes its place.
MOST_BYTES = 1 << 30
# How often a process that waits for work says that it is alive; its server kills one that is silent for long.
BEAT_SECONDS = 5.0
# How often it is looked whether the work that a caller waits for is done.
LOOK_SECONDS = 0.5
# How much longer than a job may take a piece of work may take.
GRACE_SECONDS = 60
# Whose priority it is: that of the thread that works, and of all threads and children of this process.
SELF, OWN_GROUP = (os.PRIO_PROCESS, 0), (os.PRIO_PGRP, 0)
# Of processes that take too much memory, Linux is to end this one and not a worker.
OOM_SCORE = "500"


class HeavyProcess:
    """The loop of this process, and the states that it sends its server."""

    def __init__(self, lifeline: Lifeline, queue: socket.socket, beat_seconds: float = BEAT_SECONDS) -> None:
        queue.settimeout(beat_seconds)
        self._lifeline = lifeline
        self._queue = queue
        self._lock = threading.Lock()
        self._is_busy = self._is_leaving = False

    def receive(self, message: bytes) -> None:
        """Do what the server asks for; called by the thread that watches the lifeline."""
        if message == PUT_BACK:
            put_back.set()
        elif message == LEAVE:
            with self._lock:
                self._is_leaving = True
                if not self._is_busy:
                    os._exit(0)

    def run(self) -> None:
        """Do one piece of work after the other, until this process is to leave or has grown."""
        self._lifeline.send(IDLE)
        while not self._is_leaving:
            try:
                _, descriptors, _, _ = socket.recv_fds(self._queue, 1, 1)
            except TimeoutError:
                self._lifeline.send(BEAT)
                continue
            with self._lock:
                self._is_busy = True
            self._lifeline.send(BUSY)
            niceness = os.getpriority(*SELF)
            for descriptor in descriptors:
                with Connection(descriptor) as connection, suppress(OSError, EOFError):
                    _serve(connection)
            with self._lock:
                self._is_busy = False
            if psutil.Process().memory_info().rss > MOST_BYTES or os.getpriority(*SELF) > niceness:
                return
            self._lifeline.send(IDLE)


def _serve(connection: Connection) -> None:
    """Do one piece of work. Raises `OSError` where the worker that sent it has been killed before it was begun."""
    message = connection.recv_bytes()
    connection.send_bytes(TAKEN)
    faulthandler.dump_traceback_later(settings().job_seconds + GRACE_SECONDS, exit=True)
    with noting_changes() as changed:
        try:
            work: Work = pickle.loads(message)  # noqa: S301 - of a worker of this server, over a socket without a name
            with (
                _giving_way() if work.is_long else nullcontext(),
                _ending_with(connection) if work.ends_with_caller else nullcontext(),
            ):
                answer = (True, work.do(), changed)
        except Exception as error:
            answer = (False, _portable(error), changed)
        finally:
            faulthandler.cancel_dump_traceback_later()
    connection.send_bytes(pickle.dumps(answer))


@contextmanager
def _ending_with(connection: Connection) -> Iterator[None]:
    """End this process as soon as nobody waits at the other end: the caller has left, or has had its time.

    What was begun is left as it is where a process is killed, which nothing here depends on.
    """
    is_done = threading.Event()
    # Of its own, because that of the connection may be another file by the time the thread looks.
    descriptor = os.dup(connection.fileno())

    def watch() -> None:
        with Connection(descriptor) as other_end:
            while not other_end.poll(LOOK_SECONDS):
                if is_done.is_set():
                    return
            if not is_done.is_set():
                os._exit(0)

    threading.Thread(target=watch, name="caller", daemon=True).start()
    try:
        yield
    finally:
        is_done.set()


@contextmanager
def _giving_way() -> Iterator[None]:
    """Let all threads of this process, and the processes that it starts, give way further than for short work."""
    before = os.getpriority(*SELF)
    os.setpriority(*OWN_GROUP, before + LONG_NICENESS - NICENESS)
    try:
        yield
    finally:
        with suppress(PermissionError):  # a user may only give way further: the process is replaced then
            os.setpriority(*OWN_GROUP, before)


def _portable(error: Exception) -> Exception:
    """Return the error as another process can raise it."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    except Exception:
        log.exception("an error that no other process can raise")
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _end_first() -> None:
    """Let Linux end this process first where memory is short."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(OOM_SCORE)


def main(descriptors: Sequence[int]) -> None:
    """Work until the server ends. The numbers are those of lifeline and queue."""
    lifeline, queue = descriptors
    _end_first()
    limit_arenas()
    line = Lifeline(lifeline)
    with socket.socket(fileno=queue) as shared:
        shared.set_inheritable(False)
        process = HeavyProcess(line, shared)
        line.watch(on_end=lambda: os._exit(0), on_message=process.receive)
        for module in MODULES:
            importlib.import_module(module)
        set_up_telemetry()
        process.run()


if __name__ == "__main__":
    # As a module of its own name: what is pickled names it.
    importlib.import_module("infra.local.heavy_process").main([int(number) for number in sys.argv[1:]])
