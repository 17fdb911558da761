"""The headers of requests and answers, each described once."""

from core.types import Json

# FastAPI names the headers of requests in lower case.
REQUEST_HEADERS = ("Idempotency-Key", "If-None-Match", "Inference-Header-Content-Length", "Prefer")


def _header(description: str, kind: str = "string", *, required: bool = True, example: str | float) -> Json:
    return {"description": description, "required": required, "schema": {"type": kind}, "example": example}


HEADERS = {
    "Content-Disposition": _header("The name of the file", example='attachment; filename="houses.csv"'),
    "Content-Language": _header("The language of a page", required=False, example="zh-CN"),
    "ETag": _header("The digest of the file", example='"3f0a5b"'),
    "Idempotency-Replayed": _header(
        "true, where this is the kept answer to an earlier request with the same key", required=False, example="true"
    ),
    "Inference-Header-Content-Length": _header(
        "The bytes of JSON before the binary tensors, if there are any", "integer", required=False, example=157
    ),
    "Location": _header("Where the job, the upload or the file is", example="/jobs/1a21d6d94a0fc9d3e8d7a"),
    "Preference-Applied": _header(
        "respond-async, where the caller asked for it", required=False, example="respond-async"
    ),
    "Regatta-Stale-Seconds": _header(
        "How many seconds ago storage said that the model serves; only while storage does not answer",
        "number",
        required=False,
        example=12.5,
    ),
    "Regatta-Trained-With": _header("The libraries that wrote the file", example="scikit-learn 1.9.0"),
    "Regatta-Version": _header("The version of the service that answers", example="0.2.0"),
    "Repr-Digest": _header("The digest of the file (RFC 9530)", example="sha-256=:PwpbAg==:"),
    "Retry-After": _header("After how many seconds to ask again", "integer", example=1),
    "WWW-Authenticate": _header(
        "What the request lacks (RFC 6750)", example='Bearer realm="regatta", error="insufficient_scope", scope="admin"'
    ),
    "X-Request-Id": _header(
        "The id of the request in the log: that of its own X-Request-Id, or a new one",
        example="7a2b6e0c5f1d4c3a9b8e7f6d5c4b3a21",
    ),
}
# What every answer has, errors as well.
COMMON = ("Regatta-Version", "X-Request-Id")


def references(names: tuple[str, ...] = ()) -> Json:
    """Return references to these headers and to those that every answer has."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in sorted({*COMMON, *names})}
