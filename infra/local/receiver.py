"""Carries out the jobs of an SQS queue: a thread of the server receives one message after the other.

Any number of servers, and the functions of a stack, may share the queue. A message is hidden for no longer than a lease
and hidden anew while its job goes on, so that another server has the jobs of a host that died a lease later.
"""

import logging
import threading

from core.errors import UnavailableError
from core.settings import settings
from core.storage.container import container
from core.storage.job_messages import Message, parse_message
from core.storage.sqs_queue import SqsQueue
from core.storage.workspace import Workspace
from core.telemetry.causes import cause_of
from functions import heavy_work
from functions.worker.messages import lease_seconds, process
from infra.local.work import put_back

log = logging.getLogger("regatta")

# How long one request waits for a message: less than a server that stops waits for this thread, so that none is
# received for a server that is gone. A worker without work sends 43,000 requests a day, for about 2 US cents.
WAIT_SECONDS = 2
# How long after a failure the queue is asked again.
PAUSE_SECONDS = 5.0


class Receiver(threading.Thread):
    """The thread that receives messages and lets a heavy process carry out their jobs, one at a time."""

    def __init__(self, queue: SqsQueue, wait_seconds: int = WAIT_SECONDS) -> None:
        super().__init__(name="jobs", daemon=True)
        self._queue = queue
        self._wait_seconds = wait_seconds
        self._stopping = threading.Event()

    def run(self) -> None:
        """Receive messages until the thread is stopped."""
        while not self._stopping.is_set():
            try:
                message = self._queue.receive(self._wait_seconds, lease_seconds())
                if message is not None:
                    self._answer(message)
            except UnavailableError as error:
                log.warning("the queue of jobs: %s", error.detail)
                self._stopping.wait(PAUSE_SECONDS)

    def stop(self) -> None:
        """Give the running job back when it reports progress next, and end the thread."""
        self._stopping.set()

    def _answer(self, message: Message) -> None:
        """Carry out the job of a message, and delete the message unless it has to come again."""
        if self._stopping.is_set():
            self._queue.give_back(message)
            return
        try:
            is_done = self._process(message)
        except Exception as error:  # such as a killed process: the message comes again when its time is over
            log.error("message %s comes again: %s", message.message_id, cause_of(error))
            return
        if is_done:
            self._queue.delete(message)

    def _process(self, message: Message) -> bool:
        parsed = parse_message(message.body)
        if parsed is not None and heavy_work.is_elsewhere():
            return heavy_work.run_long(process_elsewhere, container().workspace(parsed[0]), message)
        return process(message, settings().job_seconds, self._stopping.is_set)


def process_elsewhere(workspace: Workspace, message: Message) -> bool:
    """Carry out the job of a message in a heavy process, until its server stops; return whether it is done with."""
    return process(message, settings().job_seconds, put_back.is_set)
