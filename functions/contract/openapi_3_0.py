"""Render an OpenAPI 3.1 document as 3.0.3, for generators that do not read 3.1."""

from typing import Any

from core.types import Json

# Keywords whose value is a mapping of names to schemas, not a schema.
NAMED = ("properties", "patternProperties", "schemas")

# Generators that read 3.0 make a class of a union of texts, numbers and booleans, which is tedious to fill. Of a schema
# without a type they make the type of any value.
CELL = {"$ref": "#/components/schemas/Cell"}
ANY = {"description": "A text, a number, a boolean or null."}
MIT_URL = "https://opensource.org/license/mit"


def render_3_0(document: Json) -> Json:
    """Return the document as OpenAPI 3.0.3: `nullable` instead of the type null, one-value enums instead of const."""
    rendered: Json = _Rendering(document["components"]["schemas"]).of(document)
    del rendered["components"]["schemas"]["Cell"]
    rendered["openapi"] = "3.0.3"
    del rendered["info"]["summary"]
    rendered["info"]["license"] = {"name": rendered["info"]["license"]["name"], "url": MIT_URL}
    return rendered


class _Rendering:
    """The rendering of one document with these schemas."""

    def __init__(self, schemas: Json) -> None:
        self._schemas = schemas

    def of(self, value: Any) -> Any:
        """Return a part of the document in 3.0.3."""
        if isinstance(value, list):
            return [self.of(each) for each in value]
        if not isinstance(value, dict):
            return value
        rendered = {
            key: {name: self.of(schema) for name, schema in each.items()} if key in NAMED else self.of(each)
            for key, each in value.items()
        }
        return self._schema(rendered)

    def _schema(self, schema: Json) -> Json:
        """Return what may be a schema without the keywords that 3.0 does not have."""
        if "const" in schema:
            schema["enum"] = [schema.pop("const")]
        if isinstance(schema.get("examples"), list):
            schema["example"] = schema.pop("examples")[0]
        for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
            if exclusive in schema and not isinstance(schema[exclusive], bool):
                schema[bound], schema[exclusive] = schema[exclusive], True
        if schema.get("contentMediaType") == "application/octet-stream":
            del schema["contentMediaType"]
            schema["format"] = "binary"
        schema.pop("propertyNames", None)
        # Generators write a default that is an object into their code as it stands, and abort at a form that allows
        # further fields. It allows them without saying so, too.
        if isinstance(schema.get("default"), dict) and schema["default"]:
            del schema["default"]
        if "properties" in schema and schema.get("additionalProperties") is True:
            del schema["additionalProperties"]
        # With a discriminator both mean the same, and of oneOf the Go generator makes code that needs another module.
        if "discriminator" in schema:
            schema["anyOf"] = schema.pop("oneOf")
        if schema == CELL or ANY in schema.get("anyOf", ()):
            return {**ANY}
        if schema.get("additionalProperties") == ANY:
            schema["additionalProperties"] = True
        if isinstance(schema.get("anyOf"), list):
            return self._without_null(schema)
        if "$ref" in schema and len(schema) > 1:
            return {"allOf": [{"$ref": schema.pop("$ref")}], **schema}
        return schema

    def _without_null(self, schema: Json) -> Json:
        """Return alternatives with null as the others, each of them nullable."""
        others = [each for each in schema["anyOf"] if each.get("type") != "null"]
        if len(others) == len(schema["anyOf"]):
            return schema
        rest = {key: each for key, each in schema.items() if key != "anyOf"}
        others = _one_enum(others)
        nullable = [self._nullable(each) for each in others]
        return {**nullable[0], **rest} if len(nullable) == 1 else {**rest, "anyOf": nullable}

    def _nullable(self, schema: Json) -> Json:
        if "$ref" not in schema:
            return {**schema, "nullable": True} if "type" in schema else schema
        found = self._schemas[schema["$ref"].rpartition("/")[2]]
        return {"type": found.get("type", "object"), "nullable": True, "allOf": [schema]}


def _one_enum(alternatives: list[Json]) -> list[Json]:
    """Return alternatives that are all enums of texts as one enum of all the texts."""
    if any(set(each) != {"type", "enum"} or each["type"] != "string" for each in alternatives):
        return alternatives
    return [{"type": "string", "enum": [text for each in alternatives for text in each["enum"]]}]
