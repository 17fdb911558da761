"""Lambda entry point: the gateway asks who calls, before every other function.

It hands on the workspace and the role; the function itself says whether the role is enough. Neither it nor the gateway
keeps an answer, so that a revoked key is refused at once: the authorizer reads one small object in each request.
"""

from functools import cache
from typing import Any

from core.access.roles import LEAST_ROLES, Role
from core.deadlines import deadline
from core.errors import ForbiddenError, UnauthorizedError
from core.telemetry.log import log_event
from functions.authorizer_context import context_of
from functions.callers import Callers, make_callers
from functions.credentials import credentials_of
from functions.log import set_up_telemetry
from functions.operation_ids import OPERATION_IDS
from functions.remaining_time import seconds_for_answer
from functions.snapshot import load_for_snapshot

# What the gateway takes for a 401; every other exception is a fault, which it answers with 503.
REFUSED = "Unauthorized"

set_up_telemetry()
load_for_snapshot()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Return the policy of a request, with who calls in its context; raises `Exception("Unauthorized")`.

    That is also what an event that no gateway sends gets: whoever made it up is refused, and is no fault of ours.
    """
    try:
        operation, resources, scope = _operation(event), _resources(event), _scope(event)
    except (AttributeError, KeyError, TypeError, ValueError):
        log_event("authorize", outcome="malformed")
        raise Exception(REFUSED) from None
    if LEAST_ROLES.get(operation, Role.ADMIN) is None:
        return _policy(resources, "Allow", "anybody", {})
    try:
        with deadline(seconds_for_answer(context)):
            caller = _callers().ask(credentials_of(scope))
    except UnauthorizedError:
        log_event("authorize", operation=operation, outcome="refused")
        raise Exception(REFUSED) from None
    except ForbiddenError:
        log_event("authorize", operation=operation, outcome="no role")
        return _policy(resources, "Deny", "nobody", {})
    log_event("authorize", operation=operation, outcome="allowed", workspace=caller.workspace, key=caller.key_id)
    return _policy(resources, "Allow", caller.key_id or "caller", context_of(caller))


@cache
def _callers() -> Callers:
    """Return what finds callers. It believes no key longer than one request, and nothing goes on after the answer."""
    return make_callers(believed_seconds=0, later=lambda work: work())


def _operation(event: dict[str, Any]) -> str:
    """Return the operation that is asked for; empty for one that there is not."""
    method = event.get("httpMethod", "")
    # A function answers HEAD as GET.
    # The gateway writes the rest of a path as {path+}, a route of ours as {path:path}.
    route = event.get("resource", "").replace("+}", ":path}")
    return OPERATION_IDS.get(("GET" if method == "HEAD" else method, route), "")


def _resources(event: dict[str, Any]) -> str:
    """Return every method of the stage: a gateway that keeps answers uses a policy for all of them."""
    api, stage = event["methodArn"].split("/")[:2]
    return f"{api}/{stage}/*"


def _scope(event: dict[str, Any]) -> dict[str, Any]:
    """Return the headers and the query of an event as a request has them."""
    headers = event.get("multiValueHeaders") or {name: [value] for name, value in (event.get("headers") or {}).items()}
    query = event.get("multiValueQueryStringParameters") or event.get("queryStringParameters") or {}
    return {
        "headers": [
            (name.lower().encode("latin-1", "replace"), str(value).encode("utf-8", "replace"))
            for name, values in headers.items()
            for value in values or ()
        ],
        "query_string": repr(query).encode("utf-8", "replace"),
    }


def _policy(resources: str, effect: str, principal: str, context: dict[str, str]) -> dict[str, Any]:
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resources}
    return {
        "principalId": principal,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": context,
    }
