"""`regatta jobs` and `regatta redrive`: what is being worked on, what was given up, and a second chance for that."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.console import Console

from core.errors import RegattaError
from core.jobs.service import retry_job
from core.services.series.arrivals import parse_arrival_key, submit_retraining
from core.storage.container import container
from core.storage.job_queue import DeadLetter, SqsQueue
from core.types import Json
from functions.s3_events import objects_in
from infra.service import Service, connect, explain
from infra.showing import coloured, following, table

POLL_SECONDS = 0.3
OVER = ("succeeded", "failed", "cancelled")


class JobError(Exception):
    """A job that was followed did not succeed; the message says why."""


@dataclass(frozen=True)
class Buried:
    """A dead letter, what it is about, and how that begins anew; None where nobody knows what it is about."""

    letter: DeadLetter
    subject: str
    kind: str
    workspace: str
    reason: str
    revive: Callable[[], object] | None


def find_queue() -> SqsQueue | None:
    """The queue of the settings; None where servers do their jobs themselves and nothing is ever given up."""
    queue = container().queue
    return queue if isinstance(queue, SqsQueue) else None


def show(service: Service, limit: int, queue: SqsQueue | None, console: Console) -> None:
    """The newest jobs as a table, and below it what is in the dead-letter queue, where one is in reach."""
    listed = service.call("GET", "/jobs", params={"limit": limit})["jobs"]
    shown = table("job", "kind", "status", "stage", "progress", "age", "reason")
    for job in listed:
        error = (job["error"] or {}).get("detail", "")
        progress, age = f"{job['progress']:.0%}", _age(job["created_at"])
        shown.add_row(job["job_id"], job["kind"], coloured(job["status"]), job["stage"], progress, age, error)
    console.print(shown if listed else "There are no jobs.")
    given_up = dead_letters(queue) if queue else []
    if given_up:
        shown = table("dead letter", "kind", "workspace", "tries", "reason")
        for buried in given_up:
            shown.add_row(buried.subject, buried.kind, buried.workspace, str(buried.letter.receives), buried.reason)
        console.print(shown)
        console.print("`regatta redrive` lets them begin anew.")


def follow(url: str, job_id: str, console: Console) -> None:
    """Show how far a job is until it is over; raises `JobError` unless it succeeds, `ServiceError`."""
    with connect(url) as service, following(console) as progress:
        bar = progress.add_task("queued", total=1.0)
        while True:
            job = service.call("GET", f"/jobs/{job_id}")
            progress.update(bar, description=job["stage"], completed=job["progress"])
            if job["status"] in OVER:
                break
            time.sleep(POLL_SECONDS)
    if job["status"] != "succeeded":
        raise JobError(explain(job["error"]) if job["error"] else f"The job was {job['status']}.")
    console.print(f"[green]Succeeded[/]: {_outcome(job)}", soft_wrap=True)


def dead_letters(queue: SqsQueue) -> list[Buried]:
    """The messages in the dead-letter queue, each with its job's own words where it has any."""
    return [_of_job(letter) if letter.job else _of_arrival(letter) for letter in queue.dead_letters()]


def redrive(queue: SqsQueue) -> tuple[int, int]:
    """Let what all dead letters are about begin anew; returns how many do, and how many are about nothing we know."""
    moved, strange = 0, 0
    for buried in dead_letters(queue):
        if buried.revive is None:
            strange += 1
            continue
        try:
            buried.revive()
        except RegattaError as error:
            if error.status >= 500:
                raise
            # It has succeeded, or is gone: nobody needs the letter any more.
        else:
            moved += 1
        queue.delete_dead_letter(buried.letter)
    return moved, strange


def _of_job(letter: DeadLetter) -> Buried:
    workspace, job_id = letter.job or ("", "")
    place = container().workspace(workspace)
    job = place.jobs.read(job_id, fresh=True)
    kind, reason = "", "its job is gone"
    if job is not None:
        kind = job.kind
        reason = (job.error or {}).get("detail") or f"no worker could begin it; the job is {job.status}"
    return Buried(letter, job_id, kind, workspace, reason, lambda: retry_job(place, job_id))


def _of_arrival(letter: DeadLetter) -> Buried:
    """A message of the bucket about files that arrived in a series, for which no job could be ordered."""
    try:
        arrived = list(objects_in(letter.body))
        workspace = parse_arrival_key(arrived[0].key).workspace
    except (ValueError, LookupError, TypeError, AttributeError, RegattaError):
        return Buried(letter, "", "", "", "neither about a job nor about a file of a series", None)

    def revive() -> None:
        for one in arrived:
            submit_retraining(container(), one.key, one.etag, one.sequencer)

    keys = ", ".join(one.key for one in arrived)
    reason = "no job could be ordered for it; the log of RetrainFunction says why"
    return Buried(letter, keys, "arrival", workspace, reason, revive)


def _outcome(job: Json) -> str:
    """The model that came out, or how many predictions, or whatever the result says first."""
    result = job["result"] or {}
    model = result.get("best") or result
    if "model_name" in model:
        return f"{model['model_name']} version {model['version']}, R2 {model['metrics']['r2']:.3f}"
    return ", ".join(f"{name} {value}" for name, value in result.items() if isinstance(value, str | int | float))


def _age(created_at: str) -> str:
    seconds = (datetime.now(UTC) - datetime.fromisoformat(created_at)).total_seconds()
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0, seconds):.0f} s"
