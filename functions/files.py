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
    return Response(path.read_bytes(), media_type=media_type, headers=attachment(path.name, name))


def attachment(plain_name: str, name: str) -> dict[str, str]:
    """The header that saves an answer as `name`, or as `plain_name`, in ASCII, where the client is an old one."""
    return {"Content-Disposition": f"attachment; filename=\"{plain_name}\"; filename*=UTF-8''{quote(name)}"}
