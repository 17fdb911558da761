"""Uploads a file of any size in parts, resumes an earlier upload of it, and waits until it is a dataset."""

import hashlib
import json
import os
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from core.types import Json
from infra.client.part_upload import PartError, PartUploader, ReportBytes
from infra.client.service import POLL_SECONDS, ReportProgress, Service, explain

# A killed ingestion is tried again after a quarter of an hour. After this long without a change, nobody ingests.
SILENCE_SECONDS = 1200


class UploadError(Exception):
    """The file was refused or cannot be sent; the message says why and what to do."""


class UploadDisplay:
    """Shows how far an upload is. This one shows nothing; the command line has one for the terminal."""

    def show_resumed(self, file_id: str, arrived: int, parts: int) -> None:
        """Show that an earlier upload goes on, of which `arrived` of all `parts` are in the bucket."""

    def sending(self, size_bytes: int) -> AbstractContextManager[ReportBytes]:
        """Show within a `with` block how much of `size_bytes` is sent; the block gets a function to report it to."""
        return nullcontext(lambda count: None)

    def show_sent(self, size_bytes: int, seconds: float) -> None:
        """Show how much was sent, and how long it took."""

    def ingesting(self) -> AbstractContextManager[ReportProgress]:
        """Show within a `with` block how far the ingestion is; the block gets a function to report it to."""
        return nullcontext(lambda stage, progress: None)


class UploadRecord:
    """A file on this disk that says which upload a file belongs to.

    The same service, path, size, time of change and reading are the same upload.
    """

    def __init__(self, url: str, path: Path, reading: Json) -> None:
        stat = path.stat()
        identity = json.dumps([url, str(path.resolve()), stat.st_size, stat.st_mtime_ns, reading], sort_keys=True)
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        self._file = cache / "regatta" / "uploads" / hashlib.sha256(identity.encode()).hexdigest()[:32]

    def read(self) -> str | None:
        """Return the file_id of the upload; None where there is none."""
        try:
            return self._file.read_text().strip() or None
        except FileNotFoundError:
            return None

    def write(self, file_id: str) -> None:
        """Write the file_id of the upload."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(file_id)

    def delete(self) -> None:
        """Delete the record, because the upload is over."""
        self._file.unlink(missing_ok=True)


class Upload:
    """One file that becomes a dataset."""

    def __init__(self, service: Service, path: Path, reading: Json, record: UploadRecord) -> None:
        """`reading` has the fields that say how the file is to be read; the service infers those that are not given."""
        self.service = service
        self.path = path
        self.reading = reading
        self.record = record
        self._stat = path.stat()

    def run(self, display: UploadDisplay) -> Json:
        """Send the parts that the service lacks and wait for the dataset; return its state as GET /data/files has it.

        Called again, it goes on from where it was. Raises `UploadError`, `PartError` where the bucket refuses a part,
        and `ServiceError` where the service refuses a request.
        """
        state = self._resume(display) or self._announce()
        if state["status"] == "waiting":
            self._send(state, display)
        with display.ingesting() as report_progress:
            state = self._wait_for_dataset(state["file_id"], report_progress)
        self.record.delete()
        if state["status"] == "failed":
            raise UploadError(explain(state["error"]))
        return state

    def _announce(self) -> Json:
        announcement = {"filename": self.path.name, "size_bytes": self._stat.st_size, "method": "multipart"}
        state = self.service.call("POST", "/data/uploads", json={**announcement, **self.reading})
        self.record.write(state["file_id"])
        return state

    def _resume(self, display: UploadDisplay) -> Json | None:
        """Return the state of an earlier upload of the file; None where there is none, or it is gone or has failed."""
        file_id = self.record.read()
        state = self.service.find(f"/data/files/{file_id}") if file_id else None
        if state is not None and state["status"] == "waiting":
            state = self.service.find(f"/data/uploads/{file_id}")
            if state is not None:
                arrived, missing = len(state["arrived"]), len(state["parts"])
                display.show_resumed(state["file_id"], arrived, arrived + missing)
        return None if state is None or state["status"] == "failed" else state

    def _send(self, state: Json, display: UploadDisplay) -> None:
        """Send all parts that the bucket lacks; fetch new URLs for parts whose URLs have expired."""
        file_id, begun = state["file_id"], time.perf_counter()
        with display.sending(self._stat.st_size) as report_bytes:
            uploader = PartUploader(self.path, state["part_size"], report_bytes)
            missing_bytes = sum(uploader.size(part["number"]) for part in state["parts"])
            report_bytes(self._stat.st_size - missing_bytes)
            while state["parts"]:
                if not uploader.upload(state["parts"]):
                    raise PartError("The bucket takes none of the parts.")
                state = self.service.call("GET", f"/data/uploads/{file_id}")
        self._refuse_changes(file_id)
        self.service.call("POST", f"/data/uploads/{file_id}/complete")
        display.show_sent(missing_bytes, time.perf_counter() - begun)

    def _refuse_changes(self, file_id: str) -> None:
        """Delete the upload and raise `UploadError` where the file is not what it was when the upload began."""
        stat = self.path.stat()
        if (stat.st_size, stat.st_mtime_ns) != (self._stat.st_size, self._stat.st_mtime_ns):
            self.service.call("DELETE", f"/data/uploads/{file_id}")
            self.record.delete()
            raise UploadError(f"{self.path} was changed while it was sent; nothing was stored. Send it again.")

    def _wait_for_dataset(self, file_id: str, report_progress: ReportProgress) -> Json:
        """Return the state of the upload once it is `ready` or `failed`; raises `UploadError` after a long silence."""
        last, changed_at = None, time.monotonic()
        while True:
            state = self.service.call("GET", f"/data/files/{file_id}")
            if state["status"] in ("ready", "failed"):
                return state
            report_progress(state["stage"], state["progress"])
            current = (state["status"], state["stage"], state["progress"])
            if current != last:
                last, changed_at = current, time.monotonic()
                if state["stage"] == "interrupted":
                    self.service.call("POST", f"/data/uploads/{file_id}/complete")
            elif time.monotonic() - changed_at > SILENCE_SECONDS:
                raise UploadError(
                    f"The file has arrived as {file_id}, but nobody ingests it: does its bucket notify the queue "
                    "of template.yaml? Its logs and its dead-letter queue say more."
                )
            time.sleep(POLL_SECONDS)
