"""Files as answers: in the body, or as 303 to a presigned URL where they are larger than an answer may be."""

from pathlib import Path
from urllib.parse import quote

from fastapi.responses import RedirectResponse, Response

from core.settings import settings
from core.storage.wiring import storage


def file_answer(workspace: str, path: Path, name: str, media_type: str) -> Response:
    """The file at `path`, to be saved as `name`. It may be deleted as soon as this has returned."""
    if path.stat().st_size > settings().max_response_bytes:
        return RedirectResponse(storage().exports.offer(workspace, name, path, media_type), status_code=303)
    # The first name is for old clients and may hold ASCII only.
    disposition = f"attachment; filename=\"{path.name}\"; filename*=UTF-8''{quote(name)}"
    return Response(path.read_bytes(), media_type=media_type, headers={"Content-Disposition": disposition})
