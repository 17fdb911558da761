"""The watched folder of the embedded stack: a CSV saved below `incoming/{series}/` goes into the bucket, as it is.

The file stays where it is. What went is written beside the object, so that a restart knows it without a list of ours.
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

from core.errors import InvalidInputError
from core.services.series.arrivals import INCOMING, parse_arrival_key

WORKSPACE = "default"
# How often the folder is looked through. Nothing else tells of a file on every system and file system.
LOOK_SECONDS = 0.5
# A file that has not changed for so long, and that nobody has open to write, has stopped growing.
SETTLED_SECONDS = 1.5
# Of an object: which state of the file it is.
STATE_METADATA = "watched"
# How the names of files begin that programs keep beside the one they work on.
TEMPORARY = (".", "~", "#")

Report = Callable[[str], None]
# Size and time of a file's last change (nanoseconds since 1970).
State = tuple[int, int]


class Watcher(threading.Thread):
    """Sends each file once it has stopped growing, and again when it was changed. Ends when `stopping` is set."""

    def __init__(self, folder: Path, s3: Any, bucket: str, stopping: threading.Event, report: Report) -> None:
        super().__init__(name="watcher", daemon=True)
        self._folder = folder
        self._s3 = s3
        self._bucket = bucket
        self._stopping = stopping
        self._report = report
        # What every file was like when it was looked at last, and since when it has been like that.
        self._seen: dict[Path, tuple[State, float]] = {}
        self._done: dict[Path, State] = {}
        self._complained: set[Path] = set()

    def run(self) -> None:
        """Look, send, wait, until the stack stops."""
        while not self._stopping.wait(LOOK_SECONDS):
            settled = [(path, state) for path in _files(self._folder) if (state := self._settled(path)) is not None]
            writing = _open_to_write() if settled else set()
            for path, state in settled:
                if path.resolve() not in writing and not self._stopping.is_set():
                    self._deal_with(path, state)

    def _settled(self, path: Path) -> State | None:
        """The file's state if it is a new one and has been like this for a while."""
        try:
            state = _state(path)
        except OSError:
            return None  # renamed or deleted just now
        now = time.monotonic()
        before, since = self._seen.get(path, (None, now))
        self._seen[path] = (state, since if before == state else now)
        is_new = before == state and self._done.get(path) != state
        return state if is_new and now - since >= SETTLED_SECONDS else None

    def _deal_with(self, path: Path, state: State) -> None:
        try:
            key = _key(path.relative_to(self._folder))
            gone = self._has_gone(key, state) or self._send(path, key, state)
        except InvalidInputError as error:
            self._complain(path, f"{path} is left alone: {error.detail}")
        except (OSError, Boto3Error, BotoCoreError, ClientError) as error:
            self._complain(path, f"{path} cannot be sent yet: {error}")
            return
        else:
            if not gone:
                return
            self._complained.discard(path)
        self._done[path] = state

    def _has_gone(self, key: str, state: State) -> bool:
        """Whether the bucket has the file as it is now: from before this process began."""
        try:
            metadata = self._s3.head_object(Bucket=self._bucket, Key=key)["Metadata"]
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return False
            raise
        return bool(metadata.get(STATE_METADATA) == _written(state))

    def _send(self, path: Path, key: str, state: State) -> bool:
        """Put the file into the bucket; False where it was changed while it was read, so that nothing half goes."""
        with TemporaryDirectory(prefix="regatta-") as folder:
            still = Path(folder) / "still.csv"
            shutil.copyfile(path, still)
            if _state(path) != state:
                return False
            told = {"Metadata": {STATE_METADATA: _written(state)}}
            self._s3.upload_file(str(still), self._bucket, key, ExtraArgs=told)
        return True

    def _complain(self, path: Path, message: str) -> None:
        """Say what is wrong with a file, once."""
        if path not in self._complained:
            self._complained.add(path)
            self._report(message)


def _files(folder: Path) -> Iterator[Path]:
    """The CSVs below the folder; not what programs keep beside the files that they work on."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(TEMPORARY))
        for name in sorted(names):
            if name.lower().endswith(".csv") and not name.startswith(TEMPORARY):
                yield Path(parent) / name


def _key(relative: Path) -> str:
    """Where a file goes; raises `InvalidInputError` where that would be no series' place."""
    # Some systems take names apart into letters and accents; the bucket tells of endings in small letters.
    name = unicodedata.normalize("NFC", relative.as_posix())
    key = f"{INCOMING}{WORKSPACE}/{name[:-4]}.csv"
    parse_arrival_key(key)
    return key


def _state(path: Path) -> State:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _written(state: State) -> str:
    return "{}-{}".format(*state)


def _open_to_write() -> set[Path]:
    """The files that processes of this user are writing, where the system tells."""
    found = set()
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            found |= {Path(file.path) for file in process.open_files() if getattr(file, "mode", "r") != "r"}
    return found
