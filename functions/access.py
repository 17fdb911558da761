"""The route guard: it says who calls, and refuses what they may not do, before the body is read.

A server looks at the key or the token itself. On AWS the authorizer of the API has done so (`functions.authorize`), and
its answer is in the event, where no header of a caller can put anything. The gateways of emulators ask no authorizer;
behind them a function looks itself, as a server does.
"""

import time
from functools import cache
from typing import TYPE_CHECKING

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import Request
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from core.access.caller import ANYBODY, Caller
from core.access.roles import LEAST_ROLES, Role, may
from core.errors import ForbiddenError, UnauthorizedError
from core.settings import settings
from core.telemetry.facts import note
from functions.authorizer_context import EVENT, caller_of_gateway, was_asked
from functions.browser_origin import is_loopback
from functions.credentials import MISSING, credentials_of
from functions.operation_ids import OPERATION_IDS

if TYPE_CHECKING:
    from core.access.allowances import Allowances
    from functions.callers import Callers

# Where the scope of a request has its `Caller`.
CALLER = "regatta.caller"
# Where it has when the key or the token was looked at. A body that takes longer than this may outlive its key.
ADMITTED, ADMITTED_SECONDS = "regatta.admitted", 1.0
NOBODY_ASKED = ("none", "none-i-know")
IAM = "iam"
# Other servers' counts are asked for in threads of their own, so that a slow Redis takes none from predictions.
_counting = CapacityLimiter(4)
# Unknown keys and tokens are looked up in threads of their own, so that a flood of them takes none from predictions.
_lookups = CapacityLimiter(4)


class GuardedRoute(APIRoute):
    """A route that serves only callers whose role is enough for its operation; see `core.access.roles`."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. A method that the route does not take is refused as such, whoever calls."""
        if scope["method"] in (self.methods or ()):
            scope[CALLER] = await admit(scope, OPERATION_IDS.get((scope["method"], self.path), ""))
        await super().handle(scope, receive, send)


def caller_of(request: Request) -> Caller:
    """Return who sent a request. An operation that is open to everybody has no caller where callers are asked."""
    found: Caller | None = request.scope[CALLER]
    if found is None:
        raise UnauthorizedError(MISSING)
    return found


def require_role(request: Request, role: Role, what: str) -> None:
    """Raise `ForbiddenError` unless the caller's role is enough for a part of an operation."""
    if caller_of(request).role < role:
        raise _forbidden(caller_of(request), role, what)


async def admit(scope: Scope, operation: str) -> Caller | None:
    """Return who calls; None for an operation that is open to everybody, where nobody is asked.

    Raises `UnauthorizedError`, `ForbiddenError`, `TooManyRequestsError`, and `UnavailableError` where a key is not
    known and storage does not answer.
    """
    auth, least = settings().auth, LEAST_ROLES.get(operation, Role.ADMIN)
    if auth in NOBODY_ASKED:
        if auth == NOBODY_ASKED[0] and EVENT not in scope:
            _refuse_strangers(scope.get("server"))
        if least is not None:
            await _take(ANYBODY)
        return ANYBODY
    if least is None:
        return None
    if EVENT in scope and (auth == IAM or was_asked(scope[EVENT])):
        found = ANYBODY if auth == IAM else caller_of_gateway(scope[EVENT])
    else:
        found = await _ask(scope)
    note(key=found.key_id)
    if not may(found.role, operation):
        raise _forbidden(found, least, "This operation")
    await _take(found)
    return found


async def _take(caller: Caller) -> None:
    """Count a request; raises `TooManyRequestsError` where it is one too many for the key or its workspace."""
    from core.storage.container import container

    per_minute = container().quotas.recall(caller.workspace).requests
    if per_minute is not None or caller.key_id is not None:
        counted = allowances()
        if not counted.take(caller, per_minute, may_ask=False):
            await run_sync(counted.take, caller, per_minute, limiter=_counting)


async def admit_again(scope: Scope) -> None:
    """Raise `UnauthorizedError` where the key or the token of a request has ended while its body came in."""
    admitted = scope.get(ADMITTED)
    if admitted is not None and time.monotonic() - admitted >= ADMITTED_SECONDS:
        await _ask(scope)


async def _ask(scope: Scope) -> Caller:
    """Return who calls, as the key or the token of a request says."""
    text = credentials_of(scope)
    recalled = callers().recall(text)
    found = await run_sync(callers().ask, text, limiter=_lookups) if recalled is None else recalled
    scope[ADMITTED] = time.monotonic()
    return found


def _refuse_strangers(server: tuple[str, int | None] | None) -> None:
    """Raise `ForbiddenError` where a request came to an address that other machines reach, and nobody was asked.

    `regatta serve` does not listen there; another server of the same app may.
    """
    if server is not None and is_loopback(server[0]) is False:
        raise ForbiddenError(
            "This service asks nobody who they are, so it answers at a loopback address alone. Its operator sets "
            "REGATTA_AUTH=keys; REGATTA_AUTH=none-i-know opens it to everybody."
        )


def _forbidden(caller: Caller, least: Role, what: str) -> ForbiddenError:
    detail = f"{what} takes the role `{least.label}`, and this key has `{caller.role.label}`. Ask for another key."
    return ForbiddenError(detail, least.label)


# What follows loads what a function that asks nobody never needs.


@cache
def callers() -> "Callers":
    """Return what finds the callers of this server."""
    from functions.callers import make_callers

    return make_callers()


@cache
def allowances() -> "Allowances":
    """Return what keys and workspaces may still send."""
    from core.access.allowances import Allowances
    from core.storage.container import container
    from core.storage.redis.request_counts import RequestCounts

    redis = container().redis
    return Allowances(settings().rates_dir, shared=RequestCounts(redis) if redis.configured else None)
