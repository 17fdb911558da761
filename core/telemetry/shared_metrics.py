"""Metrics of all processes of a server, in one file a process, which any of them adds up.

A file is mapped into memory, so that to count costs no system call and a killed process loses nothing. It is locked
while its process lives; the counts of those that have ended are added up in one file, and theirs are removed. The
blocks of a file are reserved when it is made: on a full disk that is an error then, and no signal at some later count.
"""

import fcntl
import mmap
import os
import secrets
import struct
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Any

from core.telemetry.metrics import METRICS, Metric

Key = tuple[str, ...]
Totals = dict[Key, float]

FILE_BYTES = 256 << 10
SUFFIX = ".metrics"
ENDED = "ended" + SUFFIX
WORD = 8
SEPARATOR = "\x1f"
# Entries of a histogram: how many values a bucket has, and the sum of all.
SUM = "sum"
# In the file of ended processes: the files that were added up in it, should a kill have kept them from being removed.
MERGED = "merged"


class SharedMetrics:
    """The metrics of this process. Without a folder, or where it cannot be written to, nobody else reads them."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._file: int | None = None
        self._open()
        # A fork shares the map, so it needs its own before it counts.
        os.register_at_fork(after_in_child=self._open)

    def add(self, metric: Metric, labels: tuple[str, ...], value: float) -> None:
        """Add to a counter."""
        self._add((metric.name, *labels), value)

    def observe(self, metric: Metric, labels: tuple[str, ...], value: float) -> None:
        """Add a value to a histogram."""
        self._add((metric.name, *labels, str(bisect_left(metric.buckets, value))), 1.0)
        self._add((metric.name, *labels, SUM), value)

    def set(self, metric: Metric, labels: tuple[str, ...], value: float) -> None:
        """Set a gauge."""
        with self._lock:
            place = self._place((metric.name, *labels))
            if place is not None:
                self._words[place] = value

    def take(self) -> dict[str, Any]:
        """Return nothing: these metrics are not in the log."""
        return {}

    def totals(self) -> Totals:
        """Return the sum over all processes, living and ended; of a gauge the largest value of the living ones."""
        if self._folder is None or self._file is None:
            return dict(_entries(self._map))
        try:
            _merge_ended(self._folder)
            return _sum(self._folder)
        except OSError:
            return dict(_entries(self._map))

    def close(self) -> None:
        """Leave the counts to the others."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _open(self) -> None:
        self._lock, self._file = Lock(), None
        self._places: dict[Key, int] = {}
        if self._folder is not None:
            with suppress(OSError):
                self._folder.mkdir(parents=True, exist_ok=True)
                self._file = _new_file(self._folder)
                _merge_ended(self._folder)
        self._map = mmap.mmap(-1 if self._file is None else self._file, FILE_BYTES)
        self._words = memoryview(self._map).cast("d")
        self._used = WORD
        self._map[:WORD] = struct.pack("q", self._used)

    def _add(self, key: Key, value: float) -> None:
        with self._lock:
            place = self._places.get(key)
            if place is None:
                place = self._place(key)
            if place is not None:
                self._words[place] += value

    def _place(self, key: Key) -> int | None:
        """Return the index of the value of a key, new ones at the end; None where the file is full."""
        found = self._places.get(key)
        if found is not None:
            return found
        entry = _packed(key)
        end = self._used + len(entry)
        if end > FILE_BYTES:
            return None
        self._map[self._used : end] = entry
        self._used = end
        self._map[:WORD] = struct.pack("q", end)  # last, so that a reader sees whole entries
        self._places[key] = end // WORD - 1
        return self._places[key]


def _packed(key: Key, value: float = 0.0) -> bytes:
    text = SEPARATOR.join(key).encode()
    padded = text.ljust(-(-len(text) // WORD) * WORD, b"\0")
    return struct.pack("q", len(padded)) + padded + struct.pack("d", value)


def _entries(content: bytes | mmap.mmap) -> Iterator[tuple[Key, float]]:
    """Yield the entries of a file, up to the first damaged one: a machine that lost its power may have left any."""
    with suppress(struct.error, UnicodeDecodeError):
        position, (used,) = WORD, struct.unpack_from("q", content)
        while position < min(used, len(content)):
            (length,) = struct.unpack_from("q", content, position)
            if length <= 0:
                return
            text = content[position + WORD : position + WORD + length].rstrip(b"\0").decode()
            (value,) = struct.unpack_from("d", content, position + WORD + length)
            yield tuple(text.split(SEPARATOR)), value
            position += 2 * WORD + length


def _new_file(folder: Path) -> int:
    """Return a new file with all its blocks, locked by this process; raises `OSError` where there is no room."""
    path = folder / f"{os.getpid()}-{secrets.token_hex(4)}{SUFFIX}.new"
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file, 0, FILE_BYTES)
        else:
            os.write(file, bytes(FILE_BYTES))
        path.rename(path.with_suffix(""))
    except OSError:
        os.close(file)
        path.unlink(missing_ok=True)
        raise
    return file


def _sum(folder: Path) -> Totals:
    with _locked(folder):
        found: Totals = {}
        for path in folder.glob(f"*{SUFFIX}"):
            with suppress(OSError):
                _add_up(found, path.read_bytes())
    return found


def _add_up(totals: Totals, content: bytes) -> None:
    for key, value in _entries(content):
        if _is_known(key):
            is_gauge = METRICS[key[0]].kind == "gauge"
            totals[key] = max(totals.get(key, value), value) if is_gauge else totals.get(key, 0.0) + value


def _is_known(key: Key) -> bool:
    """Return whether this version has a metric with so many labels; another version may have written the file."""
    metric = METRICS.get(key[0])
    return metric is not None and len(key) == 1 + len(metric.labels) + bool(metric.buckets)


def _merge_ended(folder: Path) -> None:
    """Add the counts of processes that have ended up in one file, and remove theirs."""
    with _locked(folder):
        ended = folder / ENDED
        before = ended.read_bytes() if ended.exists() else b""
        done = {key[1:] for key, _ in _entries(before) if key[0] == MERGED}
        gone = [path for path in folder.glob(f"*{SUFFIX}") if path.name != ENDED and _has_ended(path)]
        fresh = [path for path in gone if (path.name,) not in done]
        if fresh:
            totals: Totals = {}
            _add_up(totals, before)
            for path in fresh:
                _add_up(totals, path.read_bytes())
            kept = {key: value for key, value in totals.items() if METRICS[key[0]].kind != "gauge"}
            _write(ended, kept | {(MERGED, path.name): 1.0 for path in gone})
        for path in gone:
            path.unlink(missing_ok=True)


def _write(path: Path, totals: Totals) -> None:
    entries = b"".join(_packed(key, value) for key, value in totals.items())
    new = path.with_suffix(".new")
    new.write_bytes(struct.pack("q", WORD + len(entries)) + entries)
    new.rename(path)


def _has_ended(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
