"""Parse listings fast: botocore takes a hundred times as long for a page of 1,000 keys, mostly for their times."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

# What botocore is left to parse.
PAGE = "ListBucketResult"
NOTHING = b"<ListBucketResult/>"
# So much of a page is parsed at a time: a quarter of a millisecond.
PIECE_BYTES = 16 << 10


def parse_listings_fast(client: "S3Client") -> None:
    """Let a client parse what `list_objects_v2` answers by this module; the answers have the fields that are used."""
    from botocore import handlers

    events = client.meta.events
    events.register("before-parse.s3.ListObjectsV2", _parse_page)
    # It parses every page as well, in one piece, to see whether it is an error.
    if (sees_errors := getattr(handlers, "_handle_200_error", None)) is not None:
        events.unregister("before-parse.s3.*", sees_errors)
        events.register_first("before-parse.s3.*", partial(_see_error, sees_errors))


def _see_error(sees_errors: Callable[..., None], operation_model: Any, **answer: Any) -> None:
    """Let botocore see whether an answer with status 200 is an error, but for the pages that are parsed here."""
    if operation_model.name != "ListObjectsV2":
        sees_errors(operation_model=operation_model, **answer)


def _parse_page(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    """Parse one page; what is no page, or broke off, becomes a 500, as botocore has it, and is asked for again."""
    if response_dict["status_code"] != 200:
        return
    try:
        root = _parsed(response_dict["body"])
    except ElementTree.ParseError:
        response_dict["status_code"] = 500
        return
    if not root.tag.endswith(PAGE):
        response_dict["status_code"] = 500
        return
    try:
        customized_response_dict |= _page(root, root.tag.removesuffix(PAGE))
    except (KeyError, ValueError):
        return  # botocore may make sense of it
    response_dict["body"] = NOTHING


def _parsed(body: bytes) -> ElementTree.Element:
    """Parse a page in pieces, between which other threads get the interpreter."""
    parser = ElementTree.XMLParser()  # noqa: S314 - as botocore itself parses it
    for start in range(0, len(body), PIECE_BYTES):
        parser.feed(body[start : start + PIECE_BYTES])
    return parser.close()


def _page(root: ElementTree.Element, namespace: str) -> dict[str, Any]:
    contents, folders, page = [], [], {}
    for element in root:
        name = element.tag.removeprefix(namespace)
        if name == "Contents":
            found = {child.tag: child.text or "" for child in element}
            contents.append(
                {
                    "Key": found[f"{namespace}Key"],
                    "ETag": found[f"{namespace}ETag"],
                    "Size": int(found[f"{namespace}Size"]),
                    "LastModified": datetime.fromisoformat(found[f"{namespace}LastModified"]),
                }
            )
        elif name == "CommonPrefixes":
            folders.append({"Prefix": element.findtext(f"{namespace}Prefix") or ""})
        elif name in ("EncodingType", "NextContinuationToken"):
            page[name] = element.text
    truncated = root.findtext(f"{namespace}IsTruncated") == "true"
    return {**page, "Contents": contents, "CommonPrefixes": folders, "IsTruncated": truncated}
