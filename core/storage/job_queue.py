"""Where jobs wait for a worker: an SQS queue, or the bucket itself where there is none."""

import json
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from core.errors import UnavailableError
from core.storage.s3.object_store import ObjectStore

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

# How long a dead letter stays out of sight where somebody was killed who looked at it.
LOOK_SECONDS = 10
WAITING_KEY = re.compile(r"queue/(?P<workspace>[^/]+)/(?P<job_id>[^/]+)")

QueueState = dict[str, Any]


@dataclass(frozen=True)
class DeadLetter:
    """A message that no worker could deal with, and the handle to delete it by."""

    body: str
    receipt: str
    receives: int

    @property
    def job(self) -> tuple[str, str] | None:
        """Workspace and id of the job it is about; None for what is no message of ours."""
        return job_in(self.body)


class SqsQueue:
    """The jobs waiting in SQS; every method raises `UnavailableError` when it does not answer."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client: SQSClient | None = None
        self._dead_url: str | None = None

    @property
    def client(self) -> "SQSClient":
        """The boto3 client, made when first needed; of AWS itself, or of whatever else the queue's address names."""
        if self._client is None:
            import boto3
            from botocore.config import Config

            config = Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 2, "mode": "standard"})
            self._client = boto3.session.Session().client("sqs", endpoint_url=_endpoint(self.url), config=config)
        return self._client

    def send(self, workspace: str, job_id: str) -> None:
        """Let a worker take the job."""
        with _translating():
            body = json.dumps({"workspace": workspace, "job_id": job_id})
            self.client.send_message(QueueUrl=self.url, MessageBody=body)

    def hide(self, receipt: str, seconds: int) -> None:
        """Keep a message that was received out of sight for `seconds` from now."""
        with _translating():
            self.client.change_message_visibility(QueueUrl=self.url, ReceiptHandle=receipt, VisibilityTimeout=seconds)

    def state(self) -> QueueState:
        """How many messages wait (`depth`), are worked on (`in_flight`) and were given up (`dead_letters`)."""
        depth, in_flight = self._counts(self.url)
        dead = self._dead_letters_url()
        return {"depth": depth, "in_flight": in_flight, "dead_letters": sum(self._counts(dead)) if dead else 0}

    def dead_letters(self) -> list[DeadLetter]:
        """The messages in the dead-letter queue, which stay there."""
        found: dict[str, DeadLetter] = {}
        url = self._dead_letters_url() or ""
        while url:
            with _translating():
                answer = self.client.receive_message(
                    QueueUrl=url,
                    MaxNumberOfMessages=10,
                    VisibilityTimeout=LOOK_SECONDS,
                    MessageSystemAttributeNames=["ApproximateReceiveCount"],
                )
            new = [message for message in answer.get("Messages", []) if message["MessageId"] not in found]
            if not new:
                break
            for message in new:
                receives = int(message["Attributes"]["ApproximateReceiveCount"])
                found[message["MessageId"]] = DeadLetter(message["Body"], message["ReceiptHandle"], receives)
        for letter in found.values():
            with _translating():
                self.client.change_message_visibility(QueueUrl=url, ReceiptHandle=letter.receipt, VisibilityTimeout=0)
        return list(found.values())

    def bury(self, letter: DeadLetter) -> None:
        """Delete a dead letter."""
        with _translating():
            self.client.delete_message(QueueUrl=self._dead_letters_url() or "", ReceiptHandle=letter.receipt)

    def _counts(self, url: str) -> tuple[int, int]:
        """How many messages of a queue can be received, and how many are out of sight."""
        with _translating():
            answer = self.client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        counts = answer["Attributes"]
        return int(counts["ApproximateNumberOfMessages"]), int(counts["ApproximateNumberOfMessagesNotVisible"])

    def _dead_letters_url(self) -> str | None:
        """The queue that the redrive policy names, in the same account; None where there is no such policy."""
        if self._dead_url is None:
            with _translating():
                answer = self.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=["RedrivePolicy"])
            policy = json.loads(answer.get("Attributes", {}).get("RedrivePolicy", "{}"))
            name = policy.get("deadLetterTargetArn", "").rpartition(":")[2]
            self._dead_url = f"{self.url.rpartition('/')[0]}/{name}" if name else ""
        return self._dead_url or None


class BucketQueue:
    """The jobs waiting for the servers themselves, where there is no SQS: an empty object each.

    Nothing is received or hidden: a server tries one after the other, and their leases say which are free.
    """

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        # Set when this process sends one, so that it need not look for it.
        self.arrived = threading.Event()

    def send(self, workspace: str, job_id: str) -> None:
        """Let a server take the job."""
        self._objects.put(_waiting_key(workspace, job_id), b"")
        self.arrived.set()

    def waiting(self) -> list[tuple[str, str]]:
        """Workspace and id of the jobs that wait or are worked on, the oldest first."""
        keys = (WAITING_KEY.fullmatch(item.key) for item in self._objects.list("queue/"))
        return sorted(((key["workspace"], key["job_id"]) for key in keys if key), key=lambda job: job[1])

    def done(self, workspace: str, job_id: str) -> None:
        """The job is over."""
        self._objects.delete([_waiting_key(workspace, job_id)])

    def state(self) -> QueueState:
        """As `SqsQueue.state`; what waits and what is worked on are the same here, and nothing is ever given up."""
        return {"depth": len(self.waiting()), "in_flight": 0, "dead_letters": 0}


def make_queue(url: str | None, objects: ObjectStore) -> SqsQueue | BucketQueue:
    """The queue at `url`, or the one in the bucket."""
    return SqsQueue(url) if url else BucketQueue(objects)


def job_in(body: str) -> tuple[str, str] | None:
    """Workspace and id of the job that a message is about; None for what is no message of ours."""
    try:
        message = json.loads(body)
        return str(message["workspace"]), str(message["job_id"])
    except (ValueError, KeyError, TypeError):
        return None


def _waiting_key(workspace: str, job_id: str) -> str:
    return f"queue/{workspace}/{job_id}"


def _endpoint(url: str) -> str | None:
    """Where a queue that is not on AWS answers; None where boto3 knows: on AWS, and where the environment tells it."""
    parts = urlsplit(url)
    aws = (parts.hostname or "").endswith((".amazonaws.com", ".amazonaws.com.cn"))
    told = os.environ.get("AWS_ENDPOINT_URL_SQS") or os.environ.get("AWS_ENDPOINT_URL")
    return None if aws or told else f"{parts.scheme}://{parts.netloc}"


@contextmanager
def _translating() -> Iterator[None]:
    """Turn botocore's exceptions into ours."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise UnavailableError(
            "The queue of jobs did not answer. Nothing was changed; try again in a moment."
        ) from error
