"""The id of the request that is being served: its answer, its log lines and the jobs that it submits have it.

It is a context variable, so threads have it where they were started with the caller's context.
"""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

HEADER = "X-Request-Id"
# What a caller may choose: nothing that a log, a header or a terminal could take for something else.
USABLE = re.compile(r"[A-Za-z0-9._~:/+=@-]{1,128}")

_current: ContextVar[str | None] = ContextVar("request_id", default=None)


def request_id() -> str | None:
    """Return the id of the request, job or event that is being served; None outside of all."""
    return _current.get()


def new_request_id() -> str:
    """Return a random id of 32 hexadecimal digits."""
    return secrets.token_hex(16)


def usable_request_id(text: str | None) -> str:
    """Return the id that a caller chose; a new one where there is none, or one that is too long or not plain."""
    return text if text is not None and USABLE.fullmatch(text) else new_request_id()


@contextmanager
def serving_request(chosen: str | None) -> Iterator[str]:
    """Serve the request of this id, or of a new one where it is None or not usable; yield the id."""
    found = usable_request_id(chosen)
    token = _current.set(found)
    try:
        yield found
    finally:
        _current.reset(token)
