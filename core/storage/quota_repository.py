"""The quotas of workspaces: `access/quotas/{workspace}.json`, and what a process knows of them. Light.

Where something begins that takes a while, its quota is read from the bucket. What happens often, such as a request or
an entry of a cache, goes by what the process knows, which is read beside the requests: none of them waits for it.
"""

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from pydantic import Field, ValidationError

from core.access.workspace_names import check_workspace_name
from core.context_threads import in_a_thread
from core.deadlines import deadline
from core.errors import InvalidInputError, NewerFormatError, UnavailableError
from core.storage.known_workspaces import make_workspace
from core.storage.s3.object_store import MissingObjectError, ObjectStore
from core.stored_document import DamagedDocumentError, FormattedDocument

log = logging.getLogger("regatta")

FOLDER = "access/quotas/"
# How long what is known of a quota is believed. On AWS that is 0.007 USD a day for a process that is never idle.
BELIEVED_SECONDS = 5.0
# How long reading one may take.
WAIT_SECONDS = 1.0
MOST_KNOWN = 10_000


class Quota(FormattedDocument):
    """The quota of a workspace; None means no limit."""

    # Requests a minute, over all of its keys.
    requests: int | None = Field(default=None, ge=1)
    # Jobs that wait or are worked on.
    jobs: int | None = Field(default=None, ge=0)
    # Seconds of training on a day in UTC.
    training_seconds: int | None = Field(default=None, ge=0)
    # Bytes of all objects of the workspace: datasets, models, jobs, uploads in flight.
    stored_bytes: int | None = Field(default=None, ge=0)
    # Bytes of its objects that Redis keeps.
    redis_bytes: int | None = Field(default=None, ge=0)
    # Models that a process keeps ready to predict.
    cached_models: int | None = Field(default=None, ge=0)


NO_QUOTA = Quota()
LIMITS = tuple(Quota.model_fields)


def read_quota(objects: ObjectStore, workspace: str) -> Quota:
    """Return the quota of a workspace; raises `DamagedDocumentError`, `NewerFormatError`, `UnavailableError`."""
    try:
        return Quota.model_validate_json(objects.get(_key(workspace)))
    except MissingObjectError:
        return NO_QUOTA
    except ValidationError as error:
        raise DamagedDocumentError(f"The document {_key(workspace)} is damaged. Set the quota again.") from error


def set_quota(objects: ObjectStore, workspace: str, **limits: int | None) -> Quota:
    """Store the quota of a workspace, which exists from then on; raises `InvalidInputError`.

    `limits` are fields of a `Quota`; what is left out has no limit.
    """
    make_workspace(objects, check_workspace_name(workspace))
    try:
        quota = Quota(**limits)
    except ValidationError as error:
        wrong = [{"field": str(one["loc"][0]), "message": one["msg"]} for one in error.errors()]
        raise InvalidInputError("A quota is a number that is not negative.", wrong) from error
    objects.put(_key(workspace), json.dumps(quota.model_dump()).encode(), "application/json")
    return quota


@dataclass(frozen=True, slots=True)
class KnownQuota:
    """A quota as the bucket had it at a time of the clock."""

    quota: Quota
    read_at: float


class KnownQuotas:
    """The quotas as this process knows them. Where storage does not answer, what was known last holds on."""

    def __init__(
        self,
        objects: ObjectStore,
        *,
        clock: Callable[[], float] = time.monotonic,
        later: Callable[[Callable[[], None]], None] = in_a_thread,
    ) -> None:
        """`later` carries out a call beside the request that asked."""
        self._objects = objects
        self._clock = clock
        self._later = later
        self._known: dict[str, KnownQuota] = {}
        self._reading: set[str] = set()
        self._lock = Lock()

    def recall(self, workspace: str) -> Quota:
        """Return the quota of a workspace as it was a moment ago; asks nobody. At first it is not known: no limit."""
        known = self._known.get(workspace)
        if known is None or self._clock() - known.read_at >= BELIEVED_SECONDS:
            self._read_later(workspace)
            known = self._known.get(workspace)
        return NO_QUOTA if known is None else known.quota

    def ask(self, workspace: str) -> Quota:
        """Return the quota as `recall` does, and read it at once where it is not known yet."""
        if workspace not in self._known:
            self._read(workspace)
        return self.recall(workspace)

    def _read_later(self, workspace: str) -> None:
        with self._lock:
            if workspace in self._reading:
                return
            self._reading.add(workspace)

        def read() -> None:
            try:
                self._read(workspace)
            finally:
                with self._lock:
                    self._reading.discard(workspace)

        self._later(read)

    def _read(self, workspace: str) -> None:
        begun, before = self._clock(), self._known.get(workspace)
        try:
            with deadline(WAIT_SECONDS):
                quota = read_quota(self._objects, workspace)
        except (UnavailableError, DamagedDocumentError, NewerFormatError) as error:
            log.warning("the quota of %s could not be read: %s", workspace, error.detail)
            quota = NO_QUOTA if before is None else before.quota
        if len(self._known) >= MOST_KNOWN:
            self._known = {}
        self._known[workspace] = KnownQuota(quota, begun)


def _key(workspace: str) -> str:
    return f"{FOLDER}{workspace}.json"
