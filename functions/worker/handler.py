"""Lambda entry point: jobs from a queue, one message a job."""

from typing import Any

from core.storage.job_messages import Message
from functions.lambda_start import start
from functions.log import set_up_telemetry
from functions.remaining_time import seconds_for_work
from functions.worker.messages import process

start()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Carry out the jobs; return which messages failed, so that the queue delivers only these again."""
    set_up_telemetry()
    failed = [
        {"itemIdentifier": record["messageId"]}
        for record in event["Records"]
        if not process(_message_of(record), seconds_for_work(context))
    ]
    return {"batchItemFailures": failed}


def _message_of(record: dict[str, Any]) -> Message:
    receives = int(record.get("attributes", {}).get("ApproximateReceiveCount", 1))
    return Message(record["messageId"], record["receiptHandle"], record.get("body", ""), receives)
