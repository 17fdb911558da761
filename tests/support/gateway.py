"""A client for the Lambda handlers: httpx requests become API Gateway proxy events, routed as in template.yaml."""

import base64
import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

import httpx

from core import __version__
from infra.environment import TMP_MIB, Environment
from infra.sam_template import parse_template
from tests.support.contract import check_answer
from tests.support.permissions import acting_as
from tests.support.stack import PATIENT

TEMPLATE = Path(__file__).resolve().parents[2] / "template.yaml"
# The type of Mangum's answer for a function that a test kills.
MANGUMS_OWN = "text/plain; charset=utf-8"
BINARY = ("multipart/form-data", "application/octet-stream", "text/csv")


@cache
def _template() -> dict[str, Any]:
    """Return the template, for reading only; parsing it takes longer than most tests."""
    parsed: dict[str, Any] = parse_template(TEMPLATE.read_text())
    return parsed


def template_routes() -> list[tuple[str, str, str]]:
    """Return (method, path, dotted handler) of every API event in the template."""
    routes = []
    for resource in _template()["Resources"].values():
        properties = resource.get("Properties", {})
        handler = properties.get("Handler") or (properties.get("ImageConfig") or {}).get("Command", [None])[0]
        for event in (properties.get("Events") or {}).values():
            if event["Type"] == "Api":
                routes.append((event["Properties"]["Method"].upper(), event["Properties"]["Path"], handler))
    return routes


def template_variables() -> dict[str, str]:
    """Return the variables of every function to which the template gives a plain value."""
    variables = _template()["Globals"]["Function"]["Environment"]["Variables"]
    return {name: value for name, value in variables.items() if isinstance(value, str)}


def template_limits(function: str) -> dict[str, int]:
    """Return the seconds an invocation of functions/{function} may take and the MiB it may write, by the template."""
    template = _template()
    properties = template["Resources"][f"{function.capitalize()}Function"]["Properties"]
    timeout = properties.get("Timeout", template["Globals"]["Function"]["Timeout"])
    return {"timeout": timeout, "tmp_mib": properties.get("EphemeralStorage", {"Size": TMP_MIB})["Size"]}


class HandlerTransport(httpx.BaseTransport):
    """Calls `functions.NAME.handler.handler` in this process, one invocation a request."""

    def __init__(self) -> None:
        self._routes = [
            (
                method,
                re.compile(re.sub(r"\{\w+(\+?)\}", lambda name: ".+" if name[1] else "[^/]+", path)),
                path,
                handler,
            )
            for method, path, handler in template_routes()
        ]

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer as the gateway does: 404 where the template has no such route."""
        found = self.handler_of(request.method, self.service_path(request))
        if found is None:
            return httpx.Response(404, json={"type": "urn:regatta:problem:no-such-route"})
        resource, dotted = found
        response = _response(self.call(dotted, self.event(request, resource)))
        if response.headers.get("Content-Type") != MANGUMS_OWN:
            assert response.headers["Regatta-Version"] == __version__
        check_answer(request.method, resource, response)
        return response

    def service_path(self, request: httpx.Request) -> str:
        """Return the path as the template has it, with percent-encoding."""
        return request.url.raw_path.decode().partition("?")[0]

    def event(self, request: httpx.Request, resource: str) -> dict[str, Any]:
        """Return the event of a request for a resource."""
        return proxy_event(request, resource)

    def handler_of(self, method: str, path: str) -> tuple[str, str] | None:
        """Return the route and the dotted handler for a request; None where there is no route."""
        for taken, pattern, resource, dotted in self._routes:
            if taken == method and pattern.fullmatch(path.rstrip("/") or "/"):
                return resource, dotted
        return None

    def call(self, dotted: str, event: dict[str, Any]) -> dict[str, Any]:
        """Return the proxy response of the function with this handler."""
        with acting_as(dotted.split(".")[1]):
            return _load(dotted)(event, None)


class AddressTransport(HandlerTransport):
    """A `HandlerTransport` at an address of API Gateway: every path begins with `base`, and nothing answers elsewhere.

    At the gateway's own address `base` is the stage, which `path` of an event lacks. At a custom domain it is the base
    path of a mapping, or empty, and `path` includes it.
    """

    def __init__(self, base: str, *, custom_domain: bool) -> None:
        super().__init__()
        self.base, self.custom_domain = base, custom_domain

    def service_path(self, request: httpx.Request) -> str:
        """Return the path behind the base."""
        path = super().service_path(request)
        return path.removeprefix(self.base) or "/" if f"{path}/".startswith(f"{self.base}/") else ""

    def event(self, request: httpx.Request, resource: str) -> dict[str, Any]:
        """Return the event with the paths of this address."""
        event = super().event(request, resource)
        path = unquote(self.service_path(request))
        event["path"] = self.base + path if self.custom_domain else path
        event["requestContext"]["path"] = self.base + path
        return event


class EnvironmentTransport(HandlerTransport):
    """A `HandlerTransport` with each function in an `Environment` of its own, started when first called."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        super().__init__()
        self._variables = {**PATIENT, **variables, **template_variables()}
        self.environments: dict[str, Environment] = {}

    def call(self, dotted: str, event: dict[str, Any]) -> dict[str, Any]:
        """Return the proxy response; raises `LambdaError` where Lambda gives none."""
        answer: dict[str, Any] = self.environment(dotted.split(".")[1]).invoke(event)
        return answer

    def environment(self, function: str) -> Environment:
        """Return the environment of one function, started when first asked for."""
        if function not in self.environments:
            limits = template_limits(function)
            self.environments[function] = Environment(function, self._variables, is_compiled=True, **limits)
        return self.environments[function]

    def close(self) -> None:
        """End every environment."""
        for environment in self.environments.values():
            environment.close()


def proxy_event(request: httpx.Request, resource: str) -> dict[str, Any]:
    """Return a REST API (v1) proxy event as the gateway sends it: bytes as Base64, everything else as text."""
    body = request.read()
    binary = request.headers.get("content-type", "").startswith(BINARY)
    query = parse_qsl(request.url.query.decode(), keep_blank_values=True)
    values: dict[str, list[str]] = {}
    for name, value in query:
        values.setdefault(name, []).append(value)
    headers = dict(request.headers)
    return {
        "resource": resource,
        "path": unquote(request.url.raw_path.decode().partition("?")[0]),
        "httpMethod": request.method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": dict(query) or None,
        "multiValueQueryStringParameters": values or None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {"stage": "prod", "identity": {"sourceIp": "127.0.0.1"}, "requestId": "test"},
        "body": (base64.b64encode(body) if binary else body).decode() or None,
        "isBase64Encoded": binary,
    }


def _response(answer: dict[str, Any]) -> httpx.Response:
    # Through JSON, as on the wire: an answer that is not JSON would never leave a Lambda function.
    answer = json.loads(json.dumps(answer))
    body = answer["body"]
    content = base64.b64decode(body) if answer["isBase64Encoded"] else body.encode()
    return httpx.Response(answer["statusCode"], headers=answer["headers"], content=content)


def _load(dotted: str) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    module, _, name = dotted.rpartition(".")
    handler: Callable[[dict[str, Any], Any], dict[str, Any]] = getattr(import_module(module), name)
    return handler
