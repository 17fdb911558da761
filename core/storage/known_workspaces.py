"""Which workspaces exist. Keys of the bucket name workspaces, and a key alone makes none.

A workspace exists where the service itself has stored something of it: below `{workspace}/`, where nobody writes who
may only drop files. `default` always does. An operator's first key or quota makes one, and so does its first request.
"""

import json

from core.access.workspace_names import DEFAULT_WORKSPACE, check_workspace_name
from core.errors import InvalidInputError
from core.storage.s3.object_store import ObjectStore
from core.stored_document import now


def workspace_exists(objects: ObjectStore, name: str) -> bool:
    """Return whether there is a workspace of this name; raises `UnavailableError`."""
    return name == DEFAULT_WORKSPACE or any(True for _ in objects.list(f"{name}/", page_keys=1))


def make_workspace(objects: ObjectStore, name: str) -> None:
    """Let a workspace exist from now on; raises `InvalidInputError` for a name that none may have."""
    if not workspace_exists(objects, check_workspace_name(name)):
        body = json.dumps({"format": 1, "name": name, "created_at": now()}).encode()
        objects.create(f"{name}/workspace.json", body)


def check_exists(objects: ObjectStore, name: str) -> None:
    """Raise `InvalidInputError` unless there is a workspace of this name."""
    if not workspace_exists(objects, check_workspace_name(name)):
        problem = {"field": "workspace", "message": "does not exist"}
        raise InvalidInputError(f"There is no workspace {name!r}. A key of its own makes one.", [problem])
