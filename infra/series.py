"""`regatta drop` and `regatta series`: a file on its way into a series, what was decided about it, and the history."""

import hashlib
import time
from pathlib import Path

import httpx
from rich.console import Console

from core.types import Json
from infra.service import Service, ServiceError, explain, http_client
from infra.showing import coloured, following, table

POLL_SECONDS = 0.3
# Nobody takes so long to hear of a file where anybody hears of files at all.
SILENCE_SECONDS = 30


class DropError(Exception):
    """The file was not taken, or nothing was decided about it; the message says why and what to do."""


def drop(service: Service, path: Path, series: str, target: str | None, console: Console) -> str:
    """Send a file into a series; returns the key of the object that it has become.

    The same file sent again becomes the same object, which is learned from once. A series that has waited for its
    target gets it. Raises `DropError`, `ServiceError`.
    """
    if target is not None:
        _set_target(service, series, target)
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    announcement = {"filename": path.name, "size_bytes": path.stat().st_size, "sha256": sha256, "target_column": target}
    way_in = service.call("POST", f"/series/{series}/uploads", json=announcement)
    try:
        with path.open("rb") as file, http_client(way_in["url"]) as client:
            sent = client.post(way_in["url"], data=way_in["fields"], files={"file": (path.name, file)})
    except httpx.HTTPError as error:
        raise DropError(f"The bucket does not answer at {way_in['url']} ({error}). Send it again.") from error
    if sent.is_error:
        raise DropError(f"The bucket refused the file: {sent.status_code} {sent.text[:200]}")
    console.print(f"Arrived as {way_in['key']}", soft_wrap=True)
    return str(way_in["key"])


def await_decision(service: Service, series: str, key: str, console: Console) -> Json:
    """Show how far the job of an object is until something is decided; raises `DropError` when it fails."""
    with following(console) as progress:
        bar = progress.add_task("waiting", total=1.0)
        heard = time.monotonic()
        while True:
            job = _job(service, series, key)
            decision = _decision(service, series, key) if job is None or job["status"] == "succeeded" else None
            if decision is not None:
                return decision
            if job is not None:
                heard = time.monotonic()
                progress.update(bar, description=job["stage"], completed=job["progress"])
                if job["status"] in ("failed", "cancelled"):
                    said = explain(job["error"]) if job["error"] else f"The job was {job['status']}."
                    raise DropError(f"{said}\n`regatta jobs --retry {job['job_id']}` lets it begin anew.")
            elif time.monotonic() - heard > SILENCE_SECONDS:
                raise DropError(
                    f"{key} has arrived, and nobody has heard of it: does its bucket notify the queue of "
                    "template.yaml? `regatta reconcile` finds what was missed."
                )
            time.sleep(POLL_SECONDS)


def show_decision(url: str, decision: Json, console: Console) -> None:
    """What was decided about a file, and where to read more."""
    state, series = decision["state"], decision["series"]
    console.print(f"{coloured(state)}: {decision['reason']}", soft_wrap=True)
    if decision["champion"] is not None:
        new = "now" if decision["promoted"] else "still"
        console.print(f"Version {decision['champion']} of {series} serves {new}.")
    report = f"{url}/series/{series}/reports/{decision['job_id']}?format=html"
    console.print(f"Report: {report}", soft_wrap=True)


def show_all(service: Service, console: Console) -> None:
    """Every series as a table."""
    listed = service.call("GET", "/series")["series"]
    shown = table("series", "target", "champion", "files", "newest", "decided")
    for series in listed:
        newest = series["newest"] or {}
        champion = "-" if series["champion"] is None else str(series["champion"])
        target = series["settings"]["target_column"] or "-"
        decided = (coloured(newest["state"]), newest["decided_at"]) if newest else ("-", "-")
        shown.add_row(series["name"], target, champion, str(series["arrivals"]), *decided)
    console.print(shown if listed else "There are no series. `regatta drop FILE --series NAME` begins one.")


def show_history(service: Service, name: str, limit: int, console: Console) -> None:
    """The newest decisions of a series as a table, and above it the files that wait or were given up."""
    for job in service.call("GET", f"/series/{name}")["jobs"]:
        console.print(f"{job['key']}: {job['stage']}, job {job['job_id']}", soft_wrap=True)
    decided = service.call("GET", f"/series/{name}/history", params={"limit": limit})["history"]
    shown = table("decided", "file", "rows", "version", "champion", "state", "reason")
    for arrival in decided:
        figures = (arrival["rows"], arrival["version"], arrival["champion"])
        known = ("-" if figure is None else f"{figure:,}" for figure in figures)
        row = (arrival["decided_at"], arrival["filename"], *known, coloured(arrival["state"]), arrival["reason"])
        shown.add_row(*row)
    console.print(shown if decided else "Nothing was decided yet.")


def _set_target(service: Service, series: str, target: str) -> None:
    """Let a series that is there and has no target have this one; files that waited for it are taken up."""
    known = _found(service, f"/series/{series}")
    if known and known["settings"]["target_column"] is None:
        service.call("PUT", f"/series/{series}", json={**known["settings"], "target_column": target})


def _job(service: Service, series: str, key: str) -> Json | None:
    """The job of an object that nothing was decided about yet."""
    jobs = _found(service, f"/series/{series}").get("jobs", [])
    return next((job for job in jobs if job["key"] == key), None)


def _decision(service: Service, series: str, key: str) -> Json | None:
    history = _found(service, f"/series/{series}/history?limit=100").get("history", [])
    return next(({"series": series, **arrival} for arrival in history if arrival["key"] == key), None)


def _found(service: Service, path: str) -> Json:
    """What is there; nothing of a series whose first file is not heard of yet."""
    try:
        return service.call("GET", path)
    except ServiceError as error:
        if error.status != 404:
            raise
        return {}
