"""What a workspace has used of its quotas, where that is no single look at the bucket: trained seconds, stored bytes.

Two small documents below `{workspace}/index/usage/`, changed by conditional writes: so workers of all machines count
together, and to look at one costs one read, however much the workspace has.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from pydantic import Field, ValidationError

from core.errors import ConflictError
from core.storage.documents import Documents
from core.stored_document import DamagedDocumentError, Document
from core.types import Json

DAY_SECONDS = 86_400
# Of so many days the seconds are kept, because the clocks of machines may be on two of them.
DAYS_KEPT = 3
# A change is tried so often, eight times each, while other workers make theirs.
TRIES = 5


class TrainedSeconds(Document):
    """The seconds that were trained, by day in UTC."""

    days: dict[str, float] = Field(default_factory=dict)


class StoredBytes(Document):
    """The bytes of all objects when they were last counted, and those that were announced since."""

    size_bytes: int
    # Seconds since 1970.
    counted_at: float


class UsageRepository:
    """The usage of one workspace. A document that is damaged counts as none; every method raises `UnavailableError`."""

    def __init__(self, workspace: str, documents: Documents, clock: Callable[[], float] = time.time) -> None:
        self._training_key = f"{workspace}/index/usage/training.json"
        self._stored_key = f"{workspace}/index/usage/stored.json"
        self._documents = documents
        # Seconds since 1970.
        self.clock = clock

    def trained_today(self) -> float:
        """Return the seconds that were trained today."""
        return _trained(self._read(self._training_key)).days.get(self._today(), 0.0)

    def seconds_until_tomorrow(self) -> float:
        """Return the seconds that today still has."""
        return DAY_SECONDS - self.clock() % DAY_SECONDS

    def add_trained(self, seconds: float) -> None:
        """Add seconds of a training that ends now."""
        today = self._today()

        def add(document: Json | None) -> Json:
            days = dict(_trained(document).days)
            days[today] = round(days.get(today, 0.0) + seconds, 3)
            return {"days": {day: days[day] for day in sorted(days)[-DAYS_KEPT:]}}

        self._change(self._training_key, add)

    def stored(self) -> StoredBytes | None:
        """Return the stored bytes as they were counted last; None where they were not."""
        return _stored(self._read(self._stored_key))

    def count_stored(self, count: Callable[[], int]) -> StoredBytes:
        """Count the stored bytes anew, and remember them."""
        begun = self.clock()
        counted = StoredBytes(size_bytes=count(), counted_at=begun)
        self._change(self._stored_key, lambda _: counted.model_dump())
        return counted

    def add_stored(self, size_bytes: int) -> None:
        """Add bytes that are about to be stored to those that were counted."""

        def add(document: Json | None) -> Json | None:
            counted = _stored(document)
            if counted is None:
                return None
            return counted.model_copy(update={"size_bytes": counted.size_bytes + size_bytes}).model_dump()

        self._change(self._stored_key, add)

    def _today(self) -> str:
        return datetime.fromtimestamp(self.clock(), UTC).date().isoformat()

    def _read(self, key: str) -> Json | None:
        try:
            return self._documents.read(key, fresh=True)
        except DamagedDocumentError:
            return None

    def _change(self, key: str, edit: Callable[[Json | None], Json | None]) -> None:
        for _ in range(TRIES):
            with suppress(ConflictError):
                self._documents.change(key, edit, replace_damaged=True)
                return


def _trained(document: Json | None) -> TrainedSeconds:
    try:
        return TrainedSeconds.model_validate(document or {})
    except ValidationError:
        return TrainedSeconds()


def _stored(document: Json | None) -> StoredBytes | None:
    try:
        return None if document is None else StoredBytes.model_validate(document)
    except ValidationError:
        return None
