"""Uploads a source in parts, resumes an earlier upload of it, and waits until it is a dataset."""

import time
from collections.abc import Mapping
from typing import Any

from regatta._async.connection import AsyncConnection
from regatta._async.jobs import ReportProgress
from regatta._async.parts import AsyncPartSender
from regatta._async.runtime import in_thread, sleep
from regatta.answers import Dataset
from regatta.errors import NotFound, UploadInterrupted, problem_error
from regatta.sources import Source
from regatta.upload_record import UploadRecord

# The service ingests a file for minutes at most without saying something new; a killed ingestion is taken up again
# after a quarter of an hour. After this long without a change, nobody ingests.
SILENCE_SECONDS = 1200
POLL_SECONDS = 0.3

State = Mapping[str, Any]


class AsyncPartUpload:
    """One source that becomes a dataset by parts."""

    def __init__(
        self, connection: AsyncConnection, source: Source, reading: Mapping[str, Any], on_progress: ReportProgress
    ) -> None:
        """`reading` has the fields that say how the file is to be read; the service infers those that are not given."""
        self._connection = connection
        self._source = source
        self._reading = reading
        self._on_progress = on_progress

    async def run(self) -> Dataset:
        """Send the parts that the service lacks and wait for the dataset.

        Called again for the same source, it goes on from where it was. Raises `UploadInterrupted`, and the exception of
        the problem where the service refuses the file.
        """
        self._record = await in_thread(self._open_record, self._source)
        state = await self._resume() or await self._announce()
        if state["status"] == "waiting":
            await self._send(state)
        state = await self._wait_for_dataset(state["file_id"])
        self._record.delete()
        if state["status"] == "failed":
            problem = dict(state["error"])
            raise problem_error(problem, int(problem.get("status", 422)))
        self._on_progress("ready", 1.0)
        return Dataset.of(state)

    def _open_record(self, source: Source) -> UploadRecord:
        return UploadRecord(self._connection.address.shown, source, self._reading)

    async def _announce(self) -> State:
        announcement = {"filename": self._source.filename, "size_bytes": self._source.size, "method": "multipart"}
        body = {**announcement, **self._reading}
        state: State = await self._connection.json("POST", "/data/uploads", keyed=True, json=body)
        self._record.write(state["file_id"])
        return state

    async def _resume(self) -> State | None:
        """Return the state of an earlier upload of the source; None where there is none, it is gone, or has failed."""
        file_id = self._record.read()
        state = await self._find(f"/data/files/{file_id}") if file_id else None
        if state is not None and state["status"] == "waiting":
            state = await self._find(f"/data/uploads/{file_id}")
            if state is not None:
                arrived, parts = len(state["arrived"]), len(state["arrived"]) + len(state["parts"])
                self._on_progress(f"resuming: {arrived} of {parts} parts are there", arrived / parts)
        return None if state is None or state["status"] == "failed" else state

    async def _find(self, path: str) -> State | None:
        """Return the answer of a GET; None where nothing is there."""
        try:
            state: State = await self._connection.json("GET", path)
        except NotFound:
            return None
        return state

    async def _send(self, state: State) -> None:
        """Send all parts that the bucket lacks; fetch new URLs for parts whose URLs have expired."""
        file_id, size = state["file_id"], self._source.size

        def report(sent: int) -> None:
            self._on_progress("uploading", sent / size)

        sender = AsyncPartSender(self._connection, self._source, state["part_size"], report)
        try:
            while state["parts"]:
                if not await sender.send(state["parts"]):
                    raise UploadInterrupted("The bucket takes none of the parts: is the clock of this machine right?")
                state = await self._connection.json("GET", f"/data/uploads/{file_id}")
        except UploadInterrupted as error:
            error.file_id = file_id
            raise
        await self._refuse_changes(file_id)
        await self._connection.send("POST", f"/data/uploads/{file_id}/complete", keyed=True)

    async def _refuse_changes(self, file_id: str) -> None:
        """Delete the upload and raise `UploadInterrupted` where the file is not what it was when the upload began."""
        if self._source.has_changed():
            await self._connection.send("DELETE", f"/data/uploads/{file_id}")
            self._record.delete()
            message = f"{self._source.filename} was changed while it was sent; nothing was stored. Send it again."
            raise UploadInterrupted(message)

    async def _wait_for_dataset(self, file_id: str) -> State:
        """Return the state of the upload once it is `ready` or `failed`; raises `UploadInterrupted` after a silence."""
        last, changed_at = None, time.monotonic()
        while True:
            state: State = await self._connection.json("GET", f"/data/files/{file_id}")
            if state["status"] in ("ready", "failed"):
                return state
            current = (state["status"], state["stage"], state["progress"])
            if current != last:
                last, changed_at = current, time.monotonic()
                self._on_progress(state["stage"] or "queued", state["progress"])
                if state["stage"] == "interrupted":
                    await self._connection.send("POST", f"/data/uploads/{file_id}/complete", keyed=True)
            elif time.monotonic() - changed_at > SILENCE_SECONDS:
                raise UploadInterrupted(
                    f"The file has arrived as {file_id}, but nobody ingests it: does its bucket notify the queue "
                    "of template.yaml? Its logs and its dead-letter queue say more.",
                    file_id,
                )
            await sleep(POLL_SECONDS)
