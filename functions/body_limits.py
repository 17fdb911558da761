"""How many bytes the body of a request may have: known from its path, before anything of it is read."""

import re

from starlette.types import Scope

from core.errors import TooLargeError
from core.settings import settings

# Endpoints that take rows, models or tensors.
ROWS = re.compile(r"/predict(/.*)?|/v2/.+/infer")
UPLOAD = "/data/upload"
# What a form has beside the bytes of its file.
FORM_BYTES = 1 << 20
# All other bodies are settings and lists of columns.
SETTINGS_BYTES = 1 << 20


def most_bytes(scope: Scope) -> int:
    """Return the most bytes that the body of this request may have."""
    path = _path(scope)
    if path == UPLOAD:
        return settings().max_upload_bytes + FORM_BYTES
    most = settings().max_body_bytes
    return most if ROWS.fullmatch(path) else min(most, SETTINGS_BYTES)


def too_large(scope: Scope, size: int, limit: int) -> TooLargeError:
    """Return the error of a body of `size` bytes or more, with the way out at its endpoint."""
    path = _path(scope)
    instead = "Send less."
    if path == UPLOAD:
        instead = "Send the file by POST /data/uploads, or with `regatta upload`."
    elif ROWS.fullmatch(path):
        instead = "Send the rows in parts, or upload them as a file and name its file_id."
    return TooLargeError(f"The body has {size:,} bytes; at most {limit:,} are taken. {instead}")


def _path(scope: Scope) -> str:
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))
