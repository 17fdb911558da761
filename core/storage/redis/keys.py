"""Every Redis key that Regatta writes or reads.

`KEY_PATTERNS` lists them, and docs/stored-state.md has the same table for operators. The keys stay as they are, and a
value of another form gets another key: during a deploy two versions of Regatta share one Redis.
"""

from dataclasses import dataclass
from typing import Literal

# A document is believed for a second only, whatever Redis has: see core/storage/documents.py.
DOCUMENT_SECONDS = 30
PROGRESS_SECONDS = 3_600
ANSWER_SECONDS = 86_400


@dataclass(frozen=True)
class KeyPattern:
    """One kind of key and its value."""

    # The key with placeholders in braces. `{key}` is the key of an object in the bucket.
    pattern: str
    # The type of the value.
    type: Literal["string", "hash", "zset"]
    # Seconds until the key expires, the setting that has them, or None where it stays.
    expires: int | str | None
    holds: str
    when_lost: str


CACHED_OBJECT = KeyPattern(
    "regatta:objects:{key}",
    "string",
    "REGATTA_CACHE_TTL_SECONDS",
    "an object that never changes: manifest, graph or evaluation of a model, profile or packed columns of a dataset",
    "the object is read from the bucket",
)
CACHED_NAMES = KeyPattern(
    "regatta:{workspace}:cached",
    "zset",
    ANSWER_SECONDS,
    "by when they were read the objects, and the answers, of a workspace whose quota says how many bytes it may have",
    "what Redis has by then stays until nobody has read it for so long; counting begins at zero",
)
DOCUMENT = KeyPattern(
    "regatta:documents:{key}",
    "string",
    DOCUMENT_SECONDS,
    "a document that changes: manifest of a dataset, current file, champion, series, job, ticket",
    "the document is read from the bucket",
)
MANIFEST_INDEX = KeyPattern(
    "regatta:{workspace}:{kind}",
    "hash",
    None,
    "by object key the ETag and the content of every manifest of this kind: `datasets`, `models` or `jobs`",
    "the next list reads the manifests from the bucket and fills it again",
)
JOB_PROGRESS = KeyPattern(
    "regatta:{workspace}:job:{job_id}",
    "string",
    PROGRESS_SECONDS,
    "stage and progress of a running job, that of an upload too",
    "progress is what the bucket has, up to some seconds old, until the worker's next report",
)
JOB_STOP = KeyPattern(
    "regatta:{workspace}:job:{job_id}:stop",
    "string",
    PROGRESS_SECONDS,
    "the worker that is to stop the job",
    "the worker reads the request from the bucket when it renews its lease",
)
DIVISION_TOKEN = KeyPattern(
    "regatta:divided",
    "string",
    PROGRESS_SECONDS,
    "a random token, another one for each job that was divided: servers whose queue is the bucket then look for tasks",
    "they look every 15 s",
)
IDEMPOTENT_ANSWER = KeyPattern(
    "regatta:{workspace}:idempotency:{digest}",
    "string",
    ANSWER_SECONDS,
    "the answer to a request with an `Idempotency-Key`; for 30 s at a time the claim of one in progress",
    "the same request is carried out anew; training and comparing keep their key with the job in the bucket",
)
REQUEST_COUNT = KeyPattern(
    "regatta:{workspace}:requests:{limit}",
    "string",
    ANSWER_SECONDS,
    "of a key or a workspace with a limit of requests: when its rate has recovered, or the requests of a day",
    "counting begins at zero",
)
CACHE_COUNTS = KeyPattern(
    "regatta:cache",
    "hash",
    None,
    "hits and misses of each cache, as `GET /system/status` shows them",
    "counting begins at zero",
)

KEY_PATTERNS = (
    CACHED_OBJECT,
    CACHED_NAMES,
    DOCUMENT,
    MANIFEST_INDEX,
    JOB_PROGRESS,
    JOB_STOP,
    DIVISION_TOKEN,
    IDEMPOTENT_ANSWER,
    REQUEST_COUNT,
    CACHE_COUNTS,
)


def cached_object_key(key: str) -> str:
    """Return the key of a cached object; `key` is its key in the bucket."""
    return CACHED_OBJECT.pattern.format(key=key)


def cached_names_key(workspace: str) -> str:
    """Return the key of the names of a workspace's cached objects."""
    return CACHED_NAMES.pattern.format(workspace=workspace)


def document_key(key: str) -> str:
    """Return the key of a cached document; `key` is its key in the bucket."""
    return DOCUMENT.pattern.format(key=key)


def manifest_index_key(workspace: str, kind: str) -> str:
    """Return the key of a workspace's index of the manifests of one kind."""
    return MANIFEST_INDEX.pattern.format(workspace=workspace, kind=kind)


def job_progress_key(workspace: str, job_id: str) -> str:
    """Return the key of a running job's progress."""
    return JOB_PROGRESS.pattern.format(workspace=workspace, job_id=job_id)


def job_stop_key(workspace: str, job_id: str) -> str:
    """Return the key of the request to stop a job."""
    return JOB_STOP.pattern.format(workspace=workspace, job_id=job_id)


def division_token_key() -> str:
    """Return the key of the token that changes with each job that was divided."""
    return DIVISION_TOKEN.pattern


def idempotent_answer_key(workspace: str, digest: str) -> str:
    """Return the key of the answer to a request, by the digest of its path and its `Idempotency-Key`."""
    return IDEMPOTENT_ANSWER.pattern.format(workspace=workspace, digest=digest)


def request_count_key(workspace: str, limit: str) -> str:
    """Return the key of the requests that count for a limit of a key or a workspace."""
    return REQUEST_COUNT.pattern.format(workspace=workspace, limit=limit)


def cache_counts_key() -> str:
    """Return the key of the hits and misses."""
    return CACHE_COUNTS.pattern
