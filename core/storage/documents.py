"""Small JSON documents that change: read through Redis for a second, changed only by conditional writes.

What Redis has of a document is believed for `BELIEVED_SECONDS` after the bucket had it, whoever stored it and whatever
happened to Redis since. So a process that could not reach Redis need not tell anybody of its write: no other process
believes what was there before for longer than that.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from core.errors import ConflictError
from core.storage.redis.bounded_reads import read_value
from core.storage.redis.entries import STAMP, STAMP_WIDTH, DocumentEntry
from core.storage.redis.keys import DOCUMENT_SECONDS, document_key
from core.storage.redis.redis_client import RedisClient
from core.storage.s3.object_store import MissingObjectError, ObjectStore
from core.stored_document import DamagedDocumentError
from core.types import Json

ATTEMPTS = 8

# How old the state of a document may be that a process reads from Redis.
BELIEVED_SECONDS = 1.0
# For so long a process remembers that it wrote a document, so that it does not read what was there before. Twice as
# long as others' entries are believed, because their clocks may differ from ours.
OWN_WRITE_SECONDS = 2 * BELIEVED_SECONDS
# A longer one is read from the bucket each time.
DOCUMENT_BYTES = 4 << 20
# How many of its writes a process remembers at least.
OWN_WRITES = 1_024

# Redis keeps the entry whose `order` is greater, so the last to write wins and not the last to publish. What does not
# begin with a number is garbage, and what is further ahead than an entry lives has another clock: both are replaced.
KEEP_NEWER = f"""
local held = redis.pcall('GETRANGE', KEYS[1], 0, {STAMP_WIDTH - 1})
local order = type(held) == 'string' and tonumber(held)
local ahead = order and order - tonumber(ARGV[1])
if ahead and ahead > 0 and ahead <= tonumber(ARGV[3]) then
    return 0
end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1
"""


@dataclass(frozen=True)
class ReadDocument:
    """A document, None where there is none, and how many seconds ago the bucket had it at most."""

    document: Json | None
    age: float


class Documents:
    """Mutable JSON objects of the bucket. Reading one that is no JSON object raises `DamagedDocumentError`."""

    def __init__(self, objects: ObjectStore, redis: RedisClient, clock: Callable[[], float] = time.time) -> None:
        """Read and write documents of `objects`; `clock` returns the seconds since 1970."""
        self._objects = objects
        self._redis = redis
        self._clock = clock
        # By key the hash of what this process wrote last, and when that was acknowledged.
        self._written: dict[str, tuple[int, float]] = {}
        # When another process wrote documents for this one, which remembers none of them.
        self._distrusted_at = -OWN_WRITE_SECONDS

    def read(self, key: str, *, fresh: bool = False) -> Json | None:
        """Return the document, or None.

        `fresh` reads the bucket itself, which a caller needs that acts on the answer.
        """
        return self.read_with_age(key, fresh=fresh).document

    def read_with_age(self, key: str, *, fresh: bool = False) -> ReadDocument:
        """Return the document as `read` does, and its age, for a caller that remembers it."""
        entry = None if fresh else self._cached(key)
        if entry is not None:
            document = None if entry.body is None else _parse(key, entry.body)
            return ReadDocument(document, max(0.0, self._clock() - entry.since))
        begun = self._clock()
        try:
            body = self._objects.get(key)
        except MissingObjectError:
            return ReadDocument(None, self._clock() - begun)
        self._publish(key, DocumentEntry(begun, begun, body))
        return ReadDocument(_parse(key, body), self._clock() - begun)

    def write(self, key: str, document: Json) -> str:
        """Write the document, whatever was there; return its ETag."""
        body, begun = _dump(document), self._clock()
        etag = self._objects.put(key, body, "application/json")
        self._wrote(key, begun, body)
        return etag

    def change(
        self, key: str, edit: Callable[[Json | None], Json | None], *, replace_damaged: bool = False
    ) -> Json | None:
        """Store what `edit` makes of the newest document; try again when another writer was faster.

        `edit` takes the document (None when there is none) and returns the new one, or None to leave it as it is. With
        `replace_damaged` a damaged document, which is of no worth then, counts as none.
        Return the document as stored afterwards; raises `ConflictError` when others were faster eight times in a row.
        """
        before: Json | None
        for _ in range(ATTEMPTS):
            try:
                stored, etag = self._objects.get_with_etag(key)
            except MissingObjectError:
                before, etag = None, ""
            else:
                before = _parse_or_none(key, stored) if replace_damaged else _parse(key, stored)
            after = edit(before)
            if after is None:
                return before
            body, begun = _dump(after), self._clock()
            won = self._objects.replace(key, body, etag) if etag else self._objects.create(key, body)
            if won:
                self._wrote(key, begun, body)
                return after
        raise ConflictError("This is being changed by several callers at once; try again.")

    def delete(self, key: str) -> None:
        """Delete the document."""
        begun = self._clock()
        self._objects.delete([key])
        self._wrote(key, begun, None)

    def distrust(self) -> None:
        """Believe nothing of what Redis has by now: another process has just written for this one."""
        self._distrusted_at = self._clock()

    def _cached(self, key: str) -> DocumentEntry | None:
        """Return what Redis has of a document, if it is to be believed."""
        if abs(self._clock() - self._distrusted_at) < OWN_WRITE_SECONDS:
            return None
        name = document_key(key)
        held = self._redis.run_on(name, lambda client: read_value(client, name, DOCUMENT_BYTES), None)
        entry = DocumentEntry.unpack(name, held)
        # A time ahead of ours is that of another clock, or of ours before it was set back.
        if entry is None or abs(self._clock() - entry.since) >= BELIEVED_SECONDS:
            return None
        written, at = self._written.get(key, (None, 0.0))
        # What is not our last write may be older or newer than it: the bucket knows.
        is_known = written in (None, hash(entry.body)) or abs(self._clock() - at) >= OWN_WRITE_SECONDS
        return entry if is_known else None

    def _wrote(self, key: str, begun: float, body: bytes | None) -> None:
        """Remember and publish a write that the bucket has acknowledged."""
        now = self._clock()
        if len(self._written) >= OWN_WRITES:
            for old in [old for old, (_, at) in self._written.copy().items() if abs(now - at) >= OWN_WRITE_SECONDS]:
                self._written.pop(old, None)
        self._written[key] = (hash(body), now)
        self._publish(key, DocumentEntry(now, begun, body))

    def _publish(self, key: str, entry: DocumentEntry) -> None:
        """Let Redis have an entry, unless it has a newer one."""
        name = document_key(key)
        packed = entry.pack(name)
        if len(packed) > DOCUMENT_BYTES:
            return
        arguments = (STAMP.format(entry.order), packed, DOCUMENT_SECONDS)
        # Whole each time, because a Redis may refuse SCRIPT LOAD.
        self._redis.store(name, lambda client: client.eval(KEEP_NEWER, 1, name, *arguments))


def _dump(document: Json) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


def _parse(key: str, body: bytes) -> Json:
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict):
        raise DamagedDocumentError(f"The document {key} is damaged: it is no JSON object. It was left as it is.")
    return parsed


def _parse_or_none(key: str, body: bytes) -> Json | None:
    try:
        return _parse(key, body)
    except DamagedDocumentError:
        return None
