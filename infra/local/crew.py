"""Child processes of one kind that a server keeps running: started, watched, and replaced when they end or hang."""

import logging
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from infra.local.child_process import Program, is_stopped, start
from infra.local.lifeline import BUSY, IDLE, LEAVE

log = logging.getLogger("regatta")

# A process that has not begun to serve after so long, or is silent for so long while it serves, hangs.
START_SECONDS, SILENCE_SECONDS = 120.0, 30.0
# So long lies between two looks at a process that is silent because it works: a signal may have stopped it.
LOOK_SECONDS = 5.0
# Work that is done so soon keeps nobody waiting; no other process is started for it.
SHORT_SECONDS = 0.5
# A process that was not needed for so long is asked to leave.
SURPLUS_SECONDS = 20.0
# The pause before a process is started in place of one that could not begin to serve: doubled each time.
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 30.0
# Where none of so many processes could begin to serve, the app or its settings are broken.
MOST_FAILED_STARTS = 3

Clock = Callable[[], float]


class Member:
    """One child process, and what is known of it."""

    def __init__(self, program: Program, sockets: Sequence[socket.socket], folder: Path, now: float) -> None:
        """Start the process with `folder` for its temporary files; raises `OSError` where there is no room for it."""
        self.folder = folder
        self.is_serving = self.is_busy = False
        self.started_at = self.received_at = self.busy_since = self._looked_at = now
        self._was_stopped = False
        temporary = None
        with suppress(OSError):  # on a full disk the process serves all the same
            folder.mkdir(parents=True)
            temporary = folder
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                descriptors = [theirs.fileno(), *(one.fileno() for one in sockets)]
                self.process = start(program, descriptors, temporary)
        except BaseException:
            ours.close()
            shutil.rmtree(folder, ignore_errors=True)
            raise
        ours.setblocking(False)
        self._line = ours

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self.process.pid

    def listen(self, now: float) -> None:
        """Receive the states that the process has sent since the last time."""
        with suppress(BlockingIOError, OSError):
            while states := self._line.recv(4096):
                self.received_at = now
                for state in (IDLE, BUSY):
                    if state in states:
                        self.is_serving = True
                was_busy, self.is_busy = self.is_busy, _is_busy(states, self.is_busy)
                if not was_busy:
                    self.busy_since = now

    def hangs(self, now: float) -> bool:
        """Return whether the process should have sent a sign of life by now."""
        if not self.is_serving:
            return now - self.started_at > START_SECONDS
        if now - self.received_at <= SILENCE_SECONDS:
            return False
        return not self.is_busy or self._stays_stopped(now)

    def _stays_stopped(self, now: float) -> bool:
        """Return whether the process was stopped at this look and at the one before."""
        if now - self._looked_at < LOOK_SECONDS:
            return False
        before, self._was_stopped = self._was_stopped, is_stopped(self.pid)
        self._looked_at = now
        return before and self._was_stopped

    def send(self, message: bytes) -> None:
        """Send the process `LEAVE` or `PUT_BACK`."""
        with suppress(OSError):
            self._line.send(message)

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to the process, if it runs."""
        self.process.send_signal(number)

    def forget(self) -> None:
        """Delete the temporary files of a process that has ended, which it could not delete if it was killed."""
        self._line.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Crew:
    """The processes of one kind.

    `size` returns how many there should be, given how many are busy; `niceness` is how far they give way. The
    program gets the numbers of its lifeline and of the `sockets`.
    """

    def __init__(
        self,
        name: str,
        program: Program,
        sockets: Sequence[socket.socket],
        folder: Path,
        size: Callable[[int], int],
        *,
        niceness: int = 0,
        clock: Clock = time.monotonic,
    ) -> None:
        self.name = name
        self.members: list[Member] = []
        # How many processes were replaced because they ended or hung.
        self.replaced = 0
        self._program = program
        self._sockets = sockets
        self._folder = folder
        self._size = size
        self._niceness = niceness
        self._clock = clock
        self._started = 0
        self._has_served = False
        self._failures = 0
        self._pause_until = self._looked_at = clock()
        self._surplus_since: float | None = None

    @property
    def serving(self) -> int:
        """Return how many processes serve now."""
        return sum(member.is_serving for member in self.members)

    @property
    def is_broken(self) -> bool:
        """Return whether no process could ever serve, and another start would fail like those before."""
        return not self._has_served and self._failures >= MOST_FAILED_STARTS

    def tend(self) -> None:
        """Look at every process once: kill those that hang, take off the ended, and start what is missing."""
        now = self._clock()
        # A server that was stopped for a while, or starved, has received nothing; that is no fault of its processes.
        stalled, self._looked_at = now - self._looked_at > SILENCE_SECONDS / 2, now
        for member in list(self.members):
            member.listen(now)
            if stalled:
                member.started_at = member.received_at = now
            if member.process.poll() is None and member.hangs(now):
                log.error("%s %d has sent no sign of life for too long and is killed", self.name, member.pid)
                member.send_signal(signal.SIGKILL)
                member.process.wait()
            self._has_served = self._has_served or member.is_serving
            if member.process.poll() is not None:
                self._take_off(member, now)
        self._adjust(now)

    def _take_off(self, member: Member, now: float) -> None:
        """Take a process that has ended off the list."""
        self.members.remove(member)
        member.forget()
        status = member.process.wait()
        if status == 0 and member.is_serving:
            return  # it left, as it was asked to, or because it had grown
        self.replaced += 1
        log.warning("%s %d ended (%s) and is replaced", self.name, member.pid, describe_status(status))
        if member.is_serving:
            self._failures = 0
        elif status >= 0:
            self._wait_a_while(now)

    def _wait_a_while(self, now: float) -> None:
        self._failures += 1
        self._pause_until = now + min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** (self._failures - 1))

    def _adjust(self, now: float) -> None:
        """Start processes that are missing; ask one to leave that was not needed for long enough."""
        wanted = self._size(sum(member.is_busy and now - member.busy_since > SHORT_SECONDS for member in self.members))
        while len(self.members) < wanted and now >= self._pause_until:
            self._start(now)
        idle = [member for member in self.members if member.is_serving and not member.is_busy]
        if len(self.members) <= wanted or not idle:
            self._surplus_since = None
        elif self._surplus_since is None:
            self._surplus_since = now
        elif now - self._surplus_since > SURPLUS_SECONDS:
            idle[-1].send(LEAVE)
            self._surplus_since = now

    def _start(self, now: float) -> None:
        self._started += 1
        try:
            member = Member(self._program, self._sockets, self._folder / f"{self.name}-{self._started}", now)
        except OSError as error:
            log.error("no %s can be started: %s", self.name, error)
            self._wait_a_while(now)
        else:
            self.members.append(member)
            if self._niceness:
                # A server that gives way itself has set its own before.
                own = os.getpriority(os.PRIO_PROCESS, 0)
                os.setpriority(os.PRIO_PROCESS, member.pid, own + self._niceness)

    def send(self, message: bytes) -> None:
        """Send every process a message."""
        for member in self.members:
            member.send(message)

    def stop(self, seconds: float) -> None:
        """End every process: SIGTERM, and after `seconds` SIGKILL."""
        for member in self.members:
            member.send_signal(signal.SIGTERM)
        until = time.monotonic() + seconds
        for member in self.members:
            try:
                member.process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                member.send_signal(signal.SIGKILL)
                member.process.wait()
            member.forget()
        self.members.clear()


def describe_status(status: int) -> str:
    """Say how a process ended: by which signal, or with which exit status."""
    if status >= 0:
        return f"status {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"


def _is_busy(states: bytes, before: bool) -> bool:
    """Return whether a process is busy after it sent these states."""
    last = max(states.rfind(IDLE), states.rfind(BUSY))
    return before if last < 0 else states[last : last + 1] == BUSY
