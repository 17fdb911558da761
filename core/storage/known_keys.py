"""The API keys that this process has seen: believed for less than a second without a look at the bucket.

One small object, `access/revision`, changes whenever a key ends. A process that serves reads it at most once a second,
whatever the number of its keys and of its requests: half a second after the last look in the background, so that in
steady traffic no request waits for it. On AWS that is 0.035 USD a day for a process that is never idle; to look at each
key as often would cost so much a key.

While storage does not answer, keys that are known stay valid for `REGATTA_AUTH_STALE_SECONDS`: nobody could have stored
their end meanwhile. A key that the process has not seen is a 503 then.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock

from core.access.caller import Caller
from core.access.keys import is_key
from core.context_threads import in_a_thread
from core.deadlines import deadline
from core.errors import NewerFormatError, UnavailableError
from core.storage.key_repository import KeyRepository, StoredKey
from core.stored_document import DamagedDocumentError

log = logging.getLogger("regatta")

# How long what is known of the keys is believed. A revoked key is refused by then.
BELIEVED_SECONDS = 0.9
# From this age on the next request lets the revision be read in the background.
REFRESH_SECONDS = 0.4
# How long the revision or a key may take to read.
WAIT_SECONDS = 1.0
# The same in a process that knows no key yet: it has nothing to go on with, and has just started.
FIRST_WAIT_SECONDS = 5.0
# For how long a failed look at the bucket lets requests go on without one of their own.
FAILED_SECONDS = 3.0
# A key is read again after this time even if the revision says nothing: a killed `regatta keys revoke` tells nobody.
KEY_SECONDS = 60.0
MOST_KEYS = 10_000
# How often each process notes that a key is used.
USE_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key as the bucket had it at a time, in seconds since 1970."""

    stored: StoredKey
    caller: Caller
    read_at: float


class KnownKeys:
    """What one process knows of the keys. `recall` asks nobody, `ask` asks the bucket; both may run in any thread."""

    def __init__(
        self,
        repository: KeyRepository,
        stale_seconds: float,
        *,
        believed_seconds: float = BELIEVED_SECONDS,
        clock: Callable[[], float] = time.time,
        later: Callable[[Callable[[], None]], None] = in_a_thread,
    ) -> None:
        self._repository = repository
        self._stale_seconds = stale_seconds
        self._believed_seconds = believed_seconds
        self._clock = clock
        self._later = later
        self._keys: OrderedDict[str, KnownKey] = OrderedDict()
        self._revision: str | None = None
        # When the last successful look at the revision began, and when the last one failed.
        self._confirmed_at = self._failed_at = float("-inf")
        self._asking = Lock()
        self._is_refreshing = False
        self._used: dict[str, float] = {}

    def recall(self, key_id: str) -> KnownKey | None:
        """Return a key as this process may believe it is; None where the bucket has to be asked."""
        now = self._clock()
        age = abs(now - self._confirmed_at)
        if age >= self._believed_seconds:
            if abs(now - self._failed_at) >= FAILED_SECONDS or age >= self._stale_seconds:
                return None
            self._refresh_later()
            return self._keys.get(key_id)
        if age >= REFRESH_SECONDS:
            self._refresh_later()
        known = self._keys.get(key_id)
        return known if known is not None and abs(now - known.read_at) < KEY_SECONDS else None

    def ask(self, key_id: str) -> KnownKey | None:
        """Return a key as the bucket has it; None where it has none, or one that nobody can read.

        Raises `UnavailableError` where storage does not answer and the process does not know the key either.
        """
        wait = WAIT_SECONDS if self._keys else FIRST_WAIT_SECONDS
        try:
            # One look at the revision is enough for all that wait for it.
            with self._asking, deadline(wait):
                if abs(self._clock() - self._confirmed_at) >= self._believed_seconds:
                    self._confirm()
                known = self._keys.get(key_id)
                if known is not None and abs(self._clock() - known.read_at) < KEY_SECONDS:
                    return known
            with deadline(wait):
                return self._read(key_id)
        except UnavailableError:
            self._failed_at = now = self._clock()
            known = self._keys.get(key_id)
            if known is None or abs(now - self._confirmed_at) >= self._stale_seconds:
                raise
            return known

    def caller(self, text: str, known: KnownKey | None) -> Caller | None:
        """Return who calls with the key of this text; None where it is not the key, or the key is not valid."""
        # Compared first, so that a wrong secret takes as long for a key that has ended as for one that is valid.
        is_the_key = is_key(text, known.stored.sha256 if known else "0" * 64)
        if known is None or not is_the_key or not known.stored.is_valid(self._clock()):
            return None
        self._note_use(known.stored.key_id)
        return known.caller

    def _confirm(self) -> None:
        """Read the revision; forget all keys where it is another one."""
        begun = self._clock()
        revision = self._repository.revision()
        if revision != self._revision:
            # A new dictionary: what was being read meanwhile is put into the former one.
            self._keys = OrderedDict()
            self._revision = revision
        self._confirmed_at, self._failed_at = begun, float("-inf")

    def _read(self, key_id: str) -> KnownKey | None:
        keys, begun = self._keys, self._clock()
        try:
            stored = self._repository.get(key_id)
        except (DamagedDocumentError, NewerFormatError) as error:
            log.warning("a key is refused: %s", error.detail)
            stored = None
        if stored is None:
            keys.pop(key_id, None)
            return None
        known = keys[key_id] = KnownKey(stored, stored.caller, begun)
        if len(keys) > MOST_KEYS:
            with suppress(KeyError):  # another thread was faster
                keys.popitem(last=False)
        return known

    def _refresh_later(self) -> None:
        """Read the revision in the background, unless somebody does."""
        if self._is_refreshing:
            return
        self._is_refreshing = True
        self._later(self._refresh)

    def _refresh(self) -> None:
        try:
            with self._asking, deadline(WAIT_SECONDS):
                self._confirm()
        except UnavailableError:
            self._failed_at = self._clock()
        finally:
            self._is_refreshing = False

    def _note_use(self, key_id: str) -> None:
        """Store that a key is used, every ten minutes."""
        now = self._clock()
        if abs(now - self._used.get(key_id, float("-inf"))) < USE_SECONDS:
            return
        if len(self._used) >= MOST_KEYS:
            self._used.clear()
        self._used[key_id] = now
        self._later(lambda: self._store_use(key_id, now))

    def _store_use(self, key_id: str, at: float) -> None:
        with suppress(UnavailableError), deadline(WAIT_SECONDS):
            self._repository.note_use(key_id, at)
