"""The requests of the document: what FastAPI describes, and what the service checks in words of its own.

The service refuses a wrong name or an unknown model type with a sentence that says the way out, so for FastAPI such a
field is any text. Here its schema says which ones are taken.
"""

from typing import Any, get_args

from core.catalogue import CATALOGUE
from core.delimited.options import DELIMITER_WORDS
from core.parameter_ranges import parameter_schemas
from core.reading_fields import MOST_SPELLINGS, MOST_TYPES, SPELLING_CHARACTERS
from core.types import ColumnType, Json
from functions.contract.examples import EXAMPLES, PARAMETERS
from functions.contract.headers import REQUEST_HEADERS

JSON, MULTIPART = "application/json", "multipart/form-data"
REFERENCE = "#/components/schemas/{model}"
# The media types that a file may be sent as; it is read by its bytes, whatever its part of the form says.
FILE_MEDIA = (
    "text/csv, application/gzip, application/zip, application/json, application/vnd.apache.parquet, "
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet, application/vnd.ms-excel, "
    "application/vnd.oasis.opendocument.spreadsheet, application/octet-stream"
)

MODEL_TYPE = {
    "type": "string",
    "description": "A regressor that can be trained; GET /model/available describes each.",
    "enum": list(CATALOGUE),
}
MODEL_TYPE_REFERENCE = {"$ref": REFERENCE.format(model="ModelType")}
# `core.storage.versions.MODEL_NAME`. Of ASCII it is exact; beyond, only the service knows what a letter is: the regular
# expressions of several languages have no \p{L}, and a validator of documents refuses it.
NAME = {"type": "string", "pattern": r"^[^\x00-/:-@\[-^`{-\x7f][^\x00-\x1f!-,/:-@\[-^`{-\x7f]{0,99}$"}
# One ASCII character that is no letter, digit, quote or end of a line, or a word.
_WORDS = "|".join(word.replace("\\", r"\\") for word in DELIMITER_WORDS)
DELIMITER = {"type": "string", "pattern": rf"^([\x01-\x09\x0b\x0c\x0e-!#-/:-@\[-`{{-\x7f]|{_WORDS})$"}
# With a character that Python does not strip. Other languages do not count all of these as blanks.
VISIBLE = r"[^\s\x1c-\x1f\x85]"
SPELLINGS = {
    "type": "array",
    "maxItems": MOST_SPELLINGS,
    "items": {"type": "string", "minLength": 1, "maxLength": SPELLING_CHARACTERS, "pattern": VISIBLE},
}
NULL = {"type": "null"}
CELL = {"$ref": REFERENCE.format(model="Cell")}
ROW = {
    "type": "object",
    "description": "A row of a table: values by the name of their column.",
    "additionalProperties": CELL,
}
ROW_REFERENCE = {"$ref": REFERENCE.format(model="Row")}
RECORDS = {"anyOf": [{"type": "array", "items": ROW_REFERENCE}, NULL]}
# The service compares these fields of a manifest and ignores its others.
MODEL_INFO = {
    "type": "object",
    "properties": {
        "model_name": {"type": "string"},
        "version": {"type": "integer"},
        "model_type": MODEL_TYPE_REFERENCE,
        "target_column": {"type": "string"},
    },
    "additionalProperties": True,
}

PARAMS = {"type": "object", "properties": parameter_schemas(), "additionalProperties": False}

READING: Json = {
    "encoding": {"anyOf": [{"type": "string", "minLength": 1, "examples": ["utf-8", "gbk", "cp1252"]}, NULL]},
    "delimiter": {"anyOf": [DELIMITER, NULL]},
    "types": {
        "anyOf": [
            {
                "type": "object",
                "additionalProperties": {"enum": list(get_args(ColumnType))},
                "maxProperties": MOST_TYPES,
            },
            NULL,
        ]
    },
    "missing": {"anyOf": [SPELLINGS, NULL]},
    "keep": {"anyOf": [SPELLINGS, NULL]},
}
# By schema and field what is taken, in place of what FastAPI says or beside it.
FIELDS: dict[str, Json] = {
    "TrainCommand": {
        "model_type": MODEL_TYPE_REFERENCE,
        "model_name": {"anyOf": [NAME, NULL]},
        "params": {"anyOf": [PARAMS, NULL]},
    },
    "CompareCommand": {"include": {"type": "array", "items": MODEL_TYPE_REFERENCE, "default": []}},
    "RenameRequest": {"new_name": NAME},
    "InferRequest": {"inputs": {"minItems": 1}},
    "RowRequest": {"data": ROW_REFERENCE, "model_info": {"anyOf": [MODEL_INFO, NULL]}},
    "BatchRequest": {
        "data": RECORDS,
        "rows": {"anyOf": [{"type": "array", "items": {"type": "array", "items": CELL}}, NULL]},
        "model_info": {"anyOf": [MODEL_INFO, NULL]},
    },
    "ExportRequest": {"data": RECORDS, "model_info": {"anyOf": [MODEL_INFO, NULL]}},
    "Input": {
        "data": {
            "anyOf": [{"type": "array", "items": {"anyOf": [CELL, {"type": "array", "items": CELL}]}}, NULL],
            "description": "a value a row, or a list of one",
        },
        "datatype": {
            "enum": [
                *("BOOL", "BYTES", "FP16", "FP32", "FP64"),
                *(f"{kind}{bits}" for kind in ("INT", "UINT") for bits in (8, 16, 32, 64)),
            ]
        },
        "shape": {"minItems": 1, "maxItems": 2, "description": "[rows] or [rows, 1]"},
    },
    "SeriesUploadRequest": {"filename": {"maxLength": 255}},
    **dict.fromkeys(("ReadingRequest", "StartUploadRequest", "SeriesSettingsRequest", "UploadForm"), READING),
}


def complete_requests(paths: Json, components: Json) -> None:
    """Complete the requests of FastAPI's `paths` in place, and add their schemas to the `components`."""
    components.update(ModelType=MODEL_TYPE, Row=ROW)
    for path, methods in paths.items():
        for method, operation in methods.items():
            for media, content in operation.get("requestBody", {}).get("content", {}).items():
                _complete_content(content, components)
                if media == MULTIPART:
                    content["encoding"] = {"file": {"contentType": FILE_MEDIA}}
                if (example := EXAMPLES.get((method.upper(), path), {}).get(media)) is not None:
                    content["example"] = example
            operation["parameters"] = _parameters(operation)
    for schema, fields in FIELDS.items():
        for field, taken in fields.items():
            _narrow(components[schema]["properties"][field], taken)
    for name, schema in components["UploadForm"]["properties"].items():
        # A form has texts and files, and no null.
        components["UploadForm"]["properties"][name] = _without_null(schema)


def _complete_content(content: Json, components: Json) -> None:
    """Make the schema of a body that a function reads by hand a component, as FastAPI makes one of every other."""
    schema = content["schema"]
    for name, definition in schema.pop("$defs", {}).items():
        components[name] = _with_references(definition)
    if "title" in schema:
        # What FastAPI says of a body that it passes on as it is: any object, or none.
        schema.pop("anyOf", None)
        components[schema["title"]] = _with_references(schema)
        content["schema"] = {"$ref": REFERENCE.format(model=schema["title"])}


def _with_references(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_with_references(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: value.replace("#/$defs/", "#/components/schemas/") if key == "$ref" else _with_references(value)
        for key, value in schema.items()
    }


def _parameters(operation: Json) -> list[Json]:
    """Return the parameters with their names as RFCs write them, each once, and without those that nobody sends."""
    by_name = {(each["in"], each["name"].lower()): each for each in operation.get("parameters", ())}
    # OpenAPI has the media types of the answers instead.
    by_name.pop(("header", "accept"), None)
    # Where the same fields may be in the body, a default that a page fills in would contradict the body.
    has_body = JSON in operation.get("requestBody", {}).get("content", {})
    return [_parameter(each, has_default=not has_body) for each in by_name.values()]


def _parameter(parameter: Json, *, has_default: bool) -> Json:
    name = next((name for name in REQUEST_HEADERS if name.lower() == parameter["name"]), parameter["name"])
    schema = _without_null(parameter["schema"])
    if not has_default:
        schema.pop("default", None)
    description = parameter.get("description") or schema.pop("description", None)
    schema.pop("description", None)
    completed = {**parameter, "name": name, "schema": schema, **PARAMETERS.get((parameter["in"], name), {})}
    return {**completed, "description": description} if description else completed


def _without_null(schema: Json) -> Json:
    """Return the schema of a value that is left out and never null, without a default of null, [] or {}."""
    kept = {key: value for key, value in schema.items() if key != "anyOf" and (key != "default" or value)}
    others = [each for each in schema.get("anyOf", ()) if each != NULL]
    return {**(others[0] if len(others) == 1 else {"anyOf": others} if others else {}), **kept}


def _narrow(schema: Json, taken: Json) -> None:
    """Let a schema say what is taken; a whole type replaces the one that it had."""
    if taken.keys() & {"$ref", "anyOf", "type"}:
        kept: Json = {key: schema[key] for key in ("description", "default") if key in schema and "$ref" not in taken}
        schema.clear()
        schema.update(kept)
    schema.update(taken)
