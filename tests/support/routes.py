"""The routes of each function."""

from importlib import import_module


def routes_of(function: str) -> list[tuple[str, str]]:
    """(method, path) of all that `functions/{function}` serves, as its OpenAPI page says."""
    paths = import_module(f"functions.{function}.app").app.openapi()["paths"]
    return [(method.upper(), path) for path, methods in paths.items() for method in methods]
