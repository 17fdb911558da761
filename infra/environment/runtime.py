"""The inside of an `Environment`: loads a handler and answers one event a line, as Lambda's own runtime does."""

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
# Audit events of what changes paths, with where among their arguments these are and the folders they are relative to.
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
    """What a handler is told about its invocation."""

    aws_request_id: str
    deadline: float

    def get_remaining_time_in_millis(self) -> int:
        """Until Lambda ends the invocation."""
        return max(0, round(1000 * (self.deadline - time.monotonic())))


def main(module: str) -> None:
    """Serve until standard input ends; what the function prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    sys.dont_write_bytecode = True
    sys.path.insert(0, os.environ["CODE"])
    _multiprocessing.SemLock = _no_semaphores
    sys.addaudithook(only_below(os.environ["TMPDIR"]))
    start = time.perf_counter()
    handler = importlib.import_module(module).handler
    _say(answers, {"milliseconds": 1000 * (time.perf_counter() - start), "code": sys.modules["core"].__file__})
    for number, line in enumerate(sys.stdin):
        asked = json.loads(line)
        context = Context(f"request-{number}", time.monotonic() + asked["milliseconds"] / 1000)
        start = time.perf_counter()
        try:
            said = {"answer": handler(asked["event"], context)}
        except Exception:
            said = {"error": traceback.format_exc()}
        _say(answers, {**said, "milliseconds": 1000 * (time.perf_counter() - start)})


def only_below(root: str) -> Callable[[str, tuple[Any, ...]], None]:
    """An audit hook that refuses, as a read-only file system does, to write anything outside of `root`."""

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


def _no_semaphores(*_: Any, **__: Any) -> None:
    # There is no /dev/shm to keep them in.
    raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))


def _say(answers: Any, said: dict[str, Any]) -> None:
    answers.write(json.dumps(said) + "\n")
    answers.flush()


if __name__ == "__main__":
    main(sys.argv[1])
