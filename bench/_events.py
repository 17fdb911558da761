"""Events for Lambda handlers, and their answers."""

import json
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.telemetry.log import JsonFormatter, StandardError, set_up_log

Event = dict[str, Any]
Handler = Callable[[Event, Any], dict[str, Any]]


def http_event(method: str, path: str, body: Any = None) -> Event:
    """Return a proxy event of a REST API (v1), as API Gateway sends it."""
    headers = {"accept": "*/*", "content-type": "application/json", "host": "api.example.com"}
    return {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {"stage": "prod", "identity": {"sourceIp": "127.0.0.1"}, "requestId": "bench"},
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }


def answer_of(handler: Handler, event: Event) -> Any:
    """Return the JSON body of a handler's response; raises `RuntimeError` unless its status is 200."""
    response = handler(event, None)
    if response["statusCode"] != 200:
        raise RuntimeError(f"{event['path']} answered {response['statusCode']}: {response['body'][:300]}")
    return json.loads(response["body"])


def discard_logs() -> None:
    """Let handlers write their log lines, as on Lambda, but to the null device."""
    null = Path(os.devnull).open("w")  # noqa: SIM115 - open for as long as the process logs
    set_up_log("INFO")
    for handler in logging.getLogger().handlers:
        if isinstance(handler, StandardError):
            handler.stream = null
            handler.setFormatter(JsonFormatter())
