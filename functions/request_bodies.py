"""Read the bodies of predictions from their bytes: FastAPI takes longer to parse a large one than predicting takes."""

from typing import Any, TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from core.errors import BadRequestError, InvalidInputError
from functions.problems import HALF_OF_A_CHARACTER

# More than any request has. Each unknown field is an error of its own, of a kilobyte.
MOST_FIELDS = 100

Body = TypeVar("Body", bound=BaseModel)


def is_json(media_type: str) -> bool:
    """Return whether a body of this Content-Type is read as JSON."""
    kind = media_type.partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def json_object(body: bytes, media_type: str = "application/json") -> Any:
    """Parse the JSON in `body`, with NaN and Infinity; raises `BadRequestError` for other content or media types."""
    if not is_json(media_type):
        raise BadRequestError(
            "The body is not read as JSON. Send one JSON object, with Content-Type: application/json."
        )
    return parse_json(body)


def parse_json(body: bytes) -> Any:
    """Parse a body that is JSON, up to 200 levels deep; raises `BadRequestError`.

    Raises `InvalidInputError` for half of a character, and for more fields than any endpoint has.
    """
    try:
        content = from_json(body)
    except ValueError as error:
        reason = str(error)
        if "hex escape" in reason or "surrogate" in reason:
            raise InvalidInputError(HALF_OF_A_CHARACTER) from None
        if "recursion limit" in reason or "out of range" in reason:
            raise BadRequestError(
                "The body is nested too deeply, or has a number of thousands of digits. Send one plain JSON object."
            ) from None
        raise BadRequestError(f"The body is not valid JSON: {reason}. Send one JSON object.") from None
    if isinstance(content, dict) and len(content) > MOST_FIELDS:
        raise InvalidInputError(
            f"The body has {len(content):,} fields. Send one object with the fields of the request."
        )
    return content


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
