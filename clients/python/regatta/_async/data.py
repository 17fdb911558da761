"""Files: `client.data`."""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, Unpack

import httpx

from regatta._async.connection import AsyncConnection
from regatta._async.jobs import AsyncJobs, ReportProgress
from regatta._async.runtime import in_thread
from regatta._async.upload import AsyncPartUpload
from regatta.answers import Dataset, DatasetRows, FileStatus, Outliers, Preview, Processed, Profile
from regatta.choice import segment
from regatta.errors import TooLarge
from regatta.reading import DecimalMark, Delimiter, Reading, as_form, check_options, given
from regatta.sources import Source, Uploadable, open_source

# What is larger is sent in parts, straight into the bucket: a Lambda function takes no larger request.
ONE_REQUEST_BYTES = 4 << 20

# A page of the list of datasets.
PAGE = 1000

DatasetList = list[Dataset]
HandleMissing = Literal["drop", "mean", "median", "mode"]


class AsyncData:
    """Uploads files, describes them, and cleans them for training. Without a file_id the current file is meant."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._jobs = AsyncJobs(connection)

    async def upload(
        self,
        source: Uploadable,
        *,
        filename: str | None = None,
        on_progress: ReportProgress | None = None,
        **reading: Unpack[Reading],
    ) -> Dataset:
        """Upload a table and return it as a dataset, which is the current file then.

        `source` is a path, bytes, a file object, or a DataFrame of pandas or polars. A small one is sent in one
        request, a large one in parts: the same call goes on where an earlier one broke off. `reading` says how the file
        is to be read where that cannot be inferred, such as `dates="dmy"` or `types={"zip": "category"}`. Raises
        `TypeError` for an option that does not exist.
        """
        check_options(reading, "upload", ("filename", "on_progress"))
        report = on_progress or _ignore
        with open_source(source, filename) as opened:
            how = given(opened.reading, reading)
            if opened.size <= ONE_REQUEST_BYTES:
                with suppress(TooLarge):
                    return await self._upload_at_once(opened, how, report)
            return await AsyncPartUpload(self._connection, opened, how, report).run()

    async def _upload_at_once(self, source: Source, reading: Mapping[str, Any], report: ReportProgress) -> Dataset:
        report("uploading", 0.0)
        content = await in_thread(_read, source)
        form = {"files": {"file": (source.filename, content)}, "data": as_form(reading)}
        answer = await self._connection.json("POST", "/data/upload", keyed=True, **form)
        report("ready", 1.0)
        return Dataset.of(answer)

    async def list(self, limit: int | None = None) -> DatasetList:
        """Return the first `limit` datasets, or all, the oldest first.

        `current` says which one requests mean without a file_id.
        """
        files, answer = await self._connection.items("/data/files", "files", limit, PAGE)
        return [Dataset.of(file, current=file["file_id"] == answer["current"]) for file in files]

    async def get(self, file_id: str | None = None) -> Dataset:
        """Return a dataset with its statistics and findings in `raw`; raises `FileNotFound`, `NoCurrentFile`."""
        return Dataset.of(await self._get("/data/info", file_id))

    async def status(self, file_id: str) -> FileStatus:
        """Return how far a file is that was sent in parts; raises `FileNotFound`."""
        return FileStatus.of(await self._connection.json("GET", f"/data/files/{segment(file_id)}"))

    async def preview(self, rows: int = 10, *, file_id: str | None = None) -> Preview:
        """Return the first rows, at most 100."""
        return Preview.of(await self._get("/data/preview", file_id, rows=rows))

    async def rows(self, first: int = 2, rows: int = 100, *, file_id: str | None = None) -> DatasetRows:
        """Return rows from the row number `first` on, at most 100; the header is row 1, as in a spreadsheet.

        Fewer come at the end of the table, and where they are very large.
        """
        return DatasetRows.of(await self._get("/data/rows", file_id, first=first, rows=rows))

    async def profile(self, file_id: str | None = None) -> Profile:
        """Return statistics, correlations and findings."""
        return Profile.of(await self._get("/data/profile", file_id))

    async def report(self, file_id: str | None = None, *, language: str | None = None) -> str:
        """Return the profile as one page of HTML with plots, which loads nothing from elsewhere.

        `language` is a tag of BCP 47, such as `zh`; without it the page is in English.
        """
        params = {"file_id": file_id, "language": language}
        response = await self._connection.send("GET", "/data/report", params=params)
        return response.text

    async def outliers(
        self, method: Literal["iqr", "zscore"] = "iqr", threshold: float | None = None, *, file_id: str | None = None
    ) -> Outliers:
        """Return the values outside of the bounds of each column of numbers."""
        return Outliers.of(await self._get("/data/outliers", file_id, method=method, threshold=threshold))

    async def process(
        self,
        target: str | None = None,
        *,
        handle_missing: HandleMissing | None = None,
        columns: Mapping[str, HandleMissing] | None = None,
        leave_out: Sequence[str] | None = None,
        file_id: str | None = None,
    ) -> Processed:
        """Store how a dataset is cleaned before training, and return the effect on the whole table."""
        fields = {
            "target_column": target,
            "handle_missing": handle_missing,
            "columns": None if columns is None else dict(columns),
            "leave_out": None if leave_out is None else [*leave_out],
            "file_id": file_id,
        }
        return Processed.of(await self._connection.json("POST", "/data/process", keyed=True, json=given(fields)))

    async def download(
        self,
        path: str | os.PathLike[str],
        *,
        format: Literal["csv", "excel", "json", "jsonl", "parquet"] = "csv",
        processed: bool = False,
        raw: bool = False,
        source: bool = False,
        delimiter: Delimiter | None = None,
        decimal: DecimalMark | None = None,
        bom: bool | None = None,
        file_id: str | None = None,
    ) -> Path:
        """Write the table to a file: as it was read, `processed` by its recipe, or with `source` as it was received.

        `raw` leaves texts as they are that a spreadsheet would run as formulas. A CSV is written with the `delimiter`
        and the `decimal` mark that are given, and without a byte order mark if `bom` is False.
        """
        options: dict[str, Any] = {"source": True} if source else {"format": format, "processed": processed, "raw": raw}
        options |= {"delimiter": delimiter, "decimal": decimal, "bom": bom, "file_id": file_id}
        target = Path(path)
        await self._connection.download("GET", "/data/download", target, params=options)
        return target

    async def switch(self, file_id: str) -> Dataset:
        """Make a dataset the current file."""
        answer = await self._connection.json("POST", f"/data/switch/{segment(file_id)}", pure=True)
        return Dataset.of(answer, current=True)

    async def rename(self, file_id: str, filename: str) -> Dataset:
        """Give the file of a dataset another name."""
        path, body = f"/data/files/{segment(file_id)}", {"filename": filename}
        return Dataset.of(await self._connection.json("PATCH", path, pure=True, json=body))

    async def delete(self, file_id: str) -> str | None:
        """Delete a dataset and return the file_id of the current file, None if there is none any more."""
        answer = await self._connection.json("DELETE", f"/data/files/{segment(file_id)}")
        current: str | None = answer["current"]
        return current

    async def read_again(
        self, file_id: str, *, on_progress: ReportProgress | None = None, **reading: Unpack[Reading]
    ) -> Dataset:
        """Read the bytes of a file otherwise, as a new dataset; fields that are not given stay, and None clears one."""
        check_options(reading, "read_again", ("on_progress",))
        path, prefer = f"/data/files/{segment(file_id)}/reading", {"Prefer": "respond-async, wait=10"}
        response = await self._connection.send("PATCH", path, keyed=True, json=dict(reading), headers=prefer)
        if response.status_code != httpx.codes.ACCEPTED:
            return Dataset.of(self._connection.read(response))
        job = await self._jobs.wait(self._connection.read(response)["job_id"], on_progress=on_progress)
        return Dataset.of(job.result or {})

    async def _get(self, path: str, file_id: str | None, **params: Any) -> Any:
        return await self._connection.json("GET", path, params={"file_id": file_id, **params})


def _read(source: Source) -> bytes:
    with source.open() as file:
        return file.read()


def _ignore(stage: str, fraction: float) -> None:
    """Take the progress where no one wants to know it."""
