"""A queue of jobs in an emulated SQS."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# After so many receptions a message becomes a dead letter.
RECEIVES = 5


@contextmanager
def jobs_queue(sqs: Any, name: str = "jobs", hidden_seconds: int = 960) -> Iterator[str]:
    """An empty queue with its dead letters, for the length of the block; yields its URL."""
    dead = sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": RECEIVES})
    attributes = {"VisibilityTimeout": str(hidden_seconds), "RedrivePolicy": policy}
    url: str = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    yield url
    for queue_url in (url, dead):
        sqs.delete_queue(QueueUrl=queue_url)
