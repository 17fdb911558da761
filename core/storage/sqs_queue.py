"""The jobs that wait in an SQS queue."""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from core.errors import UnavailableError
from core.storage.job_messages import DeadLetter, Message, QueueState
from core.storage.open_jobs import OpenJobs
from core.storage.s3.object_store import ObjectStore
from core.telemetry.request_id import request_id

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

# How many requests go on at a time.
CALLS = 8
# SQS takes at most so many messages in one request.
BATCH_MESSAGES = 10
NO_ANSWER = "The queue of jobs did not answer. Try again in a moment."
# How long a dead letter stays hidden when the process that read it was killed.
HIDDEN_SECONDS = 10


class SqsQueue:
    """The jobs that wait in SQS; every method raises `UnavailableError` when SQS does not answer."""

    def __init__(self, url: str, objects: ObjectStore) -> None:
        """Use the queue at `url`; `objects` has the register of the jobs that are not over."""
        self.url = url
        self.open_jobs = OpenJobs(objects)
        self._session = objects.session
        self._client: SQSClient | None = None
        self._dead_url: str | None = None

    @property
    def client(self) -> "SQSClient":
        """Return the boto3 client, made on first use, for AWS or for the endpoint in the queue's address."""
        if self._client is None:
            endpoint = _endpoint(self.url)
            self._client = self._session.bounded_client("sqs", "queue of jobs", "queue", CALLS, endpoint_url=endpoint)
        return self._client

    def send(self, workspace: str, job_id: str) -> None:
        """Send a message, so that a worker takes the job."""
        self.open_jobs.add(workspace, job_id)  # first: where the message is lost, the job is found
        with _translate_errors():
            body = json.dumps({"workspace": workspace, "job_id": job_id, "request_id": request_id()})
            self.client.send_message(QueueUrl=self.url, MessageBody=body)

    def send_tasks(self, workspace: str, job_id: str, numbers: Sequence[int]) -> None:
        """Send a message for each of these tasks of a job, which is in the register."""
        named = {"workspace": workspace, "job_id": job_id, "request_id": request_id()}
        for start in range(0, len(numbers), BATCH_MESSAGES):
            some = numbers[start : start + BATCH_MESSAGES]
            entries: Any = [
                {"Id": str(number), "MessageBody": json.dumps({**named, "task": number})} for number in some
            ]
            with _translate_errors():
                answer = self.client.send_message_batch(QueueUrl=self.url, Entries=entries)
            if answer.get("Failed"):
                raise UnavailableError(NO_ANSWER)

    def remove(self, workspace: str, job_id: str) -> None:
        """Remove a job that is over from the register; its message is the worker's to delete."""
        self.open_jobs.remove(workspace, job_id)

    def receive(self, wait_seconds: int, hidden_seconds: int) -> Message | None:
        """Return the next message, hidden from other workers for a while; None where none comes while it waits."""
        with _translate_errors():
            answer = self.client.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=1,
                WaitTimeSeconds=wait_seconds,
                VisibilityTimeout=hidden_seconds,
                MessageSystemAttributeNames=["ApproximateReceiveCount"],
            )
        for found in answer.get("Messages", []):
            receives = int(found["Attributes"]["ApproximateReceiveCount"])
            return Message(found["MessageId"], found["ReceiptHandle"], found["Body"], receives)
        return None

    def delete(self, message: Message) -> None:
        """Delete a message whose job needs no worker any more."""
        with _translate_errors():
            self.client.delete_message(QueueUrl=self.url, ReceiptHandle=message.receipt)

    def give_back(self, message: Message) -> None:
        """Let another worker have a message at once, as one that nobody has received yet: it is not to blame."""
        with _translate_errors():
            self.client.send_message(QueueUrl=self.url, MessageBody=message.body)
        self.delete(message)

    def has_dead_letters(self) -> bool:
        """Return whether what no worker can process becomes a dead letter, by the redrive policy of the queue."""
        return self._dead_letters_url() is not None

    def set_visibility(self, receipt: str, seconds: int) -> None:
        """Hide a received message from other workers for `seconds` from now."""
        with _translate_errors():
            self.client.change_message_visibility(QueueUrl=self.url, ReceiptHandle=receipt, VisibilityTimeout=seconds)

    def depth(self) -> int:
        """Count the messages that wait."""
        return self._counts(self.url)[0]

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
        raise UnavailableError(NO_ANSWER) from error
