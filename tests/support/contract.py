"""Check answers against the OpenAPI document: status, media type, and every field of the JSON."""

import json
from functools import cache, lru_cache
from typing import Any

import httpx
from jsonschema import Draft202012Validator

from core.types import Json
from functions.contract.headers import HEADERS
from infra.local.server import openapi

CASED = {name.lower(): name for name in HEADERS}
# What `tests.support.job_commands` has.
KINDS_OF_TESTS = ("failing", "steps", "unresponsive", "waiting")
# Checking takes a few microseconds for each value, so the largest answers are left out.
CHECKED_BYTES = 200_000


def check_answer(method: str, route: str, response: httpx.Response) -> None:
    """Raise `AssertionError` where the document does not say that the route may give this answer."""
    operation = document()["paths"].get(route, {}).get(method.lower())
    if operation is None:
        return  # a preflight request, or a route that a test made
    where = f"{method} {route} answers {response.status_code}"
    declared = operation["responses"].get(str(response.status_code))
    assert declared is not None, f"{where}, which its document does not declare"
    content = declared.get("content", {})
    if not content:
        assert not response.content, f"{where} with a body, which its document does not declare"
        return
    media = response.headers["content-type"].partition(";")[0]
    if (response.status_code, media) == (500, "text/plain"):
        return  # Mangum's own answer for a function that a test kills
    assert media in content, f"{where} as {media}, and its document declares {', '.join(content)}"
    headers = {name.lower() for name in declared["headers"]}
    components = document()["components"]["headers"]
    needed = {name.lower() for name, one in declared["headers"].items() if {**components[name], **one}["required"]}
    undeclared = response.headers.keys() & CASED.keys() - headers
    assert not undeclared, f"{where} with the undeclared headers {undeclared}"
    assert needed <= response.headers.keys(), f"{where} without {needed - response.headers.keys()}"
    if media.endswith(("/json", "+json")) and len(response.content) <= CHECKED_BYTES and route != "/data/download":
        error = _find_error(method, route, response.status_code, media, response.content)
        assert error is None, f"{where} with {error}, which its document does not declare"


@cache
def document() -> Json:
    """Return the OpenAPI document, for reading only, with the kinds of jobs that tests have."""
    made = openapi(strict=True)
    schemas = made["components"]["schemas"]
    for union, like in {"JobSummary": "TrainJobSummary", "JobAnswer": "TrainJob"}.items():
        fields = {**schemas[like]["properties"], "kind": {"enum": KINDS_OF_TESTS}, "result": {}}
        schemas[union]["oneOf"].append({**schemas[like], "properties": fields})
    return made


@cache
def _validator(method: str, route: str, status: int, media: str) -> Draft202012Validator:
    schema = document()["paths"][route][method.lower()]["responses"][str(status)]["content"][media]["schema"]
    return Draft202012Validator({"components": document()["components"], **schema})


@lru_cache(maxsize=2000)
def _find_error(method: str, route: str, status: int, media: str, body: bytes) -> str | None:
    """Return what the document does not declare of the JSON of an answer; the same answer is checked once."""
    error = next(_validator(method, route, status, media).iter_errors(json.loads(body)), None)
    return None if error is None else _innermost(error)


def _innermost(error: Any) -> str:
    """Return the error of the alternative that fits best, and where it is."""
    while error.context:
        error = max(error.context, key=lambda each: len(each.absolute_path))
    return f"{error.message[:200]} at {'.'.join(map(str, error.absolute_path)) or 'the top'}"
