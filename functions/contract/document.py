"""Assemble the OpenAPI document of all functions: their requests as FastAPI describes them, and what each answers."""

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from core.access.roles import LEAST_ROLES
from core.types import Json
from functions.contract.answer import Problem
from functions.contract.headers import HEADERS, references
from functions.contract.links import links_of
from functions.contract.number_formats import with_number_formats
from functions.contract.operations import JSON, OPERATIONS, Answers, Operation
from functions.contract.requests import REFERENCE, ROW_REFERENCE, complete_requests
from functions.contract.security import alternatives, refusals, required

PROBLEM_JSON = "application/problem+json"
# FastAPI's own errors, in whose place there are problem documents.
REPLACED = ("HTTPValidationError", "ValidationError")
# What every operation can give.
COMMON_ERRORS = (422, 500, 503)
KEY = "Idempotency-Key"
RETRY_AFTER = "Retry-After"
# By status of an error the header of those after which the same request may succeed: all of them, or some.
RETRIED = {
    409: {RETRY_AFTER: {**HEADERS[RETRY_AFTER], "required": False}},
    429: {RETRY_AFTER: {"$ref": f"#/components/headers/{RETRY_AFTER}"}},
    503: {RETRY_AFTER: {"$ref": f"#/components/headers/{RETRY_AFTER}"}},
}
CHALLENGED = {status: {"WWW-Authenticate": {"$ref": "#/components/headers/WWW-Authenticate"}} for status in (401, 403)}
ERRORS = {
    400: "The request cannot be parsed, or the model is damaged",
    401: "The request does not say who calls, or in a way that is not valid",
    403: "The caller may not do this",
    404: "It does not exist",
    409: "Somebody else is changing the same thing, it is in use, or a newer version of the service stored it",
    408: "The body did not come in time",
    413: "It is over a limit",
    415: "The Content-Encoding of the body is unknown",
    422: "Fields, values or the file are not usable; `errors` names them",
    429: "The key sends more requests than it may; try again later",
    500: "A fault of the service, which was logged",
    503: "Storage does not answer; try again",
    504: "The work took longer than it may",
}
TAGS = {
    "system": "The service itself.",
    "data": "Datasets: upload, look at, clean, download.",
    "model": "Models: train, compare, inspect, choose, delete.",
    "predict": "Predictions of one row, many rows and whole files.",
    "open inference protocol": "The same models for clients of KServe, Triton and MLServer.",
    "jobs": "Long work: progress, results, cancelling.",
    "series": "Files that arrive one after another and train one model.",
}


def assemble(page: Json, *, strict: bool = False, schemes: Json | None = None) -> Json:
    """Return the document of the operations on FastAPI's `page`; an operation that `OPERATIONS` lacks is a `KeyError`.

    With `strict`, an answer may have no other fields than the declared ones: tests check answers by it, and clients
    have to accept fields that later versions add. `schemes` are the security schemes, by name, of a service that asks
    who calls: each of them is enough, and every operation can refuse.
    """
    components: Json = {name: schema for name, schema in page["components"]["schemas"].items() if name not in REPLACED}
    complete_requests(page["paths"], components)
    components.update(_answer_schemas(strict))
    paths: Json = {}
    for path, methods in sorted(page["paths"].items()):
        paths[path] = {
            method: _described(OPERATIONS[method.upper(), path], described, schemes)
            for method, described in methods.items()
        }
    document = {
        "openapi": "3.1.0",
        "info": _info(page["info"]["version"]),
        "servers": [{"url": "/", "description": "The service that this document was loaded from"}],
        "security": alternatives(schemes),
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": {name: without_titles(schema) for name, schema in sorted(components.items())},
            "headers": HEADERS,
            **({"securitySchemes": schemes} if schemes else {}),
        },
    }
    formatted: Json = with_number_formats(document)
    return formatted


def _info(version: str) -> Json:
    return {
        "title": "Regatta",
        "version": version,
        "summary": "Serverless tabular regression",
        "description": (
            "Upload a table, look at it, train or race regressors, and ask the best one for predictions. Every error "
            "is a problem document (RFC 9457) whose `detail` says what to do."
        ),
        "license": {"name": "MIT", "identifier": "MIT"},
        "contact": {"name": "The Regatta maintainers"},
    }


def _answer_schemas(strict: bool) -> Json:
    """Return the schema of every answer, and of what it refers to, by name."""
    types: dict[type[BaseModel], None] = {Problem: None}
    for operation in OPERATIONS.values():
        types.update({answer.schema: None for answer in operation.answers if answer.schema is not None})
    _, page = models_json_schema([(answer, "serialization") for answer in types], ref_template=REFERENCE)
    schemas: Json = page["$defs"]
    if not strict:
        for schema in schemas.values():
            if schema.get("additionalProperties") is False:
                del schema["additionalProperties"]
    return schemas


def _described(operation: Operation, described: Json, schemes: Json | None) -> Json:
    """Return an operation with its name, its summary from the first line of the docstring, and what it answers."""
    summary, _, rest = described.get("description", "").partition("\n")
    has_key = any(parameter["name"] == KEY for parameter in described["parameters"])
    responses: Json = {}
    for answer in operation.answers:
        _add_answer(responses, operation.id, answer, ("Idempotency-Replayed",) if has_key else ())
    errors = {*COMMON_ERRORS, *refusals(operation.id, schemes), *operation.errors}
    if LEAST_ROLES[operation.id] is not None:  # whoever reads what is stored may find that of a newer version
        errors.add(409)
    for status in sorted(errors):
        problem = {"schema": {"$ref": REFERENCE.format(model="Problem")}}
        responses[str(status)] = {
            "description": ERRORS[status],
            "headers": {**references(), **RETRIED.get(status, {}), **CHALLENGED.get(status, {})},
            "content": {PROBLEM_JSON: problem},
        }
    return {
        "operationId": operation.id,
        "summary": summary.strip().removesuffix("."),
        **({"description": rest.strip()} if rest.strip() else {}),
        **{key: without_titles(described[key]) for key in ("tags", "parameters", "requestBody") if described.get(key)},
        **required(operation.id, schemes),
        "responses": responses,
    }


def _add_answer(responses: Json, operation: str, answer: Answers, headers: tuple[str, ...]) -> None:
    """Add one way to succeed; two of the same status are alternatives."""
    response = responses.setdefault(str(answer.status), {"description": answer.description, "headers": {}})
    response["headers"].update(references((*answer.headers, *headers)))
    if answer.schema is not None:
        reference = {"$ref": REFERENCE.format(model=answer.schema.__name__)}
        content = response.setdefault("content", {})
        before = content.get(JSON, {}).get("schema")
        alternatives = [*before.get("anyOf", [before]), reference] if before else [reference]
        content[JSON] = {"schema": reference if len(alternatives) == 1 else {"anyOf": alternatives}}
    for media in answer.media:
        response.setdefault("content", {})[media] = {"schema": _file_schema(media)}
    if links := links_of(operation, answer.status):
        response["links"] = links


def _file_schema(media: str) -> Json:
    """Return the schema of a file: text, JSON rows, or bytes."""
    if media == JSON:
        return {"type": "array", "items": ROW_REFERENCE}
    return {"type": "string"} if media.startswith("text/") else {"type": "string", "format": "binary"}


def without_titles(value: Any) -> Any:
    """Return schemas without the titles that pydantic makes of the names of fields."""
    if isinstance(value, list):
        return [without_titles(each) for each in value]
    if not isinstance(value, dict):
        return value
    # The properties may have a title themselves.
    by_name = {name: without_titles(each) for name, each in value.get("properties", {}).items()}
    others = {key: without_titles(each) for key, each in value.items() if key not in ("title", "properties")}
    return {**others, "properties": by_name} if by_name else others
