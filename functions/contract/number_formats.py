"""How wide the numbers of the document are. Without a format generators for Go and Java take 32 bits for each."""

from typing import Any

from core.types import Json

FORMATS = {"number": "double", "integer": "int64"}
# What stands below these is data, and no schema.
DATA = ("default", "example", "examples", "enum", "const")


def with_number_formats(part: Any) -> Any:
    """Return a part of a document with 64 bits for every number: a prediction to its last digit, and large files."""
    if isinstance(part, list):
        return [with_number_formats(each) for each in part]
    if not isinstance(part, dict):
        return part
    formatted: Json = {key: each if key in DATA else with_number_formats(each) for key, each in part.items()}
    # The name of a property may be `type` too; then its value is a schema and no text.
    kind = formatted.get("type")
    return {**formatted, "format": FORMATS[kind]} if isinstance(kind, str) and kind in FORMATS else formatted
