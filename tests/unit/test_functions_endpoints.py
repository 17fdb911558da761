"""When an endpoint is `async def` and when `def`: the rule of CONTRIBUTING.md."""

import inspect
from importlib import import_module

import pytest
from fastapi.routing import APIRoute

from infra.local.server import FUNCTIONS

ROUTES = [
    route
    for name in FUNCTIONS
    for route in import_module(f"functions.{name}.app").router.routes
    if isinstance(route, APIRoute)
]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{min(route.methods)} {route.path}")
def test_an_endpoint_that_writes_does_not_block_the_event_loop(route: APIRoute) -> None:
    reads_its_own_body = route.openapi_extra is not None
    if inspect.iscoroutinefunction(route.endpoint):
        assert route.methods == {"GET"} or reads_its_own_body, "an endpoint that writes is `def`: see CONTRIBUTING.md"


# It hands what it reads to threads, and waits between its looks.
WAITS = "/jobs/{job_id}"


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{min(route.methods)} {route.path}")
def test_an_endpoint_that_reads_storage_does_not_block_the_event_loop(route: APIRoute) -> None:
    reads_its_own_body = route.openapi_extra is not None
    written = inspect.unwrap(route.endpoint)  # `@listing` runs a `def` in a thread
    if inspect.iscoroutinefunction(written) and not reads_its_own_body and route.path != WAITS:
        taken = inspect.signature(route.endpoint).parameters
        assert "workspace" not in taken, "an endpoint that has storage to read is `def`: see CONTRIBUTING.md"
