"""Series: `client.series`."""

import time
from collections.abc import Mapping
from typing import Any, Literal, Unpack

import httpx

from regatta._async.connection import AsyncConnection
from regatta._async.jobs import ReportProgress
from regatta._async.runtime import in_thread, sleep
from regatta.answers import Arrival, Series
from regatta.choice import segment
from regatta.errors import NotFound, UploadInterrupted, problem_error
from regatta.protocol import file_host_unreachable
from regatta.reading import Reading, check_options, given
from regatta.sources import Source, Uploadable, open_source

# An arrival has a job within seconds. After this long without one, the bucket notifies nobody.
SILENCE_SECONDS = 30
POLL_SECONDS = 0.3
# Of the history, the newest entries among which a decision is looked for.
NEWEST = 100

# A page of the list of series.
PAGE = 100

SeriesList = list[Series]
History = list[Arrival]
Json = Mapping[str, Any]


class AsyncSeriesResource:
    """Files that arrive one after another and train one model of the same name."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def list(self, limit: int | None = None) -> SeriesList:
        """Return the first `limit` series, or all, by name."""
        found, _ = await self._connection.items("/series", "series", limit, PAGE)
        return [Series.of(series) for series in found]

    async def get(self, name: str) -> Series:
        """Return a series with the jobs of the files that are not decided yet; raises `SeriesNotFound`."""
        return Series.of(await self._connection.json("GET", f"/series/{segment(name)}"))

    async def configure(
        self,
        name: str,
        target: str | None = None,
        *,
        mode: Literal["append", "replace"] | None = None,
        window: int | None = None,
        tolerance: float | None = None,
        handle_missing: Literal["drop", "mean", "median", "mode"] | None = None,
        validation: Mapping[str, str | None] | None = None,
        time_limit: float | None = None,
        training: Literal["function", "batch", "auto"] | None = None,
        **reading: Unpack[Reading],
    ) -> Series:
        """Store the settings of a series, all of them: what is not given has its default.

        `validation` is an object such as `{"kind": "time", "column": "day"}`. `training` says where the files are
        trained on, `reading` how they are read.
        `announced` of the result are the jobs of files that waited for the target.
        """
        settings = {
            "target_column": target,
            "mode": mode,
            "window": window,
            "tolerance": tolerance,
            "handle_missing": handle_missing,
            "validation": validation,
            "time_limit": time_limit,
            "training": training,
        }
        check_options(reading, "configure", settings.keys() - {"target_column"} | {"target"})
        body = given(settings, reading)
        return Series.of(await self._connection.json("PUT", f"/series/{segment(name)}", json=body))

    async def upload(
        self, name: str, source: Uploadable, *, target: str | None = None, filename: str | None = None
    ) -> str:
        """Send a file into a series and return the key of its object, for which `wait` waits.

        The same file sent again has the same key, and is trained on once. A series without a target gets `target`.
        Raises `UploadInterrupted`, `RedirectTargetUnreachable`.
        """
        if target is not None:
            await self._set_target(name, target)
        with open_source(source, filename) as opened:
            announcement = {
                "filename": opened.filename,
                "size_bytes": opened.size,
                "sha256": await in_thread(Source.sha256, opened),
                "target_column": target,
            }
            path = f"/series/{segment(name)}/uploads"
            form = await self._connection.json("POST", path, keyed=True, json=given(announcement))
            await self._post(form, opened)
        return str(form["key"])

    async def wait(self, name: str, key: str, *, on_progress: ReportProgress | None = None) -> Arrival:
        """Wait until the arrival of an object is decided, and return the decision.

        Raises the exception of its problem where its job failed, and `UploadInterrupted` where it has no job.
        """
        job_seen_at = time.monotonic()
        while True:
            job = await self._find_job(name, key)
            decision = await self._find_decision(name, key) if job is None or job["status"] == "succeeded" else None
            if decision is not None:
                return decision
            if job is not None:
                job_seen_at = time.monotonic()
                if on_progress is not None:
                    on_progress(job["stage"], job["progress"])
                if job["status"] in ("failed", "cancelled"):
                    problem = dict(job.get("error") or {"detail": f"The job {job['job_id']} was {job['status']}."})
                    raise problem_error(problem, int(problem.get("status", 409)), job_id=job["job_id"])
            elif time.monotonic() - job_seen_at > SILENCE_SECONDS:
                raise UploadInterrupted(
                    f"{key} has arrived, and no job was submitted for it: does its bucket notify the queue of "
                    "template.yaml? `regatta reconcile` finds what was missed."
                )
            await sleep(POLL_SECONDS)

    async def history(self, name: str, limit: int = 20) -> History:
        """Return the newest decisions, at most `limit` (up to 100)."""
        params = {"limit": limit}
        answer = await self._connection.json("GET", f"/series/{segment(name)}/history", params=params)
        return [Arrival.of(arrival) for arrival in answer["history"]]

    async def report(self, name: str, job_id: str) -> Json:
        """Return the report on one decision: data, drift, scores and reason."""
        path, params = f"/series/{segment(name)}/reports/{segment(job_id)}", {"format": "json"}
        report: Json = await self._connection.json("GET", path, params=params)
        return report

    async def report_html(self, name: str, job_id: str, *, language: str | None = None) -> str:
        """Return the report on one decision as a page of HTML, in the `language` of a tag of BCP 47 such as `zh`."""
        path = f"/series/{segment(name)}/reports/{segment(job_id)}"
        params = {"format": "html", "language": language}
        return (await self._connection.send("GET", path, params=params)).text

    async def overrule(self, name: str, job_id: str, *, learned: bool) -> Arrival:
        """Decide whether challengers train on a file from now on, in place of the decision by its errors."""
        path = f"/series/{segment(name)}/arrivals/{segment(job_id)}"
        return Arrival.of(await self._connection.json("PATCH", path, pure=True, json={"learned": learned}))

    async def _set_target(self, name: str, target: str) -> None:
        """Set the target of a series that exists and has none; the arrivals that waited for it get their jobs."""
        found = await self._find(f"/series/{segment(name)}")
        if found and found["settings"]["target_column"] is None:
            settings = {**found["settings"], "target_column": target}
            await self._connection.json("PUT", f"/series/{segment(name)}", json=settings)

    async def _post(self, form: Json, source: Source) -> None:
        """Send a source by the form of the service, without its key."""
        url = httpx.URL(form["url"])
        with source.open() as file:
            files = {"file": (source.filename, file)}
            response = await self._post_form(url, form["fields"], files)
        if response.is_error:
            raise UploadInterrupted(f"The bucket refused the file: {response.status_code} {response.text[:200]}")

    async def _post_form(self, url: httpx.URL, fields: Json, files: Any) -> httpx.Response:
        """Post a form to a bucket; raises `RedirectTargetUnreachable`, `UploadInterrupted` where that breaks off."""
        try:
            async with self._connection.bucket(url) as bucket:
                return await bucket.post(url, data=dict(fields), files=files)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise file_host_unreachable(url, error) from None
        except httpx.TransportError as error:
            raise UploadInterrupted(f"{url.host} broke off ({error}). Send the file again.") from error

    async def _find(self, path: str) -> Any:
        """Return the answer of a GET; None where nothing is there."""
        try:
            return await self._connection.json("GET", path)
        except NotFound:
            return None

    async def _find_job(self, name: str, key: str) -> Any:
        """Return the job of an arrival that is not decided yet; None where there is none."""
        found = await self._find(f"/series/{segment(name)}") or {}
        return next((job for job in found.get("jobs", []) if job["key"] == key), None)

    async def _find_decision(self, name: str, key: str) -> Arrival | None:
        """Return the decided arrival of an object, with its `series`; None where nothing is decided."""
        found = await self._find(f"/series/{segment(name)}/history?limit={NEWEST}") or {}
        decided = (arrival for arrival in found.get("history", []) if arrival["key"] == key)
        return next((Arrival.of({"series": name, **arrival}) for arrival in decided), None)
