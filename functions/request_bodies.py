"""Read the bodies of predictions from their bytes: FastAPI takes longer to parse a large one than predicting takes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, TypeVar, cast

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
    parameters: Sequence[dict[str, Any]] = (),
    required: bool = True,
) -> dict[str, Any]:
    """Return the `openapi_extra` of a route whose body is read here.

    `query_type` has the fields that are query parameters where the body has one of the `other_types`; `parameters` are
    further ones. The schemas are made when somebody reads the description: most processes never do.
    """
    described = _Described(partial(_description, body_type, other_types or {}, query_type, parameters, required))
    return cast(dict[str, Any], described)  # FastAPI takes its items alone


class _Described(Mapping[str, Any]):
    """The description of a body, made on first use."""

    def __init__(self, describe: Callable[[], dict[str, Any]]) -> None:
        self._describe = describe

    @cached_property
    def _fields(self) -> dict[str, Any]:
        return self._describe()

    def __getitem__(self, name: str) -> Any:
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)


def _description(
    body_type: type[BaseModel],
    other_types: dict[str, Any],
    query_type: type[BaseModel] | None,
    parameters: Sequence[dict[str, Any]],
    required: bool,
) -> dict[str, Any]:
    content = {"application/json": {"schema": body_type.model_json_schema()}, **other_types}
    properties = {} if query_type is None else query_type.model_json_schema()["properties"]
    in_query = [
        {"name": name, "in": "query", "required": False, "schema": schema}
        for name, schema in properties.items()
        if not _may_be_object(schema)  # which a query cannot hold
    ]
    described: dict[str, Any] = {"requestBody": {"required": required, "content": content}}
    return described | ({"parameters": [*in_query, *parameters]} if in_query or parameters else {})


def _may_be_object(schema: dict[str, Any]) -> bool:
    return any(each.get("type") == "object" for each in (schema, *schema.get("anyOf", ())))
