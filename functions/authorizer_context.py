"""What the authorizer of the API hands on about a caller: its context in the event of a function.

API Gateway writes the context and takes nothing of it from the request. All values of it are texts.
"""

from typing import Any

from core.access.caller import Caller
from core.access.roles import Role
from core.access.workspace_names import is_workspace_name
from core.errors import UnauthorizedError
from functions.credentials import INVALID

# Where the scope of a request has the event of the gateway; a server's has none.
EVENT = "aws.event"


def context_of(caller: Caller) -> dict[str, str]:
    """Return the context for a caller."""
    context = {"workspace": caller.workspace, "role": caller.role.label, "keyId": caller.key_id or ""}
    if caller.per_second is not None:
        context["perSecond"] = repr(caller.per_second)
    if caller.per_day is not None:
        context["perDay"] = str(caller.per_day)
    return context


def was_asked(event: dict[str, Any]) -> bool:
    """Return whether the gateway has asked an authorizer. Those of emulators ask none."""
    return bool((event.get("requestContext") or {}).get("authorizer"))


def caller_of_gateway(event: dict[str, Any]) -> Caller:
    """Return who calls, as the authorizer said; raises `UnauthorizedError` where none has said anything usable."""
    context = (event.get("requestContext") or {}).get("authorizer") or {}
    try:
        workspace, role = str(context["workspace"]), Role.named(str(context["role"]))
        per_second = float(context["perSecond"]) if "perSecond" in context else None
        per_day = int(context["perDay"]) if "perDay" in context else None
    except (KeyError, ValueError) as error:
        raise UnauthorizedError(INVALID, was_sent=True) from error
    if not is_workspace_name(workspace):
        raise UnauthorizedError(INVALID, was_sent=True)
    return Caller(workspace, role, str(context.get("keyId", "")) or None, per_second, per_day)
