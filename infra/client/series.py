"""Series of a running service: send a file into one, wait for the decision about it, read the history."""

import hashlib
import time
from pathlib import Path

import httpx

from core.types import Json
from infra.client.jobs import explain_failure
from infra.client.service import POLL_SECONDS, ReportProgress, Service, http_client

# An arrival has a job within seconds. After this long without one, the bucket notifies nobody.
SILENCE_SECONDS = 30


class DropError(Exception):
    """The file was not taken, or nothing was decided about it; the message says why and what to do."""


def drop(service: Service, path: Path, series: str, target: str | None) -> str:
    """Send a file into a series; return the key of its object.

    The same file sent again has the same key, and trains nothing again. A series without a target gets `target`.
    Raises `DropError`, `ServiceError`.
    """
    if target is not None:
        _set_target(service, series, target)
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    announcement = {"filename": path.name, "size_bytes": path.stat().st_size, "sha256": sha256, "target_column": target}
    form = service.call("POST", f"/series/{series}/uploads", json=announcement)
    url = form["url"]
    try:
        with path.open("rb") as file, http_client(url) as bucket:
            response = bucket.post(url, data=form["fields"], files={"file": (path.name, file)})
    except httpx.HTTPError as error:
        raise DropError(f"The bucket does not answer at {url} ({error}). Send it again.") from error
    if response.is_error:
        raise DropError(f"The bucket refused the file: {response.status_code} {response.text[:200]}")
    return str(form["key"])


def wait_for_decision(service: Service, series: str, key: str, report_progress: ReportProgress) -> Json:
    """Return the arrival of an object once it is decided; raises `DropError` when its job fails or there is none."""
    job_seen_at = time.monotonic()
    while True:
        job = _find_job(service, series, key)
        decision = _find_decision(service, series, key) if job is None or job["status"] == "succeeded" else None
        if decision is not None:
            return decision
        if job is not None:
            job_seen_at = time.monotonic()
            report_progress(job["stage"], job["progress"])
            if job["status"] in ("failed", "cancelled"):
                retry = f"`regatta jobs --retry {job['job_id']}` lets it begin anew."
                raise DropError(f"{explain_failure(job)}\n{retry}")
        elif time.monotonic() - job_seen_at > SILENCE_SECONDS:
            raise DropError(
                f"{key} has arrived, and no job was submitted for it: does its bucket notify the queue of "
                "template.yaml? `regatta reconcile` finds what was missed."
            )
        time.sleep(POLL_SECONDS)


def list_series(service: Service) -> list[Json]:
    """Return every series of the workspace."""
    listed: list[Json] = service.call("GET", "/series")["series"]
    return listed


def pending_jobs(service: Service, series: str) -> list[Json]:
    """Return the jobs of the arrivals that are not decided yet, or whose job was given up."""
    jobs: list[Json] = service.call("GET", f"/series/{series}")["jobs"]
    return jobs


def history(service: Service, series: str, limit: int) -> list[Json]:
    """Return the newest decided arrivals of a series, at most `limit`."""
    arrivals: list[Json] = service.call("GET", f"/series/{series}/history", params={"limit": limit})["history"]
    return arrivals


def _set_target(service: Service, series: str, target: str) -> None:
    """Set the target of a series that exists and has none; the arrivals that waited for it get their jobs."""
    found = service.find(f"/series/{series}")
    if found and found["settings"]["target_column"] is None:
        service.call("PUT", f"/series/{series}", json={**found["settings"], "target_column": target})


def _find_job(service: Service, series: str, key: str) -> Json | None:
    """Return the job of an arrival that is not decided yet; None where there is none."""
    found = service.find(f"/series/{series}") or {}
    return next((job for job in found.get("jobs", []) if job["key"] == key), None)


def _find_decision(service: Service, series: str, key: str) -> Json | None:
    """Return the decided arrival of an object, with its `series`; None where nothing is decided."""
    found = service.find(f"/series/{series}/history?limit=100") or {}
    return next(({"series": series, **arrival} for arrival in found.get("history", []) if arrival["key"] == key), None)
