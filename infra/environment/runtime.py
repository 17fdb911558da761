"""The process of an `Environment`. It loads a handler and answers one event a line, as the runtime of Lambda does."""

import _multiprocessing
import errno
import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Audit events that change paths: the position of each path among their arguments, and that of the folder to which it
# is relative.
# https://docs.python.org/3/library/audit_events.html
CHANGES = {
    "os.mkdir": {0: 2},
    "os.remove": {0: 1},
    "os.rmdir": {0: 1},
    "os.rename": {0: 2, 1: 3},
    "os.link": {1: 3},
    "os.symlink": {1: 2},
}
NO_FOLDER = -1


@dataclass(frozen=True)
class Context:
    """The context of an invocation, as a handler gets it."""

    aws_request_id: str
    deadline: float

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda ends the invocation."""
        return max(0, round(1000 * (self.deadline - time.monotonic())))


def main(module: str) -> None:
    """Answer events until standard input ends; what the function prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    sys.dont_write_bytecode = True
    sys.path.insert(0, os.environ["CODE"])
    _multiprocessing.SemLock = _refuse_semaphore
    sys.addaudithook(refuse_writes_outside(os.environ["TMPDIR"]))
    start = time.perf_counter()
    handler = importlib.import_module(module).handler
    _write(answers, {"milliseconds": 1000 * (time.perf_counter() - start), "code": sys.modules["core"].__file__})
    for number, line in enumerate(sys.stdin):
        request = json.loads(line)
        context = Context(f"request-{number}", time.monotonic() + request["milliseconds"] / 1000)
        start = time.perf_counter()
        try:
            result = {"answer": handler(request["event"], context)}
        except Exception:
            result = {"error": traceback.format_exc()}
        _write(answers, {**result, "milliseconds": 1000 * (time.perf_counter() - start)})


def refuse_writes_outside(root: str) -> Callable[[str, tuple[Any, ...]], None]:
    """Return an audit hook that raises the error of a read-only file system for writes outside of `root`."""

    def check(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            paths = arguments[:1] if arguments[2] & WRITES else ()
        else:
            changed = CHANGES.get(event, {}).items()
            paths = tuple(arguments[path] for path, folder in changed if arguments[folder] == NO_FOLDER)
        for path in paths:
            if isinstance(path, str | bytes | os.PathLike):
                place = os.path.abspath(os.fsdecode(path))  # noqa: PTH100 - resolving links would ask the disk
                if place not in (os.devnull, root) and not place.startswith(root + os.sep):
                    raise OSError(errno.EROFS, os.strerror(errno.EROFS), place)

    return check


def _refuse_semaphore(*_: Any, **__: Any) -> None:
    # Lambda has no /dev/shm, where semaphores are kept.
    raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))


def _write(answers: Any, result: dict[str, Any]) -> None:
    answers.write(json.dumps(result) + "\n")
    answers.flush()


if __name__ == "__main__":
    main(sys.argv[1])
