"""Who calls: the workspace in which a request acts, and what it may do there."""

from dataclasses import dataclass

from core.access.roles import Role
from core.access.workspace_names import DEFAULT_WORKSPACE

# What every API key begins with, so that people and scanners for secrets know one when they see it.
KEY_PREFIX = "rgt_"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request. `key_id` names the API key or the subject of a token; None where nobody is asked.

    `per_second` and `per_day` are the requests that the key may send; None means as many as the deployment takes.
    """

    workspace: str
    role: Role
    key_id: str | None = None
    per_second: float | None = None
    per_day: int | None = None


# Whoever reaches a server without authentication. It listens on loopback alone, unless its owner insists.
ANYBODY = Caller(DEFAULT_WORKSPACE, Role.ADMIN)
