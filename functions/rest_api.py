"""Events of a REST API of API Gateway: which part of the path is in front of the service.

At the gateway's own address every path begins with the stage, which `path` of the event lacks. At a custom domain it
begins with the base path of the domain's mapping, if that has one, which `path` includes.
"""

import re
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from mangum.handlers import APIGateway
from mangum.types import Scope

from core.settings import settings

PARAMETER = re.compile(r"\\{\w+(\\\+)?\\}")


class RestApi(APIGateway):
    """Makes the request of an event, with what is in front of the service as its `root_path`."""

    @property
    def scope(self) -> Scope:
        """Return the ASGI scope."""
        scope = super().scope
        base, path = split_path(self.event, scope["path"])
        scope["root_path"], scope["path"] = base, base + path
        return scope


def split_path(event: dict[str, Any], path: str) -> tuple[str, str]:
    """Return the base path and the path of the service, given the event and its `path` without percent-encoding."""
    mapping, route = _split_mapping(event["resource"], path)
    configured = settings().base_path
    context = event["requestContext"]
    if configured is not None:
        return configured.replace("{api_id}", context.get("apiId", "")).rstrip("/"), route
    requested, end = unquote(context.get("path") or path).rstrip("/"), path.rstrip("/")
    stage = requested.removesuffix(end) if requested.endswith(end) else ""
    return stage + mapping, route


def _split_mapping(resource: str, path: str) -> tuple[str, str]:
    """Return the base path of the domain's mapping and the rest, which is the path of the resource."""
    found = _at_the_end(resource).search(path)
    return (path[: found.start()], found[0] or "/") if found else ("", path)


@lru_cache
def _at_the_end(resource: str) -> re.Pattern[str]:
    """Return the pattern of a path that ends as a resource, such as /jobs/{job_id}, says."""
    pattern = PARAMETER.sub(lambda name: ".+" if name[1] else "[^/]+", re.escape(resource.rstrip("/")))
    return re.compile(f"{pattern}/?$")
