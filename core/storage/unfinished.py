"""Notes about changes of several steps, from the first to the last: what a killed process began is found by its note.

    unfinished/{workspace}/{note}.json

A note says only where to look. What was begun, and has to be finished, is in the documents themselves. So a note of a
change that never began does no harm, and one listing says that there is nothing to do.
"""

import json
import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from core.access.workspace_names import is_workspace_name
from core.errors import RegattaError, UnavailableError
from core.storage.s3.object_store import MissingObjectError, ObjectStore
from core.types import Json

log = logging.getLogger("regatta")

FOLDER = "unfinished/"
# A change is left to its process for so long. Finishing it beside that one does no harm, and only costs requests.
GRACE_SECONDS = 20.0


@dataclass(frozen=True)
class Note:
    """One note: its key, the workspace, and when it was written (seconds since 1970)."""

    key: str
    workspace: str
    written: float

    @property
    def due(self) -> float:
        """Return when its process should have done with the change (seconds since 1970)."""
        return self.written + GRACE_SECONDS

    def is_due(self, now: float) -> bool:
        """Return whether its process should have done with the change, or our clock was set back since."""
        return abs(now - self.written) >= GRACE_SECONDS


class UnfinishedChanges:
    """The notes of one workspace."""

    def __init__(self, workspace: str, objects: ObjectStore) -> None:
        self._workspace = workspace
        self._objects = objects

    @contextmanager
    def noted(self, kind: str, **facts: str) -> Iterator[None]:
        """Keep a note during the block. It stays where storage fails, or where the process is killed."""
        key = f"{FOLDER}{self._workspace}/{secrets.token_hex(16)}.json"
        self._objects.put(key, json.dumps({"kind": kind, **facts}).encode(), "application/json")
        try:
            yield
        except RegattaError as error:
            if error.status < UnavailableError.status:
                self._remove(key)
            raise
        self._remove(key)

    def _remove(self, key: str) -> None:
        try:
            self._objects.delete([key])
        except UnavailableError as error:
            log.info("The note %s of a change that is over stays for now: %s", key, error.detail)


def list_notes(objects: ObjectStore) -> list[Note]:
    """Return the notes of all workspaces."""
    found = [Note(item.key, item.key.split("/")[1], item.modified) for item in objects.list(FOLDER)]
    return [note for note in found if is_workspace_name(note.workspace)]


def read_note(objects: ObjectStore, note: Note) -> Json | None:
    """Return what a note says; None where it is gone or damaged."""
    try:
        facts = json.loads(objects.get(note.key))
    except MissingObjectError:
        return None
    except (ValueError, RecursionError):
        facts = None
    if isinstance(facts, dict):
        return facts
    log.error("The note %s of an unfinished change is damaged", note.key)
    return None
