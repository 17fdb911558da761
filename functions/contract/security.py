"""Who may call, for the OpenAPI document: the two ways to say so, and the role of each operation."""

from core.access.roles import LEAST_ROLES
from core.types import Json

SCHEMES: Json = {
    "ApiKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Api-Key",
        "description": "An API key, `rgt_...`: `regatta keys create` makes one.",
    },
    "Bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key, or a token of the issuer where the service takes tokens.",
    },
}
OPEN: list[Json] = []


def required(operation: str, schemes: Json | None) -> Json:
    """Return the fields of an operation that say who may call it; none where the service asks nobody."""
    if not schemes:
        return {}
    least = LEAST_ROLES[operation]
    return {"security": OPEN} if least is None else {"x-required-role": least.label}


def alternatives(schemes: Json | None) -> list[Json]:
    """Return the ways to say who calls, of which one is enough.

    The last one is to say nothing: a service without authentication asks nobody.
    """
    return [*({name: []} for name in schemes), {}] if schemes else []


def refusals(operation: str, schemes: Json | None) -> tuple[int, ...]:
    """Return the statuses with which an operation refuses callers: unknown, without the role, too many requests."""
    return () if not schemes or LEAST_ROLES[operation] is None else (401, 403, 429)
