"""Lambda entry point: the gateway asks who calls."""

from typing import Any


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Refuse everybody; the gateway answers 401 to an exception of this name."""
    raise Exception("Unauthorized")
