"""Bound every request of a boto3 client: by the deadline of its caller, by a bulkhead and by a circuit.

The client raises what `Dependency.begin` does, and `DeadlineError`. It repeats requests by itself, with full jitter
(https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/), as long as the deadline allows.
"""

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from core.deadlines import check_deadline, remaining
from core.storage.dependency import Call, Dependency

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest
    from botocore.client import BaseClient

# How often a request is sent at most, and the longest wait before the first repetition; it doubles with each.
ATTEMPTS = 3
FIRST_WAIT_SECONDS = 0.1
# The waits for a service that is asked too much.
FIRST_THROTTLED_WAIT_SECONDS = 0.5
# Of what is left, one attempt takes this share, so that another one fits.
ATTEMPT_SHARE = 0.5
# How much of a body is read before the deadline is looked at again.
PIECE_BYTES = 1 << 18
# Statuses of a service that cannot do anything at present.
FAILED_STATUSES = frozenset({500, 502, 503, 504})
# By status where the answer has no body, as that to a HEAD.
THROTTLED = frozenset(
    {"SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequests", "429"}
)
# Where the context of a request has its call.
CALL = "regatta_call"

# Returns how many seconds a service may take until it answers a request.
Patience = Callable[["AWSPreparedRequest"], float]


def bound_calls(client: "BaseClient", dependency: Dependency, patience: Patience) -> None:
    """Let every request of the client be a call of the dependency, and answer within the deadline of its caller.

    The client is made with `retries={"total_max_attempts": 1}`.
    """

    def begin(context: dict[str, Any], **_: Any) -> None:
        context[CALL] = dependency.begin()

    def limit(request: Any, **_: Any) -> None:
        request.context["read_timeout"] = seconds_of_attempt(patience(request))

    def end(http_response: Any, parsed: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        call: Call = context.pop(CALL)
        if http_response.status_code in FAILED_STATUSES or _is_throttled(parsed):
            call.failed()
        elif "Body" in parsed:
            parsed["Body"] = _bounded_body(http_response, call)
        else:
            call.succeeded()

    def end_without_answer(exception: Exception, context: dict[str, Any], **_: Any) -> None:
        call: Call = context.pop(CALL)
        if _is_failure(exception):
            call.failed()
        else:
            call.abandon()

    events: Any = client.meta.events  # typed as if no handler returned anything
    service = client.meta.service_model.service_id.hyphenize()
    events.register_last(f"before-call.{service}", begin)
    events.register(f"before-send.{service}", limit)
    events.register(f"after-call.{service}", end)
    events.register(f"after-call-error.{service}", end_without_answer)
    events.register_first(f"needs-retry.{service}", seconds_to_wait)


def seconds_of_attempt(patience: float) -> float:
    """Return how many seconds the service may be silent: `patience`, or less where little is left.

    Raises `DeadlineError` where nothing is left.
    """
    check_deadline()
    left = remaining()
    return patience if left is None else min(patience, ATTEMPT_SHARE * left)


def seconds_to_wait(
    attempts: int, response: tuple[Any, dict[str, Any]] | None, caught_exception: Exception | None, **_: Any
) -> float | None:
    """Return after how many seconds a request is sent again that was sent `attempts` times; None: not at all."""
    if attempts >= ATTEMPTS:
        return None
    first = FIRST_WAIT_SECONDS
    if response is None:
        if caught_exception is None or not _is_failure(caught_exception):
            return None
    elif _is_throttled(response[1]):
        first = FIRST_THROTTLED_WAIT_SECONDS
    elif response[0].status_code not in FAILED_STATUSES:
        return None
    wait = random.uniform(0, first * 2 ** (attempts - 1))  # noqa: S311
    left = remaining()
    # As much as is waited has to be left for the answer.
    return wait if left is None or 2 * wait < left else None


def _is_failure(error: Exception) -> bool:
    """Return whether the service did not answer: it could not be reached, fell silent, or broke off."""
    from botocore.exceptions import HTTPClientError
    from urllib3.exceptions import HTTPError

    return isinstance(error, HTTPClientError | HTTPError | OSError)


def _is_throttled(parsed: dict[str, Any]) -> bool:
    return parsed.get("Error", {}).get("Code") in THROTTLED


def _bounded_body(http_response: Any, call: Call) -> Any:
    """Return the body of an answer, whose reading belongs to the call."""
    from botocore.response import StreamingBody

    reads: Any = _BoundedReads(http_response.raw, call)
    return StreamingBody(reads, http_response.headers.get("content-length"))


class _BoundedReads:
    """A raw body whose reads end at the deadline, also where bytes trickle in so that no time-out of a socket ends."""

    def __init__(self, raw: Any, call: Call) -> None:
        self._raw = raw
        self._call = call

    def read(self, amt: int | None = None) -> bytes:
        """Return up to `amt` bytes, all where that is None; fewer only at the end."""
        pieces, missing = [], amt
        try:
            while missing is None or missing > 0:
                check_deadline()
                piece = self._raw.read1(PIECE_BYTES if missing is None else min(PIECE_BYTES, missing))
                if not piece:
                    self._call.succeeded()
                    break
                pieces.append(piece)
                missing = None if missing is None else missing - len(piece)
        except Exception as error:
            # The connection has the rest of the body in it, so nobody can use it.
            self._raw.close()
            if _is_failure(error):
                self._call.failed()
            self._call.abandon()
            raise
        return b"".join(pieces)

    def close(self) -> None:
        """Close the connection, or give it back where the body was read."""
        self._raw.close()
        self._call.abandon()
