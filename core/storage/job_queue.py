"""The queue of jobs that wait for a worker: an SQS queue, or the bucket itself where there is none."""

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
from core.telemetry.calls import watch_client
from core.telemetry.request_id import request_id

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

# How long a dead letter stays hidden when the process that read it was killed.
HIDDEN_SECONDS = 10
WAITING_KEY = re.compile(r"queue/(?P<workspace>[^/]+)/(?P<job_id>[^/]+)")

QueueState = dict[str, Any]


@dataclass(frozen=True)
class DeadLetter:
    """A message that no worker could process, and the handle to delete it by."""

    body: str
    receipt: str
    receives: int

    @property
    def job(self) -> tuple[str, str] | None:
        """Return the workspace and the id of the job; None for a message of another kind."""
        return parse_message(self.body)


class SqsQueue:
    """The jobs that wait in SQS; every method raises `UnavailableError` when SQS does not answer."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client: SQSClient | None = None
        self._dead_url: str | None = None

    @property
    def client(self) -> "SQSClient":
        """Return the boto3 client, made on first use, for AWS or for the endpoint in the queue's address."""
        if self._client is None:
            import boto3
            from botocore.config import Config

            config = Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 2, "mode": "standard"})
            self._client = boto3.session.Session().client("sqs", endpoint_url=_endpoint(self.url), config=config)
            watch_client(self._client, "queue")
        return self._client

    def send(self, workspace: str, job_id: str) -> None:
        """Send a message, so that a worker takes the job."""
        with _translate_errors():
            body = json.dumps({"workspace": workspace, "job_id": job_id, "request_id": request_id()})
            self.client.send_message(QueueUrl=self.url, MessageBody=body)

    def set_visibility(self, receipt: str, seconds: int) -> None:
        """Hide a received message from other workers for `seconds` from now."""
        with _translate_errors():
            self.client.change_message_visibility(QueueUrl=self.url, ReceiptHandle=receipt, VisibilityTimeout=seconds)

    def state(self) -> QueueState:
        """Count the messages that wait (`depth`), are worked on (`in_flight`) and were given up (`dead_letters`)."""
        depth, in_flight = self._counts(self.url)
        dead = self._dead_letters_url()
        return {"depth": depth, "in_flight": in_flight, "dead_letters": sum(self._counts(dead)) if dead else 0}

    def dead_letters(self) -> list[DeadLetter]:
        """Return the messages in the dead-letter queue, which stay there."""
        found: dict[str, DeadLetter] = {}
        url = self._dead_letters_url() or ""
        while url:
            with _translate_errors():
                answer = self.client.receive_message(
                    QueueUrl=url,
                    MaxNumberOfMessages=10,
                    VisibilityTimeout=HIDDEN_SECONDS,
                    MessageSystemAttributeNames=["ApproximateReceiveCount"],
                )
            new = [message for message in answer.get("Messages", []) if message["MessageId"] not in found]
            if not new:
                break
            for message in new:
                receives = int(message["Attributes"]["ApproximateReceiveCount"])
                found[message["MessageId"]] = DeadLetter(message["Body"], message["ReceiptHandle"], receives)
        for letter in found.values():
            with _translate_errors():
                self.client.change_message_visibility(QueueUrl=url, ReceiptHandle=letter.receipt, VisibilityTimeout=0)
        return list(found.values())

    def delete_dead_letter(self, letter: DeadLetter) -> None:
        """Delete a dead letter."""
        with _translate_errors():
            self.client.delete_message(QueueUrl=self._dead_letters_url() or "", ReceiptHandle=letter.receipt)

    def _counts(self, url: str) -> tuple[int, int]:
        """Count the messages of a queue that can be received, and those that are hidden."""
        with _translate_errors():
            answer = self.client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        counts = answer["Attributes"]
        return int(counts["ApproximateNumberOfMessages"]), int(counts["ApproximateNumberOfMessagesNotVisible"])

    def _dead_letters_url(self) -> str | None:
        """Return the URL of the queue that the redrive policy names; None where there is no such policy."""
        if self._dead_url is None:
            with _translate_errors():
                answer = self.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=["RedrivePolicy"])
            policy = json.loads(answer.get("Attributes", {}).get("RedrivePolicy", "{}"))
            name = policy.get("deadLetterTargetArn", "").rpartition(":")[2]
            self._dead_url = f"{self.url.rpartition('/')[0]}/{name}" if name else ""
        return self._dead_url or None


class BucketQueue:
    """The jobs that wait where there is no SQS: an empty object each.

    The servers carry them out. Nothing is received or hidden as in SQS: a server tries one job after the other, and
    the leases of the jobs say which are free.
    """

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        # Set when this process adds a job, so that its worker need not poll.
        self.arrived = threading.Event()

    def send(self, workspace: str, job_id: str) -> None:
        """Add the job, so that a server takes it."""
        self._objects.put(_waiting_key(workspace, job_id), b"")
        self.arrived.set()

    def waiting(self) -> list[tuple[str, str]]:
        """Return workspace and id of the jobs that wait or are worked on, the oldest first."""
        keys = (WAITING_KEY.fullmatch(item.key) for item in self._objects.list("queue/"))
        return sorted(((key["workspace"], key["job_id"]) for key in keys if key), key=lambda job: job[1])

    def remove(self, workspace: str, job_id: str) -> None:
        """Remove a job that is over."""
        self._objects.delete([_waiting_key(workspace, job_id)])

    def state(self) -> QueueState:
        """Count as `SqsQueue.state` does. `depth` includes jobs that are worked on."""
        return {"depth": len(self.waiting()), "in_flight": 0, "dead_letters": 0}


def create_queue(url: str | None, objects: ObjectStore) -> SqsQueue | BucketQueue:
    """Return the queue at `url`, or the one in the bucket."""
    return SqsQueue(url) if url else BucketQueue(objects)


def parse_message(body: str) -> tuple[str, str] | None:
    """Return the workspace and the id of the job that a message names; None for a message of another kind."""
    try:
        message = json.loads(body)
        return str(message["workspace"]), str(message["job_id"])
    except (ValueError, KeyError, TypeError):
        return None


def submitter_of(body: str) -> str | None:
    """Return the id of the request that sent a message; None where it names none."""
    try:
        found = json.loads(body)["request_id"]
    except (ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, str) else None


def _waiting_key(workspace: str, job_id: str) -> str:
    return f"queue/{workspace}/{job_id}"


def _endpoint(url: str) -> str | None:
    """Return the endpoint of a queue outside of AWS; None on AWS, or where the environment has it for boto3."""
    parts = urlsplit(url)
    aws = (parts.hostname or "").endswith((".amazonaws.com", ".amazonaws.com.cn"))
    configured = os.environ.get("AWS_ENDPOINT_URL_SQS") or os.environ.get("AWS_ENDPOINT_URL")
    return None if aws or configured else f"{parts.scheme}://{parts.netloc}"


@contextmanager
def _translate_errors() -> Iterator[None]:
    """Raise our errors in place of botocore's."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise UnavailableError(
            "The queue of jobs did not answer. Nothing was changed; try again in a moment."
        ) from error
