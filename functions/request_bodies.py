"""Read the bodies of predictions from their bytes: FastAPI takes longer to parse a large one than predicting takes."""

from typing import Any, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from core.errors import BadRequestError, TooLargeError
from core.services.prediction.predict import IN_PARTS
from core.settings import settings

M = TypeVar("M", bound=BaseModel)


async def read_body(request: Request) -> bytes:
    """Return the body; raises `TooLargeError` above REGATTA_MAX_BODY_BYTES, without keeping more than that."""
    limit = settings().max_body_bytes
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            # The rest is read and discarded: a caller that cannot finish sending never sees the answer.
            chunks.clear()
        elif chunk:
            chunks.append(chunk)
    if size > limit:
        raise TooLargeError(f"The body has {size:,} bytes; at most {limit:,} are taken. {IN_PARTS}")
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def json_object(body: bytes, media_type: str = "application/json") -> Any:
    """Parse the JSON in `body`, with NaN and Infinity; raises `BadRequestError` for other content or media types."""
    kind = media_type.partition(";")[0].strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise BadRequestError(
            "The body is not read as JSON. Send one JSON object, with Content-Type: application/json."
        )
    try:
        return from_json(body)
    except ValueError as error:
        raise BadRequestError(f"The body is not valid JSON: {error}. Send one JSON object.") from None


def validate_body(content: Any, kind: type[M]) -> M:
    """Validate `content` as a request of this kind; raises the error that FastAPI would, which names the fields."""
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        findings = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError([{**each, "loc": ("body", *each["loc"])} for each in findings]) from None


def describe_body(kind: type[BaseModel], *, others: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the `openapi_extra` of a route whose body is read here."""
    content = {"application/json": {"schema": kind.model_json_schema()}, **(others or {})}
    return {"requestBody": {"required": True, "content": content}}
