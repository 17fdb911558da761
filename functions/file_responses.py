"""Answer with a file: in the body, or as 303 to a presigned URL where it is larger than an answer may be."""

from fastapi.responses import RedirectResponse, Response

from core.exporting.files import NamedFile
from core.settings import settings
from core.storage.s3.object_store import disposition
from core.storage.workspace import Workspace


def file_answer(workspace: Workspace, file: NamedFile) -> Response:
    """Return the answer that saves the file under its name. The file may be deleted as soon as this has returned."""
    if file.path.stat().st_size > settings().max_response_bytes:
        url = workspace.exports.store(file.name, file.path, file.media_type)
        return RedirectResponse(url, status_code=303)
    headers = attachment(file.name)
    if file.stale_seconds is not None:
        headers["Regatta-Stale-Seconds"] = str(file.stale_seconds)
    return Response(file.path.read_bytes(), media_type=file.media_type, headers=headers)


def attachment(name: str) -> dict[str, str]:
    """Return the header that saves an answer as `name`."""
    return {"Content-Disposition": disposition(name)}
