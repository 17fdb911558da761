"""The names that a workspace may have. Light: needs the standard library only.

A name is the first part of every key of its workspace, and the second one below the prefixes that all workspaces
share. So it has no slash, no dot and no letter that another system spells in another way, and it is none of those
prefixes.
"""

import re

from core.errors import InvalidInputError

DEFAULT_WORKSPACE = "default"

# A hyphen at the beginning would be an option of a command line, and at either end no label of a host.
WORKSPACE_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,38}[a-z0-9]")

# The first parts of keys in the bucket that are of no workspace.
SHARED_PREFIXES = frozenset({"access", "exports", "incoming", "queue", "quotas", "unfinished", "uploads"})
# The words of `regatta:{workspace}:...` in Redis that are of no workspace, and names that look like an authority.
RESERVED_NAMES = SHARED_PREFIXES | {
    *("cache", "documents", "objects", "usage"),
    *("admin", "all", "anonymous", "none", "null", "public", "regatta", "root", "system"),
    *("keys", "models", "workspace", "workspaces"),
}


def is_workspace_name(name: str) -> bool:
    """Return whether a workspace may have this name."""
    return WORKSPACE_NAME.fullmatch(name) is not None and name not in RESERVED_NAMES


def check_workspace_name(name: str, field: str = "workspace") -> str:
    """Return the name; raises `InvalidInputError` about `field` where no workspace may have it."""
    if is_workspace_name(name):
        return name
    if name in RESERVED_NAMES:
        message = f"{name} is a reserved word"
    else:
        message = "has 3 to 40 lowercase letters, digits and hyphens, and begins and ends with none of the hyphens"
    raise InvalidInputError(
        "No workspace can have this name. Choose another one.", [{"field": field, "message": message}]
    )
