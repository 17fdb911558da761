"""`regatta upload`: a file of any size, resumed where it broke off, and followed until it is a dataset."""

import hashlib
import json
import os
import time
from pathlib import Path

from rich.console import Console
from rich.filesize import decimal
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from core.types import Json
from infra.parts import PartError, PartSender
from infra.service import Service, ServiceError, connect, explain

POLL_SECONDS = 0.3
# A killed ingestion is tried again after a quarter of an hour; this long without a change, nobody is at it.
SILENCE_SECONDS = 1200


class UploadError(Exception):
    """The file was refused or cannot be sent; the message says why and what to do."""


def upload(url: str, path: Path, reading: Json, console: Console) -> None:
    """Make a dataset of the CSV at `path` on the service at `url`; `reading` overrules what would be found out.

    Raises `UploadError`, `PartError` where the bucket refuses, `ServiceError` where the service does. Called again,
    it goes on from where it was.
    """
    with connect(url) as service:
        state = Upload(service, path, reading, Memory(url, path, reading), console).run()
    rows, columns = f"{state['rows']:,} rows", f"{state['columns']} columns"
    console.print(f"[green]Ready[/]: {state['filename']}, {rows} × {columns}, file_id {state['file_id']}")
    for warning in state["warnings"]:
        console.print(f"[yellow]{warning}[/]", soft_wrap=True)


class Memory:
    """Which upload a file belongs to, on disk: the same path, size, time and wishes mean the same upload."""

    def __init__(self, url: str, path: Path, reading: Json) -> None:
        stat = path.stat()
        identity = json.dumps([url, str(path.resolve()), stat.st_size, stat.st_mtime_ns, reading], sort_keys=True)
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        self._file = cache / "regatta" / "uploads" / hashlib.sha256(identity.encode()).hexdigest()[:32]

    def recall(self) -> str | None:
        """The file_id that was kept, or None."""
        try:
            return self._file.read_text().strip() or None
        except FileNotFoundError:
            return None

    def keep(self, file_id: str) -> None:
        """Remember the upload until it is forgotten."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(file_id)

    def forget(self) -> None:
        """The upload is over."""
        self._file.unlink(missing_ok=True)


class Upload:
    """One file on its way to become a dataset."""

    def __init__(self, service: Service, path: Path, reading: Json, memory: Memory, console: Console) -> None:
        self.service = service
        self.path = path
        self.reading = reading
        self.memory = memory
        self.console = console
        self._stat = path.stat()

    def run(self) -> Json:
        """Send what the service does not have yet and wait for the dataset; returns how it shows in /data/files."""
        state = self._resumed() or self._announced()
        if state["status"] == "waiting":
            self._send(state["file_id"], state)
        state = self._follow(state["file_id"])
        self.memory.forget()
        if state["status"] == "failed":
            raise UploadError(explain(state["error"]))
        return state

    def _announced(self) -> Json:
        announcement = {"filename": self.path.name, "size_bytes": self._stat.st_size, "method": "multipart"}
        state = self.service.call("POST", "/data/uploads", json={**announcement, **self.reading})
        self.memory.keep(state["file_id"])
        return state

    def _resumed(self) -> Json | None:
        """Where an earlier run broke off; None when there was none, or what it had sent is gone."""
        file_id = self.memory.recall()
        if file_id is None:
            return None
        try:
            state = self.service.call("GET", f"/data/files/{file_id}")
            if state["status"] == "waiting":
                state = self.service.call("GET", f"/data/uploads/{file_id}")
                count = len(state["arrived"])
                self.console.print(
                    f"Going on with {file_id}: {count} of {count + len(state['parts'])} parts are there."
                )
        except ServiceError as error:
            if error.status != 404:
                raise
            return None
        return None if state["status"] == "failed" else state

    def _send(self, file_id: str, state: Json) -> None:
        begun = time.perf_counter()
        columns = (TextColumn("Sending"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
        with self._progress(*columns) as progress:
            bar = progress.add_task("", total=self._stat.st_size)
            sender = PartSender(self.path, state["part_size"], lambda count: progress.advance(bar, count))
            missing = sum(sender.size(part["number"]) for part in state["parts"])
            progress.advance(bar, self._stat.st_size - missing)
            while state["parts"]:
                if not sender.send(state["parts"]):
                    raise PartError("The bucket takes none of the parts.")
                state = self.service.call("GET", f"/data/uploads/{file_id}")
        self._refuse_changes(file_id)
        self.service.call("POST", f"/data/uploads/{file_id}/complete")
        self.console.print(f"Sent {decimal(missing)} in {time.perf_counter() - begun:.1f} s.")

    def _refuse_changes(self, file_id: str) -> None:
        stat = self.path.stat()
        if (stat.st_size, stat.st_mtime_ns) != (self._stat.st_size, self._stat.st_mtime_ns):
            self.service.call("DELETE", f"/data/uploads/{file_id}")
            self.memory.forget()
            raise UploadError(f"{self.path} was changed while it was sent; nothing was stored. Send it again.")

    def _follow(self, file_id: str) -> Json:
        """Show the ingestion until it is over, one way or the other."""
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        with self._progress(*columns) as progress:
            bar = progress.add_task("queued", total=1.0)
            last, since = None, time.monotonic()
            while True:
                state = self.service.call("GET", f"/data/files/{file_id}")
                if state["status"] in ("ready", "failed"):
                    return state
                progress.update(bar, description=state["stage"], completed=state["progress"])
                seen = (state["status"], state["stage"], state["progress"])
                if seen != last:
                    last, since = seen, time.monotonic()
                    if state["stage"] == "interrupted":
                        self.service.call("POST", f"/data/uploads/{file_id}/complete")
                elif time.monotonic() - since > SILENCE_SECONDS:
                    raise UploadError(
                        f"The file has arrived as {file_id}, but nobody ingests it: does its bucket notify the queue "
                        "of template.yaml? Its logs and its dead-letter queue say more."
                    )
                time.sleep(POLL_SECONDS)

    def _progress(self, *columns: ProgressColumn) -> Progress:
        return Progress(*columns, console=self.console, transient=True, disable=not self.console.is_terminal)
