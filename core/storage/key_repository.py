"""API keys in the bucket, which is the only place that is asked about them: Redis has nothing of them.

access/keys/{id}.json    a key: its workspace, its role, the digest of its secret; changed by conditional writes
access/used/{id}.json    when it was used last, coarsely
access/revision          a random text, another one after every change that takes something away
"""

import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError

from core.access.caller import Caller
from core.access.keys import KEY_ID, NewKey, new_key
from core.access.roles import ROLE_NAMES, Role
from core.access.workspace_names import check_workspace_name, is_workspace_name
from core.errors import ConflictError, InvalidInputError
from core.storage.known_workspaces import make_workspace
from core.storage.s3.object_store import MissingObjectError, ObjectStore
from core.stored_document import DamagedDocumentError, FormattedDocument, now

KEYS, USED = "access/keys/", "access/used/"
REVISION = "access/revision"
# What somebody writes to remember what a key is for.
LABEL_CHARACTERS = 100
MOST_PER_SECOND, MOST_PER_DAY = 100_000, 1_000_000_000
ATTEMPTS = 8


class NoSuchKeyError(InvalidInputError):
    """No key has this id. Only operators hear it: a caller gets the same answer for every key that is not valid."""


def _role_name(text: str) -> str:
    if text not in ROLE_NAMES:
        raise ValueError(f"a role is {', '.join(ROLE_NAMES)}")
    return text


def _workspace_name(text: str) -> str:
    if not is_workspace_name(text):
        raise ValueError("no workspace can have this name")
    return text


class StoredKey(FormattedDocument):
    """An API key as it is stored."""

    format: Literal[1] = 1
    key_id: str
    workspace: Annotated[str, AfterValidator(_workspace_name)]
    role: Annotated[str, AfterValidator(_role_name)]
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    label: str = Field(default="", max_length=LABEL_CHARACTERS)
    created_at: str = Field(default_factory=now)
    # Seconds since 1970 from which on the key is not valid; None: never.
    expires: float | None = None
    revoked: float | None = None
    # Requests a second on average, and on a day in UTC; None: as many as the deployment takes.
    per_second: float | None = Field(default=None, gt=0, le=MOST_PER_SECOND)
    per_day: int | None = Field(default=None, ge=1, le=MOST_PER_DAY)

    def is_valid(self, at: float) -> bool:
        """Return whether the key may be used at this time, in seconds since 1970."""
        return self.revoked is None and (self.expires is None or at < self.expires)

    @property
    def caller(self) -> Caller:
        """Return who calls with this key."""
        return Caller(self.workspace, Role.named(self.role), self.key_id, self.per_second, self.per_day)


class KeyRepository:
    """The API keys of a deployment. Whoever may write below `access/` can make keys: operators, and no function."""

    def __init__(self, objects: ObjectStore, clock: Callable[[], float] = time.time) -> None:
        self._objects = objects
        self._clock = clock

    def create(
        self,
        workspace: str,
        role: str,
        *,
        label: str = "",
        expires: float | None = None,
        per_second: float | None = None,
        per_day: int | None = None,
    ) -> tuple[StoredKey, NewKey]:
        """Make a key and store its digest; its text is in the second value and nowhere else.

        Raises `InvalidInputError` for a name of a workspace, a role, a time or a limit that cannot be used.
        """
        check_workspace_name(workspace)
        if expires is not None and expires <= self._clock():
            raise InvalidInputError("The key would have expired already. Choose a later time.")
        made = new_key()
        try:
            stored = StoredKey(
                key_id=made.key_id,
                workspace=workspace,
                role=role,
                sha256=made.digest,
                label=label,
                expires=expires,
                per_second=per_second,
                per_day=per_day,
            )
        except ValidationError as error:
            wrong = [
                {"field": str(found["loc"][0]), "message": found["msg"].removeprefix("Value error, ")}
                for found in error.errors()
            ]
            reasons = "; ".join(f"{one['field']}: {one['message']}" for one in wrong)
            raise InvalidInputError(f"The key was not made. {reasons}.", wrong) from error
        make_workspace(self._objects, workspace)
        if self._objects.create(_place(made.key_id), _dump(stored)) is None:
            raise ConflictError("Another key has this id. Try again.")
        return stored, made

    def get(self, key_id: str) -> StoredKey | None:
        """Return a key as the bucket has it; None where it has none. A damaged one is a `DamagedDocumentError`."""
        try:
            return _parse(key_id, self._objects.get(_place(key_id)))
        except MissingObjectError:
            return None

    def all(self) -> Iterator[StoredKey]:
        """Yield every key, those that are revoked or expired too; raises for a damaged one."""
        for found in self._objects.list(KEYS):
            key_id = found.key.removeprefix(KEYS).removesuffix(".json")
            with suppress(MissingObjectError):
                yield _parse(key_id, self._objects.get(found.key))

    def revoke(self, key_id: str) -> StoredKey:
        """Let a key not be valid from now on; every worker knows it a second after this returns.

        Raises `NoSuchKeyError`.
        """
        return self._end(key_id, {"revoked": self._clock()})

    def rotate(self, key_id: str, overlap_seconds: float) -> tuple[StoredKey, NewKey]:
        """Make a key with the settings of an earlier one, which stays valid for so many seconds more.

        Raises `NoSuchKeyError`, and `InvalidInputError` for a key that is not valid any more.
        """
        before = self.get(key_id)
        if before is None:
            raise _no_such_key(key_id)
        if not before.is_valid(self._clock()):
            raise InvalidInputError(f"The key {key_id} is revoked or has expired. Make a new one.")
        made = self.create(
            before.workspace,
            before.role,
            label=before.label,
            expires=before.expires,
            per_second=before.per_second,
            per_day=before.per_day,
        )
        ends = self._clock() + overlap_seconds
        self._end(key_id, {"expires": ends if before.expires is None else min(ends, before.expires)})
        return made

    def revision(self) -> str:
        """Return the text that changes whenever a key ends; empty where none ever did."""
        try:
            return self._objects.get(REVISION).decode("ascii", "replace")
        except MissingObjectError:
            return ""

    def note_use(self, key_id: str, at: float) -> None:
        """Store when a key was used last, in seconds since 1970. Of several writers the last one stays."""
        self._objects.put(f"{USED}{key_id}.json", json.dumps({"at": round(at)}).encode(), "application/json")

    def last_use(self, key_id: str) -> datetime | None:
        """Return about when a key was used last; None where it never was, or nobody could note it."""
        try:
            stored = json.loads(self._objects.get(f"{USED}{key_id}.json"))
            return datetime.fromtimestamp(stored["at"], UTC)
        except (MissingObjectError, ValueError, TypeError, KeyError, OverflowError, OSError):
            return None

    def _end(self, key_id: str, update: dict[str, float]) -> StoredKey:
        """Store an end of a key, then tell the workers. One that fails in between is repeated by the operator."""
        for _ in range(ATTEMPTS):
            try:
                body, etag = self._objects.get_with_etag(_place(key_id))
            except MissingObjectError:
                raise _no_such_key(key_id) from None
            before = _parse(key_id, body)
            changed = before if before.revoked else before.model_copy(update=update)
            if self._objects.replace(_place(key_id), _dump(changed), etag):
                self._objects.put(REVISION, secrets.token_hex(16).encode(), "text/plain")
                return changed
        raise ConflictError("This key is being changed by several callers at once; try again.")


def _place(key_id: str) -> str:
    if KEY_ID.fullmatch(key_id) is None:
        raise _no_such_key(key_id)
    return f"{KEYS}{key_id}.json"


def _no_such_key(key_id: str) -> NoSuchKeyError:
    return NoSuchKeyError(f"There is no key {key_id[:40]!r}. `regatta keys list` shows their ids.")


def _dump(key: StoredKey) -> bytes:
    return key.model_dump_json().encode()


def _parse(key_id: str, body: bytes) -> StoredKey:
    """Return a stored key; raises `DamagedDocumentError` for one that is damaged, or that is of another id."""
    try:
        found = StoredKey.model_validate_json(body)
    except ValidationError as error:
        raise DamagedDocumentError(f"The key {key_id} is damaged in the bucket, so it is refused.") from error
    if found.key_id != key_id:
        raise DamagedDocumentError(f"The key {key_id} is damaged in the bucket: it is that of another id.")
    return found
