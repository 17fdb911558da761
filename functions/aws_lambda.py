"""The entry point of a Lambda function that answers HTTP: an event of API Gateway in, its proxy response out."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from mangum import Mangum
from mangum.adapter import DEFAULT_TEXT_MIME_TYPES

from core.deadlines import deadline
from functions.lambda_start import start
from functions.log import set_up_telemetry
from functions.problems import PROBLEM_JSON
from functions.remaining_time import seconds_for_answer
from functions.rest_api import RestApi

LambdaHandler = Callable[[dict[str, Any], Any], dict[str, Any]]


def lambda_handler(app: FastAPI) -> LambdaHandler:
    """Return the handler that serves the app on Lambda."""
    # A body of any other media type is sent as Base64, a third longer.
    text_types = [*DEFAULT_TEXT_MIME_TYPES, PROBLEM_JSON]
    adapter = Mangum(app, lifespan="off", custom_handlers=[RestApi], text_mime_types=text_types)
    set_up_telemetry()
    start()

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        with deadline(seconds_for_answer(context, event["requestContext"].get("requestTimeEpoch"))):
            response: dict[str, Any] = adapter(event, context)
        return response

    return handler
