"""The headers by which a caller chooses how long work is answered: `Prefer` and `Idempotency-Key`."""

from dataclasses import dataclass
from math import inf
from typing import Annotated

from fastapi import Depends, Header, Request

from core.deadlines import remaining
from core.settings import settings
from functions.idempotency import Key
from functions.links import requested_path

RESPOND_ASYNC = "respond-async"
# After so many seconds a caller may ask how a job stands. With ?wait= it need not ask again and again.
RETRY_AFTER = {"Retry-After": "1"}
# What it takes to make a job of work that was expected to end before the gateway's time does.
HANDOVER_SECONDS = 3.0


@dataclass(frozen=True)
class AnswerTerms:
    """How the caller wants long work to be answered. Without `wait` the caller waits without limit."""

    path: str
    key: str | None
    respond_async: bool
    wait: float | None

    def later(self, seconds: float) -> bool:
        """Return whether work of so many seconds is to be answered with a job; work of `inf` seconds always is."""
        if seconds == inf:
            return True
        limit = settings().answer_seconds
        if limit and seconds > limit:
            return True
        return self.respond_async and (self.wait is None or seconds > self.wait)

    def longest_wait(self) -> float:
        """Return after how many seconds work becomes a job that was expected to take less; `inf` if it never does.

        A job has `job_seconds`, so a longer wait has none to become.
        """
        limits, of_a_job = [settings().answer_seconds or inf], settings().job_seconds
        if self.respond_async and self.wait is not None:
            limits.append(self.wait)
        left = remaining()
        if left is not None and left < of_a_job:
            limits.append(max(0.0, left - HANDOVER_SECONDS))
        shortest = min(limits)
        return shortest if shortest < of_a_job else inf


async def _terms(
    request: Request,
    idempotency_key: Key = None,
    prefer: Annotated[list[str] | None, Header(description="respond-async, and wait=SECONDS if you like")] = None,
) -> AnswerTerms:
    """Read `Prefer` (RFC 7240) and `Idempotency-Key`; unknown preferences are ignored."""
    preferences = [preference.strip().lower() for line in prefer or [] for preference in line.split(",")]
    waits = [preference.partition("=")[2].strip('" ') for preference in preferences if preference.startswith("wait=")]
    wait = next((float(seconds) for seconds in waits if seconds.isdecimal()), None)
    return AnswerTerms(requested_path(request.scope), idempotency_key, RESPOND_ASYNC in preferences, wait)


Terms = Annotated[AnswerTerms, Depends(_terms)]
