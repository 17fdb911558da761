"""Errors of the object store: those of boto3, and of the connections below it, as ours."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from typing import Any

from core.errors import NotFoundError, UnavailableError

log = logging.getLogger("regatta")

UNREACHABLE = "The object store did not answer. Try again in a moment."
FULL = (
    "The disk of the object store is full or read-only, so nothing can be stored. Make room on it, or delete files and "
    "models."
)
ELSEWHERE = (
    "The object store sends requests elsewhere ({}). Whoever runs the service has to look at REGATTA_S3_ENDPOINT and "
    "AWS_REGION."
)
REFUSED = "The object store refuses access ({}). Whoever runs the service has to look at its credentials."


class MissingObjectError(NotFoundError):
    """No object has this key. Services turn it into a file or a model that does not exist."""


class LostRaceError(UnavailableError):
    """A write met another writer: a conditional write has lost, any other one has to be repeated."""


class BrokenBodyError(UnavailableError):
    """The connection broke in the middle of an answer, which may come whole the next time."""


@contextmanager
def translate_errors(key: str) -> Iterator[None]:
    """Raise our errors in place of those of boto3, of urllib3 and of sockets; log the cause."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError, IncompleteReadError, ResponseStreamingError
    from urllib3.exceptions import HTTPError

    try:
        yield
    except ClientError as error:
        raise _translated(error.operation_name, key, error.response) from error
    except (IncompleteReadError, ResponseStreamingError, HTTPError, HTTPException) as error:
        log.warning("S3 broke off in the answer about %s (%s: %s)", key, type(error).__name__, error)
        raise BrokenBodyError(UNREACHABLE) from error
    except KeyError as error:  # such as an ETag: a server or a proxy cut the headers
        log.warning("S3 left %s out of its answer about %s", error, key)
        raise BrokenBodyError(UNREACHABLE) from error
    except (BotoCoreError, Boto3Error, ConnectionError, TimeoutError) as error:
        log.warning("S3 did not answer about %s (%s: %s)", key, type(error).__name__, error)
        raise UnavailableError(UNREACHABLE) from error


def _translated(operation: str, key: str, response: Any) -> Exception:
    """Return our error for an answer of the store."""
    code = str(response.get("Error", {}).get("Code", ""))
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    if status in (409, 412):
        return LostRaceError(UNREACHABLE)
    # The answer to a HEAD has no body that would say whether the key or the bucket is missing.
    missing_key = code == "404" and operation == "HeadObject"
    if code in ("NoSuchKey", "NoSuchUpload") or missing_key:
        return MissingObjectError(f"There is no object {key}.")
    if code in ("NoSuchBucket", "404"):
        return UnavailableError("The bucket does not exist. Check REGATTA_BUCKET.")
    if status == 507:
        return UnavailableError(FULL)
    log.warning("S3 answered %s of %s with %s %s", operation, key, status, code)
    if status in (301, 302, 303, 307, 308):
        return UnavailableError(ELSEWHERE.format(status))
    return UnavailableError(REFUSED.format(code) if status in (401, 403) else UNREACHABLE)
