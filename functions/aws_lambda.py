"""The entry point of a Lambda function that answers HTTP: an event of API Gateway in, its proxy response out."""

import json
import time
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from mangum import Mangum
from mangum.adapter import DEFAULT_TEXT_MIME_TYPES

from functions.log import log, set_up_log
from functions.problems import PROBLEM_JSON
from functions.rest_api import RestApi
from functions.snapshot import load_for_snapshot

LambdaHandler = Callable[[dict[str, Any], Any], dict[str, Any]]


def lambda_handler(app: FastAPI) -> LambdaHandler:
    """Return the handler that serves the app on Lambda and writes one log line for each call."""
    # A body of any other media type is sent as Base64, a third longer.
    text_types = [*DEFAULT_TEXT_MIME_TYPES, PROBLEM_JSON]
    adapter = Mangum(app, lifespan="off", custom_handlers=[RestApi], text_mime_types=text_types)
    set_up_log()
    load_for_snapshot()

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        start = time.perf_counter()
        response: dict[str, Any] = adapter(event, context)
        log.info(
            json.dumps(
                {
                    "method": event.get("httpMethod"),
                    "path": event.get("path"),
                    "status": response["statusCode"],
                    "ms": round(1000 * (time.perf_counter() - start), 1),
                    "request_id": getattr(context, "aws_request_id", None),
                }
            )
        )
        return response

    return handler
