"""The line between a server and its processes does not hold up either of them."""

import socket
import threading

from infra.local.lifeline import BEAT, Lifeline
from tests.support.waiting import wait_for


def test_a_server_that_reads_nothing_does_not_stop_its_processes() -> None:
    ours, theirs = socket.socketpair()
    line = Lifeline(theirs.detach())

    def beat_for_hours() -> None:
        for _ in range(10_000):
            line.send(BEAT)

    process = threading.Thread(target=beat_for_hours, daemon=True)
    with ours, line._socket:
        process.start()
        wait_for(lambda: not process.is_alive())
