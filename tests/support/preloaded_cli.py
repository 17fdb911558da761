"""A program `regatta` that starts in a tenth of the time: its commands are forked from a process that has all loaded.

The program hands its arguments, its folder, its environment and its three streams over, and leaves with the status of
the command.
"""

import array
import importlib
import json
import os
import signal
import socket
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.cli import COMMANDS, app
from tests.support.forked_server import CONTEXT
from tests.support.process_state import forget_singletons
from tests.support.waiting import wait_for

# What commands load when they run.
MODULES = ("infra.local.server", "boto3.s3.inject", "httpx", "psutil", "redis", "rich.console", "yaml")
PROGRAM = """#!{python} -IS
import array, json, os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect({path!r})
    request = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
    streams = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", (0, 1, 2)))]
    server.sendmsg([len(request).to_bytes(4, "big")], streams)
    server.sendall(request)
    os._exit(server.recv(1)[0])
"""


@contextmanager
def preloaded_regatta(folder: Path) -> Iterator[Path]:
    """Serve while the block runs; the folder has the program `regatta`, and is returned."""
    path, program = folder / "cli", folder / "regatta"
    program.write_text(PROGRAM.format(python=sys.executable, path=str(path)))
    program.chmod(0o755)
    server = CONTEXT.Process(target=serve, args=(path,))
    server.start()
    try:
        wait_for(path.exists)
        yield folder
    finally:
        server.terminate()
        server.join()


def serve(path: Path) -> None:
    """Load the command line and fork a process for each command, until this one is ended."""
    for command in COMMANDS:
        command.load()
    for module in MODULES:
        importlib.import_module(module)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks here how a command ended
    draft = path.with_name(f"{path.name}.new")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(draft))
        listener.listen()
        draft.rename(path)  # whoever finds it can connect
        while True:
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                os._exit(run_and_tell(connection))
            connection.close()


def run_and_tell(connection: socket.socket) -> int:
    """Run the command of a connection in this process, and tell its exit status to who sent it."""
    head, ancillary, _, _ = connection.recvmsg(4, socket.CMSG_SPACE(3 * array.array("i").itemsize))
    streams = array.array("i", ancillary[0][2])
    with connection.makefile("rb") as rest:
        arguments, folder, environment = json.loads(rest.read(int.from_bytes(head, "big")))
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    forget_singletons()  # of the environment of the server
    sys.argv = ["regatta", *arguments]
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115 - as long as the process
    try:
        status = run()
        sys.stdout.flush()
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.stderr.flush()
    connection.sendall(bytes([status]))
    return status


def run() -> int:
    """Run the command line with the arguments of this process; return its exit status."""
    try:
        app(prog_name="regatta")
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else int(left.code is not None)
    return 0
