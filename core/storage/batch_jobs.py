"""Jobs that a container of AWS Batch carries out: trainings that are more than a function has memory or time for."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from core.errors import UnavailableError
from core.settings import MIB
from core.storage.aws_session import AwsSession

# How many requests go on at a time.
CALLS = 4
# The processors of a container and its memory in MiB, each pair one that Fargate offers.
SIZES = ((2, 16_384), (4, 30_720), (8, 61_440), (16, 122_880))
# The states of a Batch job that is not over.
OPEN = frozenset({"SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING"})


class BatchJobs:
    """A job queue of AWS Batch; every method raises `UnavailableError` when Batch does not answer.

    The name of a Batch job is that of our job, so nothing of Batch is stored. Two Batch jobs of one job do no harm:
    the job's lease lets one of them work.
    """

    def __init__(self, queue: str, definition: str, session: AwsSession, *, seconds: int, most_bytes: int) -> None:
        """Submit to `queue` with the job `definition`: for at most `seconds` an attempt, and `most_bytes` of memory."""
        self._session = session
        self.queue = queue
        self.definition = definition
        self.seconds = seconds
        self.most_bytes = min(most_bytes, SIZES[-1][1] * MIB)
        self._client: Any = None

    @property
    def client(self) -> Any:
        """Return the boto3 client, made on first use."""
        if self._client is None:
            self._client = self._session.bounded_client("batch", "AWS Batch", "batch", CALLS)
        return self._client

    def submit(self, workspace: str, job_id: str, memory_bytes: int) -> None:
        """Let a container with so much memory carry out a job, unless one has been submitted for it and is not over."""
        with _translate_errors():
            if next(self._open_ids(workspace, job_id), None) is not None:
                return
            processors, mib = size_for(memory_bytes, self.most_bytes)
            self.client.submit_job(
                jobName=name_of(workspace, job_id),
                jobQueue=self.queue,
                jobDefinition=self.definition,
                parameters={"workspace": workspace, "job_id": job_id},
                containerOverrides={
                    "resourceRequirements": [
                        {"type": "VCPU", "value": str(processors)},
                        {"type": "MEMORY", "value": str(mib)},
                    ]
                },
                timeout={"attemptDurationSeconds": self.seconds},
            )

    def stop(self, workspace: str, job_id: str) -> None:
        """End the containers of a job, whether they wait or run."""
        with _translate_errors():
            for batch_id in list(self._open_ids(workspace, job_id)):
                self.client.terminate_job(jobId=batch_id, reason="The job was cancelled.")

    def _open_ids(self, workspace: str, job_id: str) -> Iterator[str]:
        """Yield the ids that Batch has given to the submissions of a job that are not over."""
        filters = [{"name": "JOB_NAME", "values": [name_of(workspace, job_id)]}]
        following: dict[str, str] = {}
        while True:
            answer = self.client.list_jobs(jobQueue=self.queue, filters=filters, **following)
            yield from (one["jobId"] for one in answer["jobSummaryList"] if one["status"] in OPEN)
            if not answer.get("nextToken"):
                return
            following = {"nextToken": answer["nextToken"]}


def name_of(workspace: str, job_id: str) -> str:
    """Return the name of a job in Batch, which allows letters, digits, hyphens and underscores, up to 128."""
    return f"regatta-{workspace}-{job_id}"


def size_for(memory_bytes: int, most_bytes: int) -> tuple[int, int]:
    """Return the processors and the MiB of the smallest container with so much memory, or of the largest allowed."""
    allowed = [size for size in SIZES if size[1] * MIB <= most_bytes] or [SIZES[0]]
    return next((size for size in allowed if size[1] * MIB >= memory_bytes), allowed[-1])


@contextmanager
def _translate_errors() -> Iterator[None]:
    """Raise our errors in place of botocore's."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise UnavailableError("AWS Batch did not take the job. Try again in a moment.") from error
