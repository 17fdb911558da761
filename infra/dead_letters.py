"""Dead letters of the job queue: what each is about, and letting it begin anew. This reads the queue, not a service."""

from collections.abc import Callable
from dataclasses import dataclass

from core.errors import RegattaError
from core.jobs.service import retry_job
from core.services.series.arrivals import parse_arrival_key, submit_retraining
from core.storage.bucket_queue import BucketQueue
from core.storage.container import container
from core.storage.job_messages import DeadLetter
from core.storage.job_queue import JobQueue
from functions.s3_events import objects_in


@dataclass(frozen=True)
class DescribedLetter:
    """A dead letter with the job or the arrivals that it is about.

    `retry` lets these begin anew; it is None for a letter that is about neither.
    """

    letter: DeadLetter
    subject: str
    kind: str
    workspace: str
    reason: str
    retry: Callable[[], object] | None


def find_queue() -> JobQueue | None:
    """Return the queue of the settings; None where they name neither a queue nor a store that would have one."""
    queue = container().queue
    return None if isinstance(queue, BucketQueue) and container().objects.endpoint is None else queue


def describe_dead_letters(queue: JobQueue) -> list[DescribedLetter]:
    """Return the messages in the dead-letter queue, each with the reason why it is there."""
    return [_describe_job(letter) if letter.job else _describe_arrivals(letter) for letter in queue.dead_letters()]


def redrive(queue: JobQueue) -> tuple[int, int]:
    """Let the subjects of all dead letters begin anew; return how many did, and how many letters are about nothing."""
    retried, unknown = 0, 0
    for described in describe_dead_letters(queue):
        if described.retry is None:
            unknown += 1
            continue
        try:
            described.retry()
        except RegattaError as error:
            if error.status >= 500:
                raise
            # The job has succeeded or is gone, so its letter is deleted too.
        else:
            retried += 1
        queue.delete_dead_letter(described.letter)
    return retried, unknown


def _describe_job(letter: DeadLetter) -> DescribedLetter:
    workspace_name, job_id = letter.job or ("", "")
    workspace = container().workspace(workspace_name)
    kind, reason = "", "its job is gone"
    try:
        job = workspace.jobs.read(job_id, fresh=True)
    except RegattaError as error:
        job, reason = None, error.detail
    if job is not None:
        kind = job.kind
        reason = (job.error or {}).get("detail") or f"no worker could begin it; the job is {job.status}"
    reason = letter.reason or reason
    return DescribedLetter(letter, job_id, kind, workspace_name, reason, lambda: retry_job(workspace, job_id))


def _describe_arrivals(letter: DeadLetter) -> DescribedLetter:
    """Describe a notification of the bucket about files of a series, for which no job could be submitted."""
    try:
        created = list(objects_in(letter.body))
        workspace = parse_arrival_key(created[0].key).workspace
    except (ValueError, LookupError, TypeError, AttributeError, RegattaError):
        return DescribedLetter(letter, "", "", "", "neither about a job nor about a file of a series", None)

    def submit_again() -> None:
        for one in created:
            submit_retraining(container(), one.key, one.etag, one.sequencer)

    keys = ", ".join(one.key for one in created)
    reason = "no job could be submitted for it; the log of RetrainFunction says why"
    return DescribedLetter(letter, keys, "arrival", workspace, reason, submit_again)
