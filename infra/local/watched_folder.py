"""Watches a folder of the embedded stack: a table saved below `incoming/{series}/` is copied into the bucket.

The file stays where it is. The metadata of its object have the state of the file that was sent, so that after a restart
no file is sent twice.
"""

import os
import shutil
import threading
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from core.access.workspace_names import DEFAULT_WORKSPACE
from core.errors import InvalidInputError
from core.telemetry.visible_text import visible

# How often the folder is listed. No notification of files works on every system and file system.
LOOK_SECONDS = 0.5
# A file is complete when it has not changed for so long and no process has it open for writing.
SETTLED_SECONDS = 1.5
# The metadata of an object that has the state of its file.
STATE_METADATA = "watched"
# First characters of the names of temporary files.
TEMPORARY = (".", "~", "#")

Report = Callable[[str], None]
# Size in bytes, and time of the last change in nanoseconds since 1970.
State = tuple[int, int]


class Watcher(threading.Thread):
    """A thread that sends each file when it is complete, and again when it has changed, until `stopping` is set."""

    def __init__(self, folder: Path, s3: Any, bucket: str, stopping: threading.Event, report: Report) -> None:
        super().__init__(name="watcher", daemon=True)
        self._folder = folder
        self._s3 = s3
        self._bucket = bucket
        self._stopping = stopping
        self._report = report
        # By file its last state, and the time since which it has had that state.
        self._seen: dict[Path, tuple[State, float]] = {}
        # By file the state in which it was sent, or refused because its path names no series.
        self._done: dict[Path, State] = {}
        self._reported: set[Path] = set()

    def run(self) -> None:
        """List the folder and send its complete files, until the stack stops."""
        while not self._stopping.wait(LOOK_SECONDS):
            settled = [(path, state) for path in _files(self._folder) if (state := self._settled(path)) is not None]
            writing = _open_to_write() if settled else set()
            for path, state in settled:
                if path.resolve() not in writing and not self._stopping.is_set():
                    self._send_once(path, state)

    def _settled(self, path: Path) -> State | None:
        """Return the state of a file that is complete and was not sent in this state; None for any other."""
        try:
            state = _state(path)
        except OSError:
            return None  # it was renamed or deleted meanwhile
        now = time.monotonic()
        before, since = self._seen.get(path, (None, now))
        self._seen[path] = (state, since if before == state else now)
        is_new = before == state and self._done.get(path) != state
        return state if is_new and now - since >= SETTLED_SECONDS else None

    def _send_once(self, path: Path, state: State) -> None:
        try:
            key = _key(path.relative_to(self._folder))
            is_sent = self._is_in_bucket(key, state) or self._send(path, key, state)
        except InvalidInputError as error:
            self._report_once(path, f"{path} is left alone: {error.detail}")
        except (OSError, Boto3Error, BotoCoreError, ClientError) as error:
            self._report_once(path, f"{path} cannot be sent yet: {error}")
            return
        else:
            if not is_sent:
                return
            self._reported.discard(path)
        self._done[path] = state

    def _is_in_bucket(self, key: str, state: State) -> bool:
        """Return whether the bucket has the file in this state, sent before this process began."""
        try:
            metadata = self._s3.head_object(Bucket=self._bucket, Key=key)["Metadata"]
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return False
            raise
        return bool(metadata.get(STATE_METADATA) == _state_text(state))

    def _send(self, path: Path, key: str, state: State) -> bool:
        """Put the file into the bucket; return False, and put nothing, where it was changed while it was read."""
        with TemporaryDirectory(prefix="regatta-") as folder:
            copy = Path(folder) / "copy"
            shutil.copyfile(path, copy)
            if _state(path) != state:
                return False
            metadata = {STATE_METADATA: _state_text(state)}
            self._s3.upload_file(str(copy), self._bucket, key, ExtraArgs={"Metadata": metadata})
        return True

    def _report_once(self, path: Path, message: str) -> None:
        """Report what is wrong with a file in one line, unless something was reported of it before."""
        if path not in self._reported:
            self._reported.add(path)
            self._report(visible(message))


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files with tables below the folder, without temporary files and folders."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(TEMPORARY))
        for name in sorted(names):
            if not name.startswith(TEMPORARY) and _is_table(name):
                yield Path(parent) / name


def _is_table(name: str) -> bool:
    # Loaded with the first file, because it takes as long as half of what a stack loads to start.
    from core.services.series.arrivals import ENDING

    return ENDING.search(name) is not None


def _key(relative: Path) -> str:
    """Return the key of a file's object; raises `InvalidInputError` where its path names no series."""
    from core.services.series.arrivals import ENDING, INCOMING, parse_arrival_key

    # Some systems store letters and their accents apart. The bucket notifies of endings in small letters.
    name = unicodedata.normalize("NFC", relative.as_posix())
    name = ENDING.sub(lambda ending: ending[0].lower(), name)
    key = f"{INCOMING}{DEFAULT_WORKSPACE}/{name}"
    parse_arrival_key(key)
    return key


def _state(path: Path) -> State:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


def _state_text(state: State) -> str:
    return "{}-{}".format(*state)


def _open_to_write() -> set[Path]:
    """Return the files that processes have open for writing, of those that this user may inspect."""
    found = set()
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            found |= {Path(file.path) for file in process.open_files() if getattr(file, "mode", "r") != "r"}
    return found
