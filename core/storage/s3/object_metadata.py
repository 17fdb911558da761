"""What the bucket tells of an object or a part without handing out its bytes."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Listed:
    """One object as a listing shows it."""

    key: str
    etag: str
    size: int
    # When it was written (seconds since 1970).
    modified: float


@dataclass(frozen=True)
class Open:
    """A multipart upload that was neither completed nor aborted, and when it was begun (seconds since 1970)."""

    key: str
    upload_id: str
    begun: float


@dataclass(frozen=True)
class Head:
    """What is known of one object without reading it. `metadata` is what its writer put beside it."""

    etag: str
    size: int
    last_modified: datetime
    metadata: dict[str, str]


@dataclass(frozen=True)
class Part:
    """One part of a multipart upload that has arrived."""

    number: int
    etag: str
    size: int
