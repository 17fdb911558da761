"""Writes with a known outcome: where an answer is lost, the store is asked what became of the write.

Each object has the id of the write that made it in its metadata. So a writer that was cut off, or that lost a race
against its own first attempt, recognizes its work.
"""

import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from core.errors import RegattaError, UnavailableError
from core.storage.changes import changes
from core.storage.s3.attempts import Attempts, count_attempts
from core.storage.s3.store_errors import UNREACHABLE, MissingObjectError, translate_errors

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

log = logging.getLogger("regatta")

# The name in the metadata.
WRITE_ID = "write-id"
# S3 takes at most this many keys in one delete request.
DELETE_BATCH = 1000
# Up to so many objects are looked at to find out whether a deletion was carried out.
LOOKED_AT = 8
# Codes by which a store says that it cannot delete an object just now.
BUSY = frozenset({"InternalError", "SlowDown", "ServiceUnavailable", "RequestTimeout"})


def confirmed_write(
    client: "S3Client", bucket: str, key: str, send: Callable[[Mapping[str, str]], str], *, created: bool = False
) -> str:
    """Write an object by `send`, which takes its metadata and returns its ETag; return the ETag.

    `created` says that `send` writes only where there is no object. Raises what `translate_errors` does:
    `LostRaceError` where a condition of the write does not hold, which is then no write of our own.
    """
    write_id = secrets.token_hex(8)
    with count_attempts() as attempts:
        try:
            with translate_errors(key):
                etag = send({WRITE_ID: write_id})
        except RegattaError as error:
            found = _find(client, bucket, key, write_id, attempts)
            if found is None:
                raise
            log.info("The write of %s was carried out, although its answer was lost (%s)", key, error.detail)
            etag = found
    changes().made(key, created=created)
    return etag


def _find(client: "S3Client", bucket: str, key: str, write_id: str, attempts: Attempts) -> str | None:
    """Return the ETag of the object if this write made it, None if it did not; raises `UnavailableError` if unknown.

    An object of another write may have replaced ours in the meantime. Then it is as if ours had come too late.
    """
    if not attempts.may_have_landed:
        return None
    try:
        with translate_errors(key):
            head = client.head_object(Bucket=bucket, Key=key)
        if head["Metadata"].get(WRITE_ID) == write_id:
            return head["ETag"]
    except MissingObjectError:
        pass
    except RegattaError as error:
        changes().unsure(key, late=attempts.may_be_late)
        raise UnavailableError(UNREACHABLE) from error
    if attempts.may_be_late:
        changes().unsure(key, late=True)
    return None


def confirmed_delete(client: "S3Client", bucket: str, keys: Sequence[str]) -> None:
    """Delete these objects; missing ones do not matter.

    Raises `UnavailableError` where the store refuses to delete one, even if it says so in an answer of 200.
    """
    for start in range(0, len(keys), DELETE_BATCH):
        _delete(client, bucket, keys[start : start + DELETE_BATCH])


def _delete(client: "S3Client", bucket: str, keys: Sequence[str]) -> None:
    refused = _refused(client, bucket, keys)
    busy = [key for key, code in refused.items() if code in BUSY]
    if busy:
        refused = {key: code for key, code in refused.items() if key not in busy} | _refused(client, bucket, busy)
    changes().deleted(key for key in keys if key not in refused)
    if refused:
        codes = ", ".join(sorted(set(refused.values())))
        log.error("S3 refused to delete %d of %d objects (%s): %s", len(refused), len(keys), codes, [*refused][:3])
        raise UnavailableError(
            f"The object store refused to delete ({codes}). Try again; whoever runs the service has to look at its "
            "permissions where that does not help."
        )


def _refused(client: "S3Client", bucket: str, keys: Sequence[str]) -> dict[str, str]:
    """Delete objects in one request; return by key the code of each that the store did not delete."""
    with count_attempts() as attempts:
        try:
            with translate_errors(keys[0]):
                answer = client.delete_objects(
                    Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True}
                )
        except RegattaError:
            if not attempts.may_have_landed or not _are_gone(client, bucket, keys, attempts):
                raise
            return {}
    return {error["Key"]: error.get("Code", "unknown") for error in answer.get("Errors", [])}


def _are_gone(client: "S3Client", bucket: str, keys: Sequence[str], attempts: Attempts) -> bool:
    """Return whether all of these objects are gone after a deletion without an answer; note those that may be."""
    there: set[str] = set()
    unknown = set(keys[LOOKED_AT:])
    for key in keys[:LOOKED_AT]:
        try:
            with translate_errors(key):
                client.head_object(Bucket=bucket, Key=key)
            there.add(key)
        except MissingObjectError:
            changes().deleted([key])
        except RegattaError:
            unknown.add(key)
    for key in unknown | (there if attempts.may_be_late else set()):
        changes().unsure(key, late=attempts.may_be_late)
    return not there and not unknown
