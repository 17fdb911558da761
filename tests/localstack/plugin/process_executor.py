"""Runs LocalStack's Lambda functions as plain processes, where it would start containers: no Docker is needed.

LocalStack loads it where LAMBDA_RUNTIME_EXECUTOR is `process`. FUNCTION_PYTHON names the interpreter of the functions.
Those of the project are forked from a process that has loaded, of the deployed code, what they all load.
"""

import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

from localstack import config
from localstack.aws import spec
from localstack.runtime import hooks
from localstack.services.lambda_.invocation.executor_endpoint import StatusErrorException
from localstack.services.lambda_.invocation.lambda_models import FunctionVersion, InvocationResult
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin
from localstack.services.lambda_.invocation.runtime_executor import RuntimeExecutor
from samtranslator.swagger import swagger

# At the end, so that LocalStack finds its own packages first.
sys.path.append(str(Path(__file__).parents[3]))
from infra.local.forked_functions import HEAVY_MODULES, ForkedFunction, ForkServer
from infra.local.shared_code import take_bytecode

RUNTIME = Path(__file__).with_name("function_process.py")
# Of LocalStack's own environment a function gets what belongs to the machine, and nothing else.
INHERITED = ("PATH", "HOME", "LANG", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
INIT_SECONDS = 60.0
# On Lambda a function has its processor to itself; here an answer may take as long as the gateway waits.
PATIENT = {"REGATTA_PREDICT_SECONDS": "28", "REGATTA_STATUS_SECONDS": "28"}
# What Lambda takes back at most: 6 MB and a little for the envelope.
MOST_ANSWER_BYTES = 6 * 1024 * 1024 + 100
# How often LocalStack asks whether a function is updated.
LOOK_SECONDS, MOST_LOOKS = 0.05, 2400
# A digest in Base64 becomes a name of a folder.
FOR_A_NAME = str.maketrans("+/", "-_")


@hooks.on_infra_start()
def start_with_less() -> None:
    """Let LocalStack read the descriptions of its own services, and not of all 400 of AWS.

    And let the transform of SAM edit the document of an API itself, as in `infra.local.emulator`.
    """
    own = set(os.environ["SERVICES"].split(","))
    names = [name for name in spec.loader.list_available_services("service-2") if name.removesuffix("-query") in own]
    spec.list_services = lambda: [spec.load_service(name) for name in names]
    swagger._deepcopy = lambda document: document


class ProcessExecutorPlugin(RuntimeExecutorPlugin):
    """The plugin that the entry point names."""

    name = "process"

    def load(self, *args: Any, **kwargs: Any) -> type["ProcessExecutor"]:
        """The executor's class. Functions are updated at once, so LocalStack need not wait a second for each."""
        config.BOTO_WAITER_DELAY, config.BOTO_WAITER_MAX_ATTEMPTS = LOOK_SECONDS, MOST_LOOKS
        return ProcessExecutor


class ProcessExecutor(RuntimeExecutor):
    """One execution environment: a process that is kept warm and gets one invocation at a time.

    After a timeout or a crash the next invocation starts it anew, as Lambda does.
    """

    _unpacking = threading.Lock()
    _forking = threading.Lock()
    _fork_servers: ClassVar[dict[Path, ForkServer]] = {}

    def __init__(self, id: str, function_version: FunctionVersion) -> None:
        super().__init__(id, function_version)
        self._home = Path(tempfile.mkdtemp(prefix=f"{function_version.id.function_name}-"))
        self._log = self._home / "log"
        self._environment: dict[str, str] = {}
        self._process: subprocess.Popen[str] | ForkedFunction | None = None

    def start(self, env_vars: dict[str, Any]) -> None:
        """Start the process and load the handler; raises `StatusErrorException` with Lambda's account of why not."""
        own = {name: os.environ[name] for name in INHERITED if name in os.environ}
        self._environment = own | {name: str(value) for name, value in env_vars.items()}
        self._begin()

    def stop(self) -> None:
        """End the process at once."""
        self._end()
        shutil.rmtree(self._home, ignore_errors=True)

    def invoke(self, payload: dict[str, str]) -> InvocationResult:
        """Hand the event over and wait for the answer, at most as long as the function's timeout."""
        request_id, limit = payload["invoke-id"], self.function_version.config.timeout
        if self._process is None:
            self._begin()
        seen, began = self._log.stat().st_size, time.monotonic()
        answer = self._ask(request_id, payload, limit)
        milliseconds = 1000 * (time.monotonic() - began)
        said = self._log.read_bytes()[seen:].decode(errors="replace")
        logs = (
            f"START RequestId: {request_id} Version: {self.function_version.id.qualifier}\n{said}"
            f"END RequestId: {request_id}\nREPORT RequestId: {request_id}\tDuration: {milliseconds:.2f} ms\n"
        )
        return InvocationResult(request_id, answer[1:], is_error=answer[:1] == b"!", logs=logs)

    def _ask(self, request_id: str, payload: dict[str, str], limit: int) -> bytes:
        """`=` and the answer, or `!` and the error, in JSON."""
        assert self._process is not None
        assert self._process.stdin is not None
        order = {
            "request_id": request_id,
            "arn": payload["invoked-function-arn"],
            "deadline": time.time() + limit,
            "event": json.loads(payload["payload"] or "null"),
        }
        try:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return self._exited(request_id)
        answer = self._read(limit)
        if answer is None:
            self._end()
            return _error(
                "Sandbox.Timedout", f"RequestId: {request_id} Error: Task timed out after {limit:.2f} seconds"
            )
        if not answer:
            return self._exited(request_id)
        if len(answer) > MOST_ANSWER_BYTES:
            return _error(
                "Function.ResponseSizeTooLarge",
                f"Response payload size exceeded maximum allowed payload size ({MOST_ANSWER_BYTES} bytes).",
            )
        return answer

    def _begin(self) -> None:
        """Start the process and wait until it has loaded its handler."""
        code = self.function_version.config.code.get_unzipped_code_location()
        scratch = self._home / "tmp"
        scratch.mkdir(exist_ok=True)
        self._log.touch()
        own = {"LAMBDA_TASK_ROOT": str(code), "TMPDIR": str(scratch), "FUNCTION_LOG": str(self._log)}
        environment = self._environment | PATIENT | own
        if (code / "functions").is_dir():
            self._process = self._fork_server(code.resolve()).start(str(RUNTIME), code, environment)
        else:
            self._process = subprocess.Popen(
                [os.environ["FUNCTION_PYTHON"], str(RUNTIME)],
                cwd=code,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        ready = self._read(INIT_SECONDS)
        if not ready or ready[:1] == b"!":
            error = ready[1:] if ready else _error("Runtime.ExitError", "The runtime ended before it was ready.")[1:]
            self._end()
            raise StatusErrorException("The function cannot be loaded", payload=error)

    @classmethod
    def _fork_server(cls, code: Path) -> ForkServer:
        """The process from which the functions of this code are forked."""
        with cls._forking:
            if code not in cls._fork_servers:
                cls._fork_servers[code] = ForkServer(code, HEAVY_MODULES, os.environ["FUNCTION_PYTHON"])
            return cls._fork_servers[code]

    def _read(self, seconds: float) -> bytes | None:
        """The next line of the process; empty where it has ended, None where it says nothing for so long."""
        assert self._process is not None
        assert self._process.stdout is not None
        answers = self._process.stdout.fileno()
        deadline = time.monotonic() + seconds
        pieces = []
        with selectors.DefaultSelector() as selector:
            selector.register(answers, selectors.EVENT_READ)
            while not (pieces and pieces[-1].endswith(b"\n")):
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    return None
                pieces.append(os.read(answers, 1 << 20))
                if not pieces[-1]:
                    return b""
        return b"".join(pieces)[:-1]

    def _exited(self, request_id: str) -> bytes:
        assert self._process is not None
        status = self._process.wait()
        how = f"signal: {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
        self._end()
        return _error("Runtime.ExitError", f"RequestId: {request_id} Error: Runtime exited with error: {how}")

    def _end(self) -> None:
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()
        self._process = None

    def get_address(self) -> str:
        """Where the environment is: on this machine."""
        return "127.0.0.1"

    def get_endpoint_from_executor(self) -> str:
        """Where a function finds LocalStack."""
        return "127.0.0.1"

    def get_runtime_endpoint(self) -> str:
        """Nowhere: the process answers through a pipe."""
        return ""

    def get_logs(self) -> str:
        """All that the environment has written."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    @classmethod
    def prepare_version(cls, function_version: FunctionVersion) -> None:
        """Unpack the code; raises for what has none, an image.

        Functions of one package share one copy, so that Python compiles each module once.
        """
        code = function_version.config.code
        if code is None:
            raise NotImplementedError("Only functions of package type Zip run as processes.")
        location = code.get_unzipped_code_location()
        shared = Path(tempfile.gettempdir(), f"code-{code.code_sha256.translate(FOR_A_NAME)}")
        with cls._unpacking:
            if not shared.exists():
                code.prepare_for_execution()
                take_bytecode(location)
                location.rename(shared)
            if not location.exists():
                location.parent.mkdir(parents=True, exist_ok=True)
                location.symlink_to(shared)

    @classmethod
    def cleanup_version(cls, function_version: FunctionVersion) -> None:
        """Nothing: LocalStack deletes the code itself."""


def _error(kind: str, message: str) -> bytes:
    return b"!" + json.dumps({"errorType": kind, "errorMessage": message}).encode()
