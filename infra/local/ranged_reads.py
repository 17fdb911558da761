"""Lets MiniStack read a range of an object from the disk alone, where it would read the whole object for each range."""

import mmap
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TypeVar

from ministack.services import s3

Noted = TypeVar("Noted")

# Whether the request at hand asks for a range, so that only a slice of the body that is read is looked at.
_is_ranged: ContextVar[bool] = ContextVar("is_ranged", default=False)


def install() -> None:
    """Replace how MiniStack handles such requests, and how it reads a body."""
    s3._get_object = noting(_is_ranged, lambda *given: bool(given[2].get("range")), s3._get_object)
    s3._upload_part_copy = noting(
        _is_ranged, lambda *given: bool(given[3].get("x-amz-copy-source-range")), s3._upload_part_copy
    )
    s3._read_body = _mapping(s3._read_body)


def noting(variable: ContextVar[Noted], noted: Callable[..., Noted], handle: Callable[..., Any]) -> Callable[..., Any]:
    """Return a handler like `handle`, during which `variable` has what is `noted` of the request."""

    def handle_request(*arguments: Any) -> Any:
        token = variable.set(noted(*arguments))
        try:
            return handle(*arguments)
        finally:
            variable.reset(token)

    return handle_request


def _mapping(read: Callable[..., Any]) -> Callable[..., Any]:
    """Return a reader of bodies that maps the file of one of which a range is wanted; a slice of it is bytes."""

    def read_body(bucket: str, key: str, stored: dict[str, Any]) -> Any:
        path = s3._object_disk_path(bucket, key) if _is_ranged.get() and stored.get("body") is None else None
        if path is None or not stored["size"]:
            return read(bucket, key, stored)
        try:
            with Path(path).open("rb") as file:
                return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError):  # which `read` logs
            return read(bucket, key, stored)

    return read_body
