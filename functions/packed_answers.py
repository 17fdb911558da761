"""Whether an answer may be packed."""

from fastapi import Request

from core.settings import settings


def takes_gzip(request: Request) -> bool:
    """Return whether the caller takes gzip, and gets it: LocalStack sends packed bytes to a browser as Base64."""
    is_emulated = "aws.event" in request.scope and settings().s3_endpoint is not None
    return "gzip" in request.headers.get("accept-encoding", "") and not is_emulated
