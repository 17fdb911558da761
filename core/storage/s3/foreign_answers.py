"""Refuse answers that are not the store's: a proxy may answer 200 with a page of its own, or send the client elsewhere.

A client that takes such a page for an answer believes that objects were deleted or copied. Reads and single writes need
an ETag, which no page has.
"""

import logging
import re
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.model import OperationModel
    from mypy_boto3_s3.client import S3Client

log = logging.getLogger("regatta")

# By operation how the name of the element begins that its answer is.
ROOTS = {
    "CompleteMultipartUpload": b"CompleteMultipartUploadResult",
    "CopyObject": b"CopyObjectResult",
    "CreateMultipartUpload": b"InitiateMultipartUploadResult",
    "DeleteObjects": b"DeleteResult",
    "ListMultipartUploads": b"ListMultipartUploadsResult",
    # ListPartsResult on AWS, and ListPartsResponse of a store that is no less one.
    "ListParts": b"ListParts",
    "UploadPartCopy": b"CopyPartResult",
}
# Neither a declaration nor a comment.
FIRST_ELEMENT = re.compile(rb"<(?:[\w.-]+:)?(\w+)")
# An error of the store, which botocore reads.
ERROR = b"Error"


def refuse_foreign_answers(client: "S3Client") -> None:
    """Let a client take an answer with status 200 that is not the store's for a 500, which is asked for again."""
    events = client.meta.events
    for operation, root in ROOTS.items():
        events.register_first(f"before-parse.s3.{operation}", partial(_check_root, root))
    events.register_first("before-parse.s3.HeadObject", _check_etag)


def stay_at_endpoint(client: "S3Client") -> None:
    """Let a client take a redirect for an error.

    boto3 takes it for another region's, and asks which one: it is redirected there too, and asks again, without end.
    """

    def mark_as_redirected(context: dict[str, Any], **_: Any) -> None:
        context["s3_redirect"]["redirected"] = True

    client.meta.events.register("before-call.s3", mark_as_redirected)


def _check_root(root: bytes, response_dict: dict[str, Any], operation_model: "OperationModel", **_: Any) -> None:
    first = FIRST_ELEMENT.search(response_dict["body"])
    if first is None or not first[1].startswith((root, ERROR)):
        _refuse(response_dict, operation_model)


def _check_etag(response_dict: dict[str, Any], operation_model: "OperationModel", **_: Any) -> None:
    if "ETag" not in response_dict["headers"]:
        _refuse(response_dict, operation_model)


def _refuse(answer: dict[str, Any], operation: "OperationModel") -> None:
    if answer["status_code"] == 200:
        log.warning("what answered %s is no object store, but perhaps a proxy", operation.name)
        answer["status_code"] = 500
