"""The routes of each function, and the fields of their requests, as their OpenAPI pages say."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from core.types import Json


def routes_of(function: str) -> list[tuple[str, str]]:
    """Return (method, path) of every route of `functions/{function}` serves."""
    return [(method.upper(), path) for path, methods in openapi_of(function)["paths"].items() for method in methods]


@dataclass(frozen=True)
class RequestFields:
    """The names that a request may have: in the query or the body, in objects of the body, and in headers.

    `values` are by name those of a field of the query or the body that takes one of a few texts.
    """

    top: set[str]
    nested: set[str]
    headers: set[str]
    values: dict[str, set[str]]


def fields_of(function: str, method: str, path: str) -> RequestFields:
    """The fields of what a route of `functions/{function}` takes, but for those of its path."""
    page = openapi_of(function)
    operation = page["paths"][path][method.lower()]
    given: dict[str, set[str]] = {"path": set(), "query": set(), "header": set()}
    values: dict[str, set[str]] = {}
    for parameter in operation.get("parameters", []):
        given[parameter["in"]].add(parameter["name"])
        values[parameter["name"]] = _values_of(parameter["schema"], page)
    top, nested = given["query"], set()
    for content in operation.get("requestBody", {}).get("content", {}).values():
        body = _resolved(content["schema"], page)
        page = {**page, **body}  # a body that a route describes itself has its own definitions
        for name, field in body.get("properties", {}).items():
            top.add(name)
            nested |= _names_below(field, page)
            values[name] = _values_of(field, page)
    return RequestFields(top, nested, given["header"], values)


def _values_of(schema: Json, page: Json) -> set[str]:
    """The texts that a field takes, or none where it takes any."""
    schema = _resolved(schema, page)
    either = [value for each in schema.get("anyOf", []) for value in _values_of(each, page)]
    return {value for value in (*schema.get("enum", []), *either) if isinstance(value, str)}


def _names_below(schema: Any, page: Json) -> set[str]:
    """The names of the properties of every object that is part of the schema."""
    if isinstance(schema, list):
        return {name for each in schema for name in _names_below(each, page)}
    if not isinstance(schema, dict):
        return set()
    schema = _resolved(schema, page)
    properties = schema.get("properties", {})
    below = [*properties.values(), *(value for key, value in schema.items() if key not in ("properties", "$defs"))]
    return set(properties) | _names_below(below, page)


def _resolved(schema: Json, page: Json) -> Json:
    while "$ref" in schema:
        found: Any = page
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        schema = found
    return schema


def openapi_of(function: str) -> Json:
    """The OpenAPI page of `functions/{function}`."""
    page: Json = import_module(f"functions.{function}.app").app.openapi()
    return page
