"""Assemble the OpenAPI document of all functions: their requests as FastAPI describes them, and what each answers."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from core.types import Json
from functions.contract.answer import Problem
from functions.contract.examples import EXAMPLES
from functions.contract.operations import JSON, OPERATIONS, Answers, Operation

PROBLEM_JSON = "application/problem+json"
REFERENCE = "#/components/schemas/{model}"
# FastAPI's own errors, in whose place there are problem documents.
REPLACED = ("HTTPValidationError", "ValidationError")
# What every operation can give.
COMMON_ERRORS = (422, 500, 503)
ERRORS = {
    400: "The request cannot be parsed, or the model is damaged",
    404: "It does not exist",
    409: "Somebody else is changing the same thing, or it is in use",
    413: "It is over a limit",
    415: "The Content-Encoding of the body is unknown",
    422: "Fields, values or the file are not usable; `errors` names them",
    500: "A fault of the service, which was logged",
    503: "Storage does not answer; try again",
    504: "The work took longer than it may",
}
HEADERS = {
    "Location": ("Where the job, the upload or the file is", {"type": "string"}),
    "Preference-Applied": ("respond-async, where the caller asked for it", {"type": "string"}),
    "Retry-After": ("After how many seconds to ask again", {"type": "integer"}),
    "ETag": ("The digest of the file", {"type": "string"}),
    "Content-Disposition": ("The name of the file", {"type": "string"}),
    "Inference-Header-Content-Length": ("The bytes of JSON before the binary tensors", {"type": "integer"}),
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


def assemble(page: Json, *, strict: bool = False) -> Json:
    """Return the document of the operations on FastAPI's `page`; an operation that `OPERATIONS` lacks is a `KeyError`.

    With `strict`, an answer may have no other fields than the declared ones: tests check answers by it, and clients
    have to accept fields that later versions add.
    """
    components: Json = {name: schema for name, schema in page["components"]["schemas"].items() if name not in REPLACED}
    components.update(_answer_schemas(strict))
    paths: Json = {}
    for path, method, described in _operations(page):
        operation = OPERATIONS[method.upper(), path]
        for media, content in described.get("requestBody", {}).get("content", {}).items():
            _lift_definitions(content["schema"], components)
            if media == JSON and (method.upper(), path) in EXAMPLES:
                content["example"] = EXAMPLES[method.upper(), path]
        paths.setdefault(path, {})[method] = _described(operation, described)
    return {
        "openapi": "3.1.0",
        "info": _info(page["info"]["version"]),
        "servers": [{"url": "/", "description": "The service that this document was loaded from"}],
        "security": [],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": dict(sorted(components.items()))},
    }


def _operations(page: Json) -> Iterator[tuple[str, str, Json]]:
    for path, methods in page["paths"].items():
        for method, described in methods.items():
            yield path, method, described


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


def _lift_definitions(schema: Json, components: Json) -> None:
    """Move the definitions of a body that a function reads by hand to the components of the document."""
    for name, definition in schema.pop("$defs", {}).items():
        components[name] = _with_references(definition)
    schema.update(_with_references(schema))


def _with_references(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_with_references(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: value.replace("#/$defs/", "#/components/schemas/") if key == "$ref" else _with_references(value)
        for key, value in schema.items()
    }


def _described(operation: Operation, described: Json) -> Json:
    """Return an operation with its name, its summary from the first line of the docstring, and what it answers."""
    summary, _, rest = described.get("description", "").partition("\n")
    kept: Json = {key: described[key] for key in ("tags", "parameters", "requestBody") if key in described}
    by_name = {(each["in"], each["name"].lower()): each for each in kept.pop("parameters", [])}
    # OpenAPI has the media types of the answers instead.
    parameters = [parameter for name, parameter in by_name.items() if name != ("header", "accept")]
    responses: Json = {}
    for answer in operation.answers:
        _add_answer(responses, answer)
    for status in sorted({*COMMON_ERRORS, *operation.errors}):
        problem = {"schema": {"$ref": REFERENCE.format(model="Problem")}}
        responses[str(status)] = {"description": ERRORS[status], "content": {PROBLEM_JSON: problem}}
    return {
        "operationId": operation.id,
        "summary": summary.strip().removesuffix("."),
        **({"description": rest.strip()} if rest.strip() else {}),
        **kept,
        **({"parameters": parameters} if parameters else {}),
        "responses": responses,
    }


def _add_answer(responses: Json, answer: Answers) -> None:
    """Add one way to succeed; two of the same status are alternatives."""
    response = responses.setdefault(str(answer.status), {"description": answer.description})
    if answer.headers:
        described = {name: {"description": HEADERS[name][0], "schema": HEADERS[name][1]} for name in answer.headers}
        response.setdefault("headers", {}).update(described)
    if answer.schema is not None:
        reference = {"$ref": REFERENCE.format(model=answer.schema.__name__)}
        content = response.setdefault("content", {})
        before = content.get(JSON, {}).get("schema")
        alternatives = [*before.get("anyOf", [before]), reference] if before else [reference]
        content[JSON] = {"schema": reference if len(alternatives) == 1 else {"anyOf": alternatives}}
    for media in answer.media:
        response.setdefault("content", {})[media] = {"schema": _file_schema(media)}


def _file_schema(media: str) -> Json:
    """Return the schema of a file: text, JSON rows, or bytes."""
    if media == JSON:
        return {"type": "array", "items": {"type": "object"}}
    return {"type": "string"} if media.startswith("text/") else {"type": "string", "format": "binary"}
