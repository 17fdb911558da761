"""The attempts of one call of the store: whether any of them may have been carried out although no answer came.

The client repeats a call by itself, and its last error says nothing of the attempts before. It reports each one here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


class Attempts:
    """The attempts of one call."""

    def __init__(self) -> None:
        self._sent = 0
        # Those that the store has certainly not carried out: it was not reached, it refused, or it named another place.
        self._harmless = 0
        # Whether one of them may be carried out yet: nobody answered in time.
        self.may_be_late = False

    @property
    def may_have_landed(self) -> bool:
        """Whether the store may have carried the call out."""
        return self._sent > self._harmless

    def sent(self) -> None:
        """Note that an attempt begins."""
        self._sent += 1

    def answered(self, status: int) -> None:
        """Note the status of an answer."""
        self._harmless += 300 <= status < 500

    def failed(self, error: Exception) -> None:
        """Note that an attempt ended without an answer."""
        from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

        self._harmless += isinstance(error, ConnectTimeoutError | EndpointConnectionError)
        self.may_be_late |= isinstance(error, ReadTimeoutError)


_counted: ContextVar[Attempts | None] = ContextVar("attempts", default=None)


@contextmanager
def count_attempts() -> Iterator[Attempts]:
    """Count the attempts of the call inside the block."""
    token = _counted.set(attempts := Attempts())
    try:
        yield attempts
    finally:
        _counted.reset(token)


def report_attempts(client: "S3Client") -> None:
    """Let a client report its attempts."""

    def sent(**_: Any) -> None:
        if attempts := _counted.get():
            attempts.sent()

    def ended(response: tuple[Any, Any] | None, caught_exception: Exception | None, **_: Any) -> None:
        attempts = _counted.get()
        if attempts and caught_exception is not None:
            attempts.failed(caught_exception)
        elif attempts and response is not None:
            attempts.answered(response[0].status_code)

    client.meta.events.register("before-send.s3", sent)
    # Of every attempt, the last one too.
    client.meta.events.register("needs-retry.s3", ended)
