"""A decision is sent to a webhook, signed by the Standard Webhooks, and to an SNS topic."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from email.message import Message
from typing import Any

import boto3
import pytest

from core.services.series import notify as notifying
from core.settings import settings
from core.storage.s3.object_store import ObjectStore
from core.storage.signing import keyring, webhook_secret
from tests.support.http_server import QuietHandler, running_server
from tests.support.storage import home
from tests.unit.conftest import KEY

DECISION = {"job_id": "k123", "series": "房价", "state": "accepted", "promoted": True, "version": 2, "reason": "较好"}


class Receiver:
    """A webhook that answers with these statuses, one a call, and remembers what it was sent."""

    def __init__(self, *statuses: int) -> None:
        self.received: list[tuple[Message, bytes]] = []
        waiting = list(statuses)

        class Handler(QuietHandler):
            def do_POST(handler) -> None:  # noqa: N805
                body = handler.rfile.read(int(handler.headers["Content-Length"]))
                self.received.append((handler.headers, body))
                handler.send_response(waiting.pop(0))
                handler.send_header("Location", "/elsewhere")
                handler.end_headers()

        self.handler = Handler


@pytest.fixture
def receiver(request: pytest.FixtureRequest, settled: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    made = Receiver(*request.param)
    with running_server(made.handler) as url:
        monkeypatch.setenv("REGATTA_WEBHOOK_URL", f"{url}/hook")
        monkeypatch.setattr(notifying, "PAUSES_SECONDS", (0.01, 0.01))
        settings.cache_clear()
        yield made


@pytest.mark.parametrize("receiver", [(204,)], indirect=True)
def test_a_decision_is_posted_and_signed_as_the_standard_says(receiver: Receiver) -> None:
    notifying.notify(home(), DECISION)
    ((headers, body),) = receiver.received
    assert json.loads(body) == {"id": "k123-accepted", "workspace": "default", **DECISION}
    sign_manifest = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(webhook_secret(), sign_manifest, hashlib.sha256).digest()).decode()
    assert (headers["webhook-id"], headers["webhook-signature"]) == ("k123-accepted", f"v1,{expected}")
    assert abs(time.time() - int(headers["webhook-timestamp"])) < 60


@pytest.mark.parametrize("receiver", [(500, 429, 200)], indirect=True)
def test_a_webhook_that_is_down_is_told_again_with_the_same_id(receiver: Receiver) -> None:
    notifying.notify(home(), DECISION)
    assert [headers["webhook-id"] for headers, _ in receiver.received] == ["k123-accepted"] * 3


@pytest.mark.parametrize(("receiver", "calls"), [((500, 500, 500), 3), ((404,), 1), ((302,), 1)], indirect=["receiver"])
def test_a_webhook_that_fails_is_logged_and_stops_nothing(
    receiver: Receiver, calls: int, caplog: pytest.LogCaptureFixture
) -> None:
    notifying.notify(home(), DECISION)
    assert "decision k123-accepted was not sent to the webhook" in caplog.text
    assert len(receiver.received) == calls


def test_nobody_is_told_where_nobody_wants_to_hear(settled: None, caplog: pytest.LogCaptureFixture) -> None:
    notifying.notify(home(), DECISION)
    notifying.notify(home(), None)
    assert caplog.text == ""


def test_who_has_the_secret_of_webhooks_cannot_sign_models(settled: None) -> None:
    seed = keyring().seed
    assert seed is not None
    assert seed not in webhook_secret() and KEY.encode() not in webhook_secret()
    assert len(webhook_secret()) == 32


def test_a_topic_hears_of_a_decision(bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    sns, sqs = (boto3.client(service, region_name="us-east-1") for service in ("sns", "sqs"))
    topic = sns.create_topic(Name="decisions")["TopicArn"]
    queue = sqs.create_queue(QueueName="subscriber")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    monkeypatch.setenv("REGATTA_SNS_TOPIC_ARN", topic)
    settings.cache_clear()
    notifying.notify(home(), DECISION)
    (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    notification: dict[str, Any] = json.loads(message["Body"])
    assert json.loads(notification["Message"])["id"] == "k123-accepted"
    assert {name: value["Value"] for name, value in notification["MessageAttributes"].items()} == {
        "series": "房价",
        "promoted": "true",
    }
    for client in (sns, sqs):
        client.close()


def test_a_topic_that_is_gone_stops_nothing(
    bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("REGATTA_SNS_TOPIC_ARN", "arn:aws:sns:us-east-1:123456789012:gone")
    settings.cache_clear()
    notifying.notify(home(), DECISION)
    assert "was not sent to the" in caplog.text
