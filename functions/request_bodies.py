"""Read the bodies of predictions from their bytes: FastAPI takes longer to parse a large one than predicting takes."""

from typing import Any, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from core.errors import BadRequestError, TooLargeError
from core.services.prediction.predict import IN_PARTS
from core.settings import settings

Body = TypeVar("Body", bound=BaseModel)


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
    content_type = media_type.partition(";")[0].strip().lower()
    if content_type != "application/json" and not (
        content_type.startswith("application/") and content_type.endswith("+json")
    ):
        raise BadRequestError(
            "The body is not read as JSON. Send one JSON object, with Content-Type: application/json."
        )
    try:
        return from_json(body)
    except ValueError as error:
        raise BadRequestError(f"The body is not valid JSON: {error}. Send one JSON object.") from None


def validate_body(content: Any, body_type: type[Body], *, strict: bool | None = None) -> Body:
    """Validate `content` as a request of this kind; raises the error that FastAPI would, which names the fields.

    With `strict`, 1 is no boolean and false no number, whatever the type itself says.
    """
    try:
        return body_type.model_validate(content, strict=strict)
    except ValidationError as error:
        findings = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError([{**finding, "loc": ("body", *finding["loc"])} for finding in findings]) from None


def describe_body(
    body_type: type[BaseModel],
    *,
    other_types: dict[str, Any] | None = None,
    query_type: type[BaseModel] | None = None,
    required: bool = True,
) -> dict[str, Any]:
    """Return the `openapi_extra` of a route whose body is read here.

    `query_type` has the fields that are query parameters where the body has one of the `other_types`.
    """
    content = {"application/json": {"schema": body_type.model_json_schema()}, **(other_types or {})}
    described: dict[str, Any] = {"requestBody": {"required": required, "content": content}}
    if query_type is not None:
        properties = query_type.model_json_schema()["properties"]
        described["parameters"] = [
            {"name": name, "in": "query", "required": False, "schema": schema}
            for name, schema in properties.items()
            if not _may_be_object(schema)  # which a query cannot hold
        ]
    return described


def _may_be_object(schema: dict[str, Any]) -> bool:
    return any(each.get("type") == "object" for each in (schema, *schema.get("anyOf", ())))
