"""The routes of each function's router."""

from importlib import import_module

from fastapi.routing import APIRoute


def routes_of(function: str) -> list[APIRoute]:
    """Every HTTP route that `functions/{function}` serves."""
    router = import_module(f"functions.{function}.app").router
    return [route for route in router.routes if isinstance(route, APIRoute)]
