"""The supervisor of the embedded stack: start, deploy, watch, stop, and recover from whatever was killed."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO

from core.settings import Settings
from infra.local import embedded_redis, guard, processes, running_stack
from infra.local.credentials import credentials_of
from infra.local.parts import PartStates
from infra.local.private_files import make_private_folder, write_private
from infra.local.processes import Child, StackError
from infra.local.restarts import Restarts
from infra.local.running_stack import STOP_SECONDS, Running
from infra.local.signing_key import create_signing_key
from infra.local.silence import CHECK_SECONDS, HANGS_AFTER, Silence

# A child that takes longer hangs. On a machine with other work a start takes ten times as long as on one without.
START_SECONDS = 120

# What is in them belongs to nobody else. `incoming` stays as it is: whoever may write there saves tables.
PRIVATE_FOLDERS = ("tmp", "logs", "redis", "aws", "metrics")

Report = Callable[[str], None]


class Stack:
    """The embedded stack of one home directory, owned by this process from `start` to `stop`."""

    def __init__(self, settings: Settings, report: Report) -> None:
        self.settings = settings
        self.home = settings.home.expanduser().resolve()
        self.report = report
        self.stopping = threading.Event()
        self.variables: dict[str, str] = {}
        self._redis_socket: Path | None = None
        self._lock: IO[str] | None = None
        self._states = PartStates(self.home)
        self._restarts: dict[str, Restarts] = {}
        self._silences: dict[str, Silence] = {}
        self._check_at = 0.0
        self._children: dict[str, Child] = {}
        self._guard: subprocess.Popen[bytes] | None = None

    def start(self) -> Running | None:
        """Start all children at once and deploy the template; return None when `stopping` was set meanwhile.

        Raises `StackError` where the stack runs already, a port is taken, a child ends, or the deployment is refused.
        """
        begun = time.monotonic()
        self._lock = _claim(self.home)
        self._clean_up()
        processes.check_ports(self.settings)
        create_signing_key(self.home / "signing.key")
        self._redis_socket = self._find_redis_socket()
        self.variables = processes.stack_variables(self.settings, self.home, embedded_redis.url(self._redis_socket))
        self._keep_guard()
        for child in self._make_children():
            self._children[child.name] = child
            child.start()
        if "redis" in self._children:
            self._wait(self._children["redis"])  # if it has ended, the deployment need not be waited for
        api_url = self._deploy()
        for child in self._children.values():
            self._wait(child)
        if self.stopping.is_set():
            return None
        self._watch_folder()
        for name in self._children:
            self._states.set(name, "up", 0)
        seconds = round(time.monotonic() - begun, 1)
        return self._publish(api_url, seconds)

    def _make_children(self) -> Iterator[Child]:
        """Yield the processes of the stack."""
        yield processes.ministack(self.settings, self.home)
        if self._redis_socket is not None:
            yield embedded_redis.redis(self.home, self._redis_socket)
        yield processes.web(self.settings, self.home, self.variables)

    def _find_redis_socket(self) -> Path | None:
        """Return where Redis is to listen; None, with a report, where there is no Redis or no place for it."""
        if embedded_redis.find_program() is None:
            self.report(embedded_redis.NO_REDIS)
            return None
        path = embedded_redis.socket_path(self.home)
        if path is None:
            self.report(embedded_redis.NO_SOCKET)
        return path

    def watch(self, until: Callable[[], bool] = lambda: False) -> None:
        """Start each child again that ends or hangs, until `stopping` is set or `until()` is true.

        Raises `StackError` where one that the stack cannot do without ends again and again.
        """
        while not self.stopping.wait(0.2) and not until():
            for child in self._children.values():
                if child.exit_status() is not None and not self.stopping.is_set():
                    self._look_after(child)
            self._keep_guard()
            self._end_what_hangs()

    def _keep_guard(self) -> None:
        """Start the guard, unless it runs."""
        if self._guard is None or self._guard.poll() is not None:
            self._guard = guard.start(self.home)

    def _end_what_hangs(self) -> None:
        """Kill each child that hangs, so that it is started again; let `regatta status` tell of a silent one."""
        now = time.monotonic()
        if now < self._check_at:
            return
        self._check_at = now + CHECK_SECONDS
        for name, child in self._children.items():
            if child.exit_status() is not None or child.process is None:
                continue
            silence = self._silences.setdefault(name, Silence())
            was_told = silence.is_told
            silence.check(child)
            if silence.hangs:
                self.report(f"{name} has neither answered nor computed for {HANGS_AFTER * CHECK_SECONDS:.0f} s")
                child.process.kill()
                child.process.wait()
                self._silences.pop(name)
            elif silence.is_told != was_told:
                restarts = self._restarts.get(name, Restarts())
                self._states.set(name, "silent" if silence.is_told else "up", restarts.count)

    def _look_after(self, child: Child) -> None:
        """Start a child that has ended again, when its pause is over."""
        now, restarts = time.monotonic(), self._restarts.setdefault(child.name, Restarts())
        if restarts.due is None:
            pause = restarts.note_end(now)
            if child.essential and restarts.is_hopeless(now):
                raise StackError(f"{child.name} ended again and again within a minute.\n{child.describe_end()}")
            when = "" if child.essential or not pause else f" in {pause:.0f} s; the stack goes on without it"
            self.report(f"{child.name} ended with status {child.exit_status()}; starting it again{when}")
            self._states.set(child.name, "restarting", restarts.count)
        if child.essential or now >= (restarts.due or 0):
            restarts.note_start()
            try:
                self._restart(child)
            except StackError as error:
                if child.essential:
                    raise
                self.report(str(error))
            else:
                self._states.set(child.name, "up", restarts.count)

    def stop(self) -> None:
        """End the web apps, then MiniStack and Redis, which they use; leave no process and no temporary file."""
        self.stopping.set()
        if self._lock is None:
            return
        running_stack.forget(self.home)
        for parts in (("web",), ("ministack", "redis")):
            for part in parts:
                _terminate(self._children.get(part))
            for part in parts:
                _wait_for_end(self._children.get(part))
        with suppress(OSError):  # the home has become read-only: what is left goes at the next start
            self._clean_up()
        self._lock.close()
        self._lock = None

    def _clean_up(self) -> None:
        """End the processes that a killed supervisor left, and delete the temporary files."""
        processes.end(processes.marked(self.home))
        shutil.rmtree(self.home / "tmp", ignore_errors=True)
        embedded_redis.remove_socket(self.home)
        for folder in PRIVATE_FOLDERS:
            make_private_folder(self.home / folder)
        for folder in ("aws/s3", "aws/state", "incoming"):
            (self.home / folder).mkdir(parents=True, exist_ok=True)

    def _restart(self, child: Child) -> None:
        """Start a child again; deploy again if it is MiniStack."""
        processes.end(processes.marked(self.home, child.name))
        child.start()
        if child.name == "ministack":
            self._publish(self._deploy(), 0)
        if child.essential:
            self._wait(child)

    def _deploy(self) -> str:
        """Deploy the template as soon as MiniStack is ready; return the URL of the API."""
        # Imported here, because loading boto3 takes about as long as MiniStack takes to start.
        from infra.deploy.deployment import DeployError, auth_parameter, template_parameters
        from infra.deploy.emulated import deploy

        child = self._children["ministack"]
        self._wait(child)
        if self.stopping.is_set():
            return ""
        parameters = template_parameters(
            self.settings,
            # Else the emulated gateway would stay open where the web apps ask for a key.
            Auth=auth_parameter(self.settings.auth),
            OidcIssuer=self.settings.oidc_issuer or "",
            OidcAudience=self.settings.oidc_audience or "",
            RedisUrl=self.variables["REGATTA_REDIS_URL"],
            SigningKeyFile=self.variables["REGATTA_SIGNING_KEY_FILE"],
            S3Endpoint=self.variables["REGATTA_S3_ENDPOINT"],
        )
        endpoint = processes.aws_endpoint(self.settings)
        try:
            deployment = deploy(
                endpoint, self.settings.bucket, parameters, credentials=credentials_of(self.home).arguments
            )
        except DeployError as error:
            # One that answers has said why: such as that the disk is full.
            raise StackError(str(error) if child.ready() else f"{error}\n{child.describe_end()}") from error
        assert child.process is not None
        os.kill(child.process.pid, signal.SIGUSR1)  # it saves its state, so that kill -9 does not lose the stack
        return deployment.api_url

    def _watch_folder(self) -> None:
        """Start to send the CSVs that are saved in the folder; the thread ends when the stack stops."""
        from infra.emulator_clients import s3_client
        from infra.local.watched_folder import Watcher

        s3 = s3_client(processes.aws_endpoint(self.settings), credentials_of(self.home).arguments)
        Watcher(self.home / "incoming", s3, self.settings.bucket, self.stopping, self.report).start()

    def _wait(self, child: Child) -> None:
        """Wait until a child is ready; raises `StackError` where it ends or takes too long."""
        deadline = time.monotonic() + START_SECONDS
        while not self.stopping.is_set():
            if child.exit_status() is not None or time.monotonic() > deadline:
                raise StackError(child.describe_end())
            if child.ready():
                return
            self.stopping.wait(0.03)

    def _publish(self, api_url: str, seconds: float) -> Running:
        """Write `stack.json`, after which the stack is ready for others."""
        running = Running(
            pid=os.getpid(),
            url=f"http://{processes.HOST}:{self.settings.port}",
            api_url=api_url,
            aws_endpoint=processes.aws_endpoint(self.settings),
            ready_seconds=seconds,
            variables=self.variables,
        )
        write_private(self.home / running_stack.FILE, json.dumps(asdict(running), indent=2) + "\n")
        return running


def _claim(home: Path) -> IO[str]:
    """Take the lock of `home` and return its file; it is held until the file is closed or this process ends."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock = (home / "lock").open("a+")
    except OSError as error:
        raise StackError(
            f"{home} cannot hold a stack ({error.strerror}). REGATTA_HOME=DIR chooses another place."
        ) from None
    for _ in range(10):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.05)  # `regatta status` holds it for an instant
            continue
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        return lock
    lock.seek(0)
    holder = lock.read().strip()
    lock.close()
    raise StackError(
        f"A stack is already running in {home} (process {holder}). `regatta status` shows it, "
        "`regatta down` stops it; REGATTA_HOME=DIR with other ports gives a second one."
    )


def _terminate(child: Child | None) -> None:
    if child and child.process and child.exit_status() is None:
        child.process.terminate()


def _wait_for_end(child: Child | None) -> None:
    if child and child.process:
        try:
            child.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.process.kill()
            child.process.wait()
