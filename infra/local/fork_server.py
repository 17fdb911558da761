"""A process that has loaded what the functions of the emulator load, and forks a process for each that is started.

So the libraries are loaded once for all functions, and share that memory. It takes one request after the other from the
socket of `infra.local.forked_functions`. The forked process answers itself, by which it is certain that it runs. This
module imports nothing of `core` or `functions`: what is loaded is the deployed code.
"""

import array
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import sys
import tempfile
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

# A request is its length, which comes with the three streams of the process, and JSON.
LENGTH_BYTES = 4


def main() -> None:
    """Serve until the other end is closed. The arguments: a descriptor, the folder of the code, what to load of it."""
    descriptor, folder, *modules = sys.argv[1:]
    sys.path.insert(0, folder)
    for module in modules:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever asks for a process watches it by its descriptor
    with socket.socket(fileno=int(descriptor)) as asking:
        while request := _receive(asking):
            length, streams = request
            parameters = json.loads(_read(asking, length))
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                _answer(asking)
                _run(streams, **parameters)
            for stream in streams:
                os.close(stream)


def _receive(asking: socket.socket) -> tuple[int, Sequence[int]] | None:
    """Return the length of the next request and the streams that came with it; None when nobody asks any more."""
    message, streams, _, _ = socket.recv_fds(asking, LENGTH_BYTES, 3)
    return (int.from_bytes(message, "big"), streams) if message else None


def _read(asking: socket.socket, length: int) -> bytes:
    """Return the next bytes of a request; raises `EOFError` where whoever asked has ended."""
    received = b""
    while len(received) < length:
        part = asking.recv(length - len(received))
        if not part:
            raise EOFError
        received += part
    return received


def _answer(asking: socket.socket) -> None:
    """Send the identifier of this process and its pidfd, which is readable once it has ended."""
    descriptor = os.pidfd_open(os.getpid())
    identifier = os.getpid().to_bytes(LENGTH_BYTES, "big")
    asking.sendmsg([identifier], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))])
    os.close(descriptor)
    asking.close()


def _run(streams: Sequence[int], script: str, folder: str, environment: dict[str, str]) -> NoReturn:
    """Run a Python script in this process as if it had been started with these streams."""
    status = 1
    try:
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        _take_name(environment.get("AWS_LAMBDA_FUNCTION_NAME", ""))
        tempfile.tempdir = None
        sys.argv = [script]
        sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w", buffering=1)  # noqa: SIM115
        runpy.run_path(script, run_name="__main__")
        sys.stdout.flush()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def _take_name(name: str) -> None:
    """Let `ps` and `top` show the first 15 characters of the function's name, because its command is this server's."""
    with suppress(OSError):
        Path("/proc/self/comm").write_text(name)


if __name__ == "__main__":
    main()
