"""Uploads into a series without credentials of the bucket: a presigned form that posts one file below `incoming/`."""

import re
from dataclasses import dataclass
from urllib.parse import quote

from core.errors import InvalidInputError, TooLargeError
from core.services.quotas import check_bytes
from core.services.series.arrivals import ENDINGS, INCOMING, PART_BYTES, TARGET_METADATA, UNCLEAR, check_series_name
from core.settings import settings
from core.storage.known_workspaces import make_workspace
from core.storage.upload_repository import MOST_POST_BYTES, URL_SECONDS, urls_expire_at
from core.storage.workspace import Workspace
from core.stored_document import new_file_id

# The suffixes that the bucket sends events about: it compares them letter by letter.
FILENAME = re.compile(rf"[^/\x00-\x1f]+\.(?:{'|'.join((*ENDINGS, *map(str.upper, ENDINGS)))})")


@dataclass(frozen=True)
class PresignedUpload:
    """URL and fields of a form whose `file` becomes the object `key`."""

    key: str
    url: str
    fields: dict[str, str]
    expires_at: str


def presign_upload(
    workspace: Workspace, series: str, filename: str, size_bytes: int, *, sha256: str | None, target_column: str | None
) -> PresignedUpload:
    """Return a form for a file of at most `size_bytes`. Its arrival starts the retraining.

    Each file gets a key of its own, so that none overwrites another of the same name; with its `sha256` the
    same file gets the same key, and is trained on once however often it is sent. Raises `InvalidInputError`,
    `TooLargeError`.
    """
    check_series_name(series, "name")
    is_clear = FILENAME.fullmatch(filename) and not UNCLEAR.search(filename)
    if not is_clear or len(filename.encode()) > PART_BYTES:
        endings = ", ".join(f".{ending}" for ending in ENDINGS)
        message = f"ends in one of {endings}, has no slash and at most {PART_BYTES} bytes, and no encoded one"
        problem = {"field": "filename", "message": message}
        raise InvalidInputError("The file cannot have this name. Give it another one.", [problem])
    limit = min(settings().max_file_bytes, MOST_POST_BYTES)
    if size_bytes > limit:
        raise TooLargeError(f"The file has {size_bytes:,} bytes; at most {limit:,} are taken. Send fewer rows.")
    check_bytes(workspace, size_bytes)
    make_workspace(workspace.objects, workspace.name)
    key = f"{INCOMING}{workspace.name}/{series}/{sha256[:32] if sha256 else new_file_id()}/{filename}"
    metadata = {} if target_column is None else {TARGET_METADATA: quote(target_column, safe="")}
    url, fields = workspace.objects.presign_form(key, size_bytes, URL_SECONDS, metadata)
    return PresignedUpload(key, url, fields, urls_expire_at())
