"""What schemathesis cannot know of the service: keys, resources that stay, and refusals that no schema can express.

schemathesis runs these in an environment of its own, which lacks the project; so they import nothing of either.
"""

import re
import uuid
from typing import Any

# The model, the series and the operations that would take them away from the requests that follow.
KEPT = {"model_name": "houses", "name": "sales"}
# Both take their fields in the query or in a JSON body, and refuse both at once.
EITHER = ("POST /model/compare", "POST /predict/batch")
# Seconds that a request may let the service work or wait.
SECONDS = ("tuning_seconds", "time_limit", "wait")
# So many of each are enough, and all others are of a file that does not exist. A comparison trains nine regressors.
COSTLY = {"POST /model/compare": iter(range(2)), "POST /model/train": iter(range(40))}
REFUSED = (400, 413, 415, 422)

# Refusals of requests that fit their schema: the operations, what the problem says, and why no schema says it.
EXPLAINED = [
    (pattern, re.compile(says), why)
    for pattern, says, why in (
        # Of a field by the others.
        (r".*", r"Send either|Send data|has no rows|is empty|one of the two", "one of several fields is needed"),
        (r".* /model/.*", r"goes with|bounds a race|with validation|needs? ", "fields that go together"),
        (r".* /series/.*", r"time and group take a column", "fields that go together"),
        (
            r"POST /predict/.*",
            r"are exported as|is exported as|needs a stored model|not go with",
            "fields that go together",
        ),
        (r".*", r"is the decimal mark as well|is in missing as well", "two fields contradict each other"),
        (r"GET /data/download", r"have one form only", "parameters that go together"),
        (r"GET /data/download|POST /predict/export", r"goes with format csv only", "fields that go together"),
        (r".*", r"once: ", "a field is in the query and in the body"),
        # Of the content of files, rows, tables and models.
        (r"POST /data/upload", r"^urn:regatta:problem:(not-a-csv|unreadable-container)", "the bytes of a file"),
        (r"PATCH /data/files/.*", r"^urn:regatta:problem:(not-a-csv|unreadable-container)", "the bytes of a file"),
        (
            r"POST /(data/upload|predict/batch)|PATCH /data/files/.*",
            r"leave this field out|cannot be read|divides no columns|Leave the field|has no column|does not occur",
            "the bytes of a file, which may contradict how it is to be read",
        ),
        (r".*", r"^urn:regatta:problem:(unknown-column|bad-target|not-enough-rows)", "the columns of the table"),
        (r".*", r"^urn:regatta:problem:(bad-parameter|training-failed)", "the parameters of an estimator"),
        (r"POST /(predict|v2)\S*", r"^urn:regatta:problem:(invalid-records|not-a-csv)", "the columns of the model"),
        (r"POST /(predict|v2)\S*", r"rows of training tell nothing", "how many rows the model was trained on"),
        (r"POST /predict\S*", r"^urn:regatta:problem:bad-signature|model_info|model_data", "models are signed"),
        (r"POST /v2\S*", r"inputs|outputs|binary|JSON|must be the number of bytes|parameters", "tensors agree"),
        (r"GET /data/rows", r"^The file has no row", "how many rows the file has"),
        # Of values whose form is open.
        (r"GET .*", r"^Pages are written in", "the tags of the languages that pages are written in"),
        (r".*", r"There is no encoding|cannot be a delimiter", "the encodings that Python knows"),
        (
            r"POST /(model/train|model/rename|series)\S*",
            r"starts with a letter or digit",
            "the letters of every script",
        ),
        (r".*", r"half of a character", "a text that UTF-8 cannot hold"),
        (r".*", r"has a character that no name has", "control characters, of which Unicode has several classes"),
        (r"GET /(model/trained|data/files|jobs|series)", r"cursor is `next`", "only what an answer gave is a cursor"),
        (r"POST /series/.*", r"cannot have this name", "the endings of tables, in any case"),
        (r"POST /model/(train|compare)|PUT /series/.*", r"has no AWS Batch", "what the service was set up with"),
        (r"POST /.*uploads", r"^urn:regatta:problem:too-large", "the limit is a setting"),
    )
]


# Rows may have columns that no model has, and these may hold anything: they are ignored with a warning. The schema of
# rows says what a value of a table is.
ROWS = ("POST /predict", "POST /predict/batch", "POST /predict/export")
UNKNOWN_COLUMN = "x-schemathesis-additional"


def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Give each request a key of its own; let none take long, nor delete what others need but in a sequence."""
    headers = case.headers or {}
    if "Idempotency-Key" in headers and 1 <= len(str(headers["Idempotency-Key"])) <= 255:
        headers["Idempotency-Key"] = uuid.uuid4().hex
    if case.operation.label in EITHER and isinstance(case.body, dict):
        case.query = {}
    left = COSTLY.get(case.operation.label)
    if left is not None and isinstance(case.body, dict) and next(left, None) is None:
        case.body["file_id"] = "another"
    for fields in (case.query, case.body):
        for name in SECONDS:
            if isinstance(fields, dict) and type(fields.get(name)) in (int, float):
                fields[name] = min(fields[name], 1)
    in_sequence = case.meta is not None and case.meta.phase.name.value == "stateful"
    if not in_sequence and (case.method == "DELETE" or "/rename/" in case.path):
        for name, value in KEPT.items():
            if (case.path_parameters or {}).get(name) == value:
                case.path_parameters[name] = "another"


def valid_data_is_refused_for_a_reason(context: Any, response: Any, case: Any) -> None:
    """Raise unless valid data is accepted, is of something that does not exist, or is refused as `EXPLAINED` says."""
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code not in REFUSED:
        return
    problem = response.json()
    said = [problem["type"], problem["detail"], *(error["message"] for error in problem.get("errors", []))]
    for operations, says, _ in EXPLAINED:
        if re.fullmatch(operations, case.operation.label) and any(says.search(text) for text in said):
            return
    raise AssertionError(f"Valid data is refused, and no one explained why: {' / '.join(said)}")


def invalid_data_is_refused(context: Any, response: Any, case: Any) -> bool | None:
    """Check what schemathesis checks, but for values of a column that the model does not have."""
    data = case.body.get("data") if case.operation.label in ROWS and isinstance(case.body, dict) else None
    rows = data if isinstance(data, list) else [data]
    if any(isinstance(row, dict) and UNKNOWN_COLUMN in row for row in rows):
        return None
    # Only the environment of schemathesis has it.
    from schemathesis.specs.openapi.checks import negative_data_rejection

    found: bool | None = negative_data_rejection(context, response, case)
    return found
