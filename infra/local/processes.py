"""The processes of the embedded stack: their commands and environments, whether they are ready, and their end."""

import errno
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psutil

from core.settings import Settings
from infra.emulator_account import ACCOUNT, REGION, STACK_NAME
from infra.local.child_process import is_stopped
from infra.local.credentials import credentials_of

HOST = "127.0.0.1"
# Variables of every process of a stack: its home, and which of the processes it is. Their children inherit both.
MARK = "REGATTA_STACK"
PART = "REGATTA_STACK_PART"
METRICS_DIR = "REGATTA_METRICS_DIR"
RATES_DIR = "REGATTA_RATES_DIR"
# How far processes that read and write tables give way to those that answer, and how far those that train: to 5 alone,
# one row in a hundred would wait for the end of a trainer's turn on its core.
NICENESS, LONG_NICENESS = 5, 10
LOG_TAIL_LINES = 12
# The file below the home that says how many workers serve.
WEB_STATE = "web.json"


class StackError(Exception):
    """The embedded stack cannot start or go on; the message says why and what to do."""


@dataclass
class Child:
    """One child process: its command, environment and log; `ready` returns whether it serves.

    The stack goes on without a child that is not `essential`. One that is not `asked` while it runs looks after its
    own processes, which answer for it.
    """

    name: str
    command: list[str]
    environment: dict[str, str]
    log: Path
    ready: Callable[[], bool]
    essential: bool = True
    asked: bool = True
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process in a group of its own, so that Ctrl-C in the terminal reaches the supervisor alone.

        It stays in the session, because Linux weighs the niceness of processes within a session only. Raises
        `StackError` where the machine has no room for it.
        """
        try:
            with self.log.open("ab") as log:
                self.process = subprocess.Popen(
                    self.command,
                    env=self.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    process_group=0,
                )
        except OSError as error:
            raise StackError(f"{self.name} cannot be started: {error.strerror}.") from error

    def exit_status(self) -> int | None:
        """Return the exit status once the process has ended; None while it runs."""
        return self.process.poll() if self.process else None

    def is_silent(self) -> bool:
        """Return whether the process, which runs, is stopped or does not answer."""
        assert self.process is not None
        return is_stopped(self.process.pid) or (self.asked and not self.ready())

    def processor_seconds(self) -> float:
        """Return how long the process, which runs, has computed."""
        assert self.process is not None
        try:
            times = psutil.Process(self.process.pid).cpu_times()
        except psutil.Error:
            return 0.0  # it has ended
        return float(times.user + times.system)

    def describe_end(self) -> str:
        """Say how the process ended, with the last lines and the path of its log."""
        lines = self.log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:]
        end = f"ended with status {self.exit_status()}" if self.exit_status() is not None else "does not answer"
        return "\n".join([f"{self.name} {end}. The end of {self.log}:", *(f"  {line}" for line in lines)])


def ministack(settings: Settings, home: Path) -> Child:
    """Return MiniStack with its data below `home`. Its functions run on this interpreter."""
    environment = stack_environment(home, "ministack") | {
        # Its functions inherit these: their log and metrics are where those of the servers are.
        "REGATTA_LOG_FILE": str(home / "logs" / "functions.log"),
        METRICS_DIR: str(home / "metrics"),
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(settings.aws_port),
        # Its door lets the pages of the web apps in.
        "REGATTA_PORT": str(settings.port),
        "MINISTACK_HOST": HOST,
        "PERSIST_STATE": "1",
        "STATE_DIR": str(home / "aws" / "state"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(home / "aws" / "s3"),
        "LAMBDA_EXECUTOR": "local",
        "SERVICES": "s3,cloudformation,apigateway,lambda,iam,sts,secretsmanager,logs,events,scheduler,sqs",
        # No MQTT, no SFTP, and no Docker, where MiniStack would remove containers that are not its own.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": f"unix://{home / 'no-docker'}",
        "LOG_LEVEL": "INFO",
    }
    health = f"{aws_endpoint(settings)}/_ministack/health"
    return Child(
        "ministack",
        [sys.executable, "-m", "infra.local.emulator"],
        environment,
        home / "logs" / "ministack.log",
        lambda: _http_answers(health),
    )


def web(settings: Settings, home: Path, variables: Mapping[str, str]) -> Child:
    """Return the FastAPI apps on uvicorn workers, with the `variables` of the stack."""
    options = {
        "host": HOST,
        "port": str(settings.port),
        "workers": str(settings.workers),
        "state": str(home / WEB_STATE),
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    url = f"http://{HOST}:{settings.port}/"
    return Child(
        "web",
        [sys.executable, "-m", "infra.local.web", *arguments],
        # The function of the stack that carries out jobs leaves none for the web apps.
        stack_environment(home, "web")
        | {METRICS_DIR: str(home / "metrics"), "REGATTA_RUN_JOBS": "false"}
        | dict(variables),
        home / "logs" / "web.log",
        lambda: _http_answers(url),
        asked=False,
    )


def stack_variables(settings: Settings, home: Path, redis_url: str) -> dict[str, str]:
    """Return the variables by which a process uses the stack of `home`; without Redis its URL is empty."""
    return {
        "REGATTA_S3_ENDPOINT": aws_endpoint(settings),
        "REGATTA_BUCKET": settings.bucket,
        "REGATTA_REDIS_URL": redis_url,
        "REGATTA_SIGNING_KEY_FILE": str(home / "signing.key"),
        "REGATTA_JOBS_QUEUE_URL": f"{aws_endpoint(settings)}/{ACCOUNT}/{STACK_NAME}-jobs",
        "AWS_DEFAULT_REGION": REGION,
        **credentials_of(home).variables,
    }


def aws_endpoint(settings: Settings) -> str:
    """Return the URL of the emulated AWS."""
    return f"http://{HOST}:{settings.aws_port}"


def stack_ports(settings: Settings) -> dict[str, tuple[int, str]]:
    """Return by variable the ports of the stack, each with what it is for. Redis has none."""
    return {
        "REGATTA_PORT": (settings.port, "the web apps"),
        "REGATTA_AWS_PORT": (settings.aws_port, "the emulated AWS"),
    }


def check_ports(settings: Settings) -> None:
    """Raise `StackError` for the first port of the stack that is taken, or meant for two parts of it."""
    seen: dict[int, str] = {}
    for variable, (port, purpose) in stack_ports(settings).items():
        if port in seen:
            raise StackError(
                f"{seen[port]} and {variable} are both {port}; every part of the stack needs its own port."
            )
        seen[port] = variable
        check_port(port, purpose, variable)


def check_port(port: int, purpose: str, variable: str, host: str = HOST) -> None:
    """Raise `StackError` for a port that is taken, with the variable that sets another one."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError:
        raise StackError(f"{host} is no address of this machine. 127.0.0.1 is this machine alone.") from None
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                raise StackError(f"{host} is no address of this machine. 127.0.0.1 is this machine alone.") from None
            raise StackError(
                f"Port {port}, meant for {purpose}, cannot be used ({error.strerror}). "
                f"Stop what holds it, or choose another one: {variable}=PORT regatta ..."
            ) from None


def marked(home: Path, part: str | None = None) -> list[psutil.Process]:
    """Return the running processes of the stack of `home`, or of one part of it: `redis`, `ministack` or `web`."""
    found = []
    for process in psutil.process_iter():
        try:
            owner, its_part = _membership(process, home)
        except (psutil.Error, OSError):
            continue  # it has ended, or belongs to another user
        if owner == str(home) and part in (None, its_part):
            found.append(process)
    return found


def end(processes: Iterable[psutil.Process], grace: float = 3) -> None:
    """Send SIGTERM, after `grace` seconds SIGKILL, and wait until the processes are gone."""
    processes = list(processes)
    _signal(processes, signal.SIGTERM)
    _, alive = psutil.wait_procs(processes, timeout=grace)
    _signal(alive, signal.SIGKILL)
    psutil.wait_procs(alive, timeout=5)


def _membership(process: psutil.Process, home: Path) -> tuple[str | None, str | None]:
    """Return the home and the part that a process belongs to; None for each that it has not."""
    environment = process.environ()
    if MARK in environment:
        return environment[MARK], environment.get(PART)
    # Redis overwrites its environment with its title, so its working directory has to do.
    if process.name().startswith(("redis", "valkey")) and process.cwd() == str(home / "redis"):
        return str(home), "redis"
    return None, None


def _signal(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        try:
            process.send_signal(number)
        except psutil.NoSuchProcess:
            continue


def stack_environment(home: Path, part: str) -> dict[str, str]:
    """Return the environment of this process with the stack's mark, its TMPDIR and the credentials of its home."""
    replaced = ("AWS_", "REGATTA_SIGNING_KEY")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(replaced)}
    return kept | {
        MARK: str(home),
        PART: part,
        "TMPDIR": str(home / "tmp"),
        "PYTHONUNBUFFERED": "1",
        "AWS_DEFAULT_REGION": REGION,
        **credentials_of(home).variables,
    }


def _http_answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=2) as response:  # noqa: S310 - our own loopback address
            return bool(response.status == 200)
    except (URLError, OSError):
        return False
