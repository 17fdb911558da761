"""What is known of an object, a multipart upload or a part without reading its bytes."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class ObjectSummary:
    """One object in a listing."""

    key: str
    etag: str
    size: int
    # When it was written (seconds since 1970).
    modified: float


@dataclass(frozen=True)
class OpenMultipart:
    """A multipart upload that was neither completed nor aborted, and when it was begun (seconds since 1970)."""

    key: str
    upload_id: str
    begun: float


@dataclass(frozen=True)
class ObjectHead:
    """One object's ETag, size, time and the `metadata` that its writer added."""

    etag: str
    size: int
    last_modified: datetime
    metadata: dict[str, str]


@dataclass(frozen=True)
class UploadedPart:
    """One part of a multipart upload that is in the bucket."""

    number: int
    etag: str
    size: int
