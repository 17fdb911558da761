"""The side of a worker: hands heavy work to the processes of `infra.local.heavy_process`, and waits for the result."""

import pickle
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any

from core.deadlines import check_deadline, remaining
from core.departures import DepartedError, check_departure, ends_with_caller
from core.errors import DeadlineError, WorkerEndedError
from core.storage.changes import changes
from core.storage.container import container
from core.storage.workspace import Workspace
from core.telemetry.request_id import request_id
from core.telemetry.tracing import traceparent
from infra.local.work import LONG_AT_ONCE, Work

# How often whoever waits looks whether its deadline has passed.
LOOK_SECONDS = 0.5
# How often work is sent that a process was killed before it took.
ATTEMPTS = 5

ENDED = "The process that did the work has ended, for want of memory or because it was killed."
NOBODY = "No process is free for this work. Try again in a moment."


class HeavyPool:
    """The queue to the processes. Several threads may use it at once."""

    def __init__(self, queue: socket.socket) -> None:
        """Use the sending end of the queue."""
        queue.settimeout(LOOK_SECONDS)
        self._queue = queue
        self._long = threading.BoundedSemaphore(LONG_AT_ONCE)

    def run(
        self,
        function: Callable[..., Any],
        workspace: Workspace,
        arguments: tuple[Any, ...],
        options: dict[str, Any],
        is_long: bool,
    ) -> Any:
        """Return `function(workspace, *arguments, **options)`, called in another process; raises what it raises.

        Raises `WorkerEndedError` where that process ended, `DeadlineError`, `DepartedError`. After the latter two the
        process ends, unless the work is a job.
        """
        context = (remaining(), request_id(), ends_with_caller(), traceparent())
        work = Work(function, workspace.name, arguments, options, is_long, *context)
        if not is_long:
            return self._call(work)
        while not self._long.acquire(timeout=LOOK_SECONDS):
            check_departure()
            check_deadline()
        try:
            return self._call(replace(work, seconds=remaining()))
        finally:
            self._long.release()
            workspace.models.forget_states()

    def _call(self, work: Work) -> Any:
        message = pickle.dumps(work)
        for _ in range(ATTEMPTS):
            with self._send() as connection:
                if not _is_taken(connection, message):
                    continue
                try:
                    succeeded, result, changed = pickle.loads(_receive(connection))  # noqa: S301 - of our own process
                except (OSError, EOFError) as error:
                    changes().lost_sight()
                    raise WorkerEndedError(ENDED) from error
                except (DeadlineError, DepartedError):
                    changes().lost_sight()
                    raise
                finally:
                    # What was written there is not known here.
                    container().expect_changes()
            changes().add(changed)
            if succeeded:
                return result
            raise result
        raise WorkerEndedError(NOBODY, retry_after=5)

    def _send(self) -> Connection:
        """Put a socket into the queue; return its other end."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                while True:
                    try:
                        socket.send_fds(self._queue, [b"w"], [theirs.fileno()])
                        return Connection(ours.detach())
                    except TimeoutError:  # the queue is full
                        check_deadline()
            except BaseException:
                ours.close()
                raise


def _is_taken(connection: Connection, message: bytes) -> bool:
    """Send the work; return whether a process has begun with it, False where the process ended before."""
    try:
        connection.send_bytes(message)
        _receive(connection)
    except (OSError, EOFError):
        return False
    return True


def _receive(connection: Connection) -> bytes:
    """Return the next message; raises `EOFError` where the process ended, `DeadlineError` where it takes too long."""
    while not connection.poll(LOOK_SECONDS):
        check_departure()
        check_deadline()
    return connection.recv_bytes()
