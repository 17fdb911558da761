"""Upload a CSV, and read it again otherwise: POST /data/upload, PATCH /data/files/{file_id}/reading."""

import shutil
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from fastapi import APIRouter, Form, UploadFile
from fastapi.responses import JSONResponse
from pydantic import ConfigDict, Field, field_validator
from pydantic_core import from_json

from core.delimited.names import quoted
from core.errors import MOST_ERRORS
from core.jobs.commands import ReadAgainCommand
from core.reading_fields import ReadingFields
from core.services.handlers import HANDLERS
from core.services.processing.ingest import check_request_size, ingest
from core.services.processing.read_again import check_read_again
from core.services.quotas import check_bytes
from functions.answer_terms import Terms
from functions.heavy_work import run_heavy
from functions.http import CallerWorkspace, RequestBody, create_app
from functions.idempotency import IdempotentRoute

router = APIRouter(tags=["data"], route_class=IdempotentRoute)

# Names of fields are compared with those that are known up to so many characters.
LONGEST_NAME = 100


class ReadingRequest(ReadingFields, RequestBody):
    """How a file is to be read from now on. What is not sent stays, null clears a field."""


class UploadForm(ReadingFields):
    """A CSV, and how to read it where the caller knows it.

    In a form `types` is the text of a JSON object. `missing` and `keep` may be sent several times, or once as the text
    of a JSON list.
    """

    # Built at once as in `functions.http.RequestBody`. Forms of other programs have fields of their own.
    model_config = ConfigDict(defer_build=False, extra="allow")

    file: UploadFile = Field(description="the CSV, as it is or as gzip")

    @field_validator("types", mode="before")
    @classmethod
    def _from_json(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return from_json(value)
        except ValueError:
            raise ValueError('should be the text of a JSON object, such as {"price": "number"}') from None

    @field_validator("missing", "keep", mode="before")
    @classmethod
    def _from_texts(cls, value: Any) -> Any:
        texts = [value] if isinstance(value, str) else value
        if isinstance(texts, list) and len(texts) == 1 and isinstance(texts[0], str) and texts[0].startswith("["):
            with suppress(ValueError):
                return from_json(texts[0])
        return [text for text in texts if text != ""] if isinstance(texts, list) else texts

    def warnings(self) -> list[str]:
        """Return a warning about each field that is not known, and was ignored."""
        known, unknown = list(type(self).model_fields), [*(self.model_extra or ())]
        similar = {name: get_close_matches(name[:LONGEST_NAME], known, 1) for name in unknown[:MOST_ERRORS]}
        warnings = [
            f"the form has a field {quoted(name)}, which is not known and was ignored"
            + (f"; did you mean {found[0]!r}?" if found else "")
            for name, found in similar.items()
        ]
        if len(unknown) > MOST_ERRORS:
            warnings.append(f"the form has {len(unknown) - MOST_ERRORS:,} more unknown fields, which were ignored")
        return warnings


@router.post("/data/upload")
def upload(
    workspace: CallerWorkspace, form: Annotated[UploadForm, Form(media_type="multipart/form-data")]
) -> dict[str, Any]:
    """Store a CSV unchanged, infer its types, profile it, and make it the current file."""
    check_request_size(form.file.size or 0)
    check_bytes(workspace, form.file.size or 0)
    with TemporaryDirectory(prefix="regatta-") as folder:
        source = Path(folder) / "source.csv"
        with source.open("wb") as copy:
            shutil.copyfileobj(form.file.file, copy, 1 << 20)
        manifest = run_heavy(ingest, workspace, form.file.filename or "", source, form.reading)
    return {**manifest.summary(), **manifest.understanding(), "warnings": [*form.warnings(), *manifest.warnings]}


@router.patch("/data/files/{file_id}/reading", status_code=201)
def change_reading(workspace: CallerWorkspace, file_id: str, body: ReadingRequest, terms: Terms) -> Any:
    """Read the bytes of a file again, as a new file that names this one as its parent and inherits its recipe.

    Fields that are not sent stay as they were sent for the parent; null clears one. The new file is current if the
    parent is.
    """
    # An upload needs none of what this loads.
    from functions.respond_async import respond

    submitted = ReadAgainCommand(parent=file_id, changes=body.changes)
    answer = respond(workspace, submitted, terms, check_read_again, HANDLERS)
    if isinstance(answer, JSONResponse):
        return answer
    return JSONResponse(answer, status_code=201, headers={"Location": f"/data/files/{answer['file_id']}"})


app = create_app(router)
