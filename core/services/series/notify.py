"""Notify the webhook and the SNS topic of a workspace of each decision about a series.

Both are optional, and neither can fail a decision. `core.services.series.webhooks` says which they are.

A webhook is signed as https://www.standardwebhooks.com specifies, so that receivers find a library to verify it.
"""

import base64
import hashlib
import hmac
import json
import logging
import time
from http import HTTPStatus
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from core.access.workspace_names import DEFAULT_WORKSPACE
from core.errors import RegattaError
from core.services.series.webhooks import PrivateAddressError, post, targets_of
from core.storage.signing import webhook_secret
from core.storage.workspace import Workspace
from core.telemetry.causes import cause_of
from core.telemetry.metrics import count
from core.types import Json

log = logging.getLogger("regatta")

# A slower receiver does its work before it answers. All attempts together take 11 s at most.
TIMEOUT_SECONDS = 3.0
# Pauses before the second and the third attempt.
PAUSES_SECONDS = (0.5, 1.5)


def notify(workspace: Workspace, decision: Json | None) -> None:
    """Notify of a decision, which has the fields of an `Arrival` and its `series`; raises nothing.

    The message's `id` is made of the job and the decision, so that a repeated message has the same one. A notification
    that fails is logged: the decision stands in the series' history in any case.
    """
    if decision is None:
        return
    message = {"id": f"{decision['job_id']}-{decision['state']}", "workspace": workspace.name, **decision}
    body = json.dumps(message, ensure_ascii=False).encode()
    try:
        known = targets_of(workspace.objects, workspace.name)
    except (RegattaError, ValueError) as error:
        count("notification_failures", "webhook")
        log.error("decision %s was not sent: %s", message["id"], cause_of(error))
        return
    send_to_url = _post if known.is_trusted else _post_outside
    for name, send, address in (("webhook", send_to_url, known.url), ("SNS topic", _publish, known.topic)):
        if address is None:
            continue
        try:
            send(address, message, body)
        except Exception as error:
            # No failure of a notification may fail the retraining.
            count("notification_failures", "webhook" if send is send_to_url else "sns")
            log.error("decision %s was not sent to the %s: %s", message["id"], name, cause_of(error))


def signature(secret: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the value of the header `webhook-signature`: HMAC-SHA256 over id, time and body, as Base64."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()


def _headers(message: Json, body: bytes) -> dict[str, str]:
    """Return the headers of an attempt, signed now; a workspace's secret is its own."""
    timestamp = int(time.time())
    return {
        "Content-Type": "application/json",
        "User-Agent": "regatta",
        "webhook-id": message["id"],
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret_of(message["workspace"]), message["id"], timestamp, body),
    }


def secret_of(workspace: str) -> bytes:
    """Return the secret that signs the webhooks of a workspace: receivers of one cannot speak to those of another."""
    if workspace == DEFAULT_WORKSPACE:
        return webhook_secret()
    return hmac.digest(webhook_secret(), f"workspace {workspace}".encode(), hashlib.sha256)


def _post_outside(url: str, message: Json, body: bytes) -> None:
    """POST to a webhook on the internet until it answers with success; raises what the last attempt raised."""
    for pause in (*PAUSES_SECONDS, None):
        try:
            status = post(url, _headers(message, body), body, TIMEOUT_SECONDS)
            if status < HTTPStatus.MULTIPLE_CHOICES:
                return
            error, is_final = OSError(f"it answered {status}"), status < 500 and status != HTTPStatus.TOO_MANY_REQUESTS
        except OSError as raised:
            error, is_final = raised, isinstance(raised, PrivateAddressError)
        if pause is None or is_final:
            raise error
        time.sleep(pause)


class _NoRedirect(HTTPRedirectHandler):
    """Follows no redirect: a redirected POST would arrive as a GET without its body."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _post(url: str, message: Json, body: bytes) -> None:
    """POST to the webhook until it answers with success; raises what the last attempt raised."""
    for pause in (*PAUSES_SECONDS, None):
        headers = _headers(message, body)
        request = Request(url, data=body, headers=headers, method="POST")  # noqa: S310 - the operator's own setting
        try:
            with build_opener(_NoRedirect).open(request, timeout=TIMEOUT_SECONDS):
                return
        except OSError as error:
            refused = isinstance(error, HTTPError) and error.code < 500 and error.code != HTTPStatus.TOO_MANY_REQUESTS
            if pause is None or refused:
                raise
            time.sleep(pause)


def _publish(topic: str, message: Json, body: bytes) -> None:
    """Publish to the topic; subscribers can filter by the series, and by whether there is a new champion."""
    import boto3
    from botocore.config import Config

    attributes = {"series": message["series"], "promoted": str(message.get("promoted", False)).lower()}
    config = Config(connect_timeout=TIMEOUT_SECONDS, read_timeout=TIMEOUT_SECONDS, retries={"total_max_attempts": 3})
    boto3.client("sns", region_name=topic.split(":")[3], config=config).publish(
        TopicArn=topic,
        Message=body.decode(),
        MessageAttributes={name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()},
    )
