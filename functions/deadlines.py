"""The deadline of each request: what answers it inherits it, and its caller gets an answer in time."""

import asyncio
import re

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.deadlines import deadline, remaining
from core.errors import DeadlineError, SlowBodyError
from core.settings import Settings, settings
from core.storage.changes import UNKNOWN
from core.telemetry.facts import note
from functions.log import log
from functions.problems import respond

# Work that takes as long as its data is large: it has the time of a job. Behind a gateway it becomes one sooner.
LONG_PATHS = frozenset(
    {
        "/data/download",
        "/data/outliers",
        "/data/process",
        "/data/rows",
        "/data/upload",
        "/model/compare",
        "/model/train",
        "/predict/batch",
        "/predict/export",
    }
)
LONG_ENDS = ("/infer", "/reading")
# Where `Prefer: respond-async` makes a job of it.
DEFERRABLE = ("/model/compare", "/model/train", "/predict/batch", "/predict/export", "/reading")
LONG_BEGINNING = "/model/artifact/"
CHECKS = frozenset({"/healthz", "/readyz", "/system/status", "/v2/health/live", "/v2/health/ready"})
# What a long request has beyond the seconds of its work, to store how that ended.
LONG_MARGIN_SECONDS = 30.0
# Methods that change nothing; nor does a prediction, which is a POST.
READING = ("GET", "HEAD", "OPTIONS")
PREDICTING = re.compile(r"/predict(/.*)?|/v2/.+/infer")


class DeadlineMiddleware:
    """Gives each request a deadline. Where nothing was answered by then, the answer is a 503 that says so; it is a 408
    where the body has not come in full.

    What still goes on for the request is not waited for: it ends by itself, because its calls have the deadline too.
    An invocation of Lambda is one more deadline. It ends with the call of the app, so the call of one whose work is
    long is left as soon as there is an answer.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        seconds, left = seconds_for(path, settings()), remaining()
        is_cut = left is not None and left < seconds
        if left is not None and is_cut:
            seconds = left
        answer = _Answer(scope, seconds, receive, send)
        timer = asyncio.get_running_loop().call_later(seconds, answer.give_up)
        try:
            with deadline(seconds):
                if is_cut and is_long(path):
                    await answer.leave_when_late(self.app)
                else:
                    await self.app(scope, answer.receive, answer.send)
                note(deadline_left=round(remaining() or 0.0, 3))
        finally:
            timer.cancel()
            await answer.finish()


class _Answer:
    """The answer to one request: that of the app, or the one that says that it is too late."""

    def __init__(self, scope: Scope, seconds: float, receive: Receive, send: Send) -> None:
        self._scope = scope
        self._seconds = seconds
        self._receive = receive
        self._send = send
        self._has_begun = False
        # Whether the app waits for a part of the body, and nothing was done yet.
        self._waits_for_body = self._has_body = False
        # The task that says that it is too late; from then on the app's messages are dropped.
        self._giving_up: asyncio.Task[None] | None = None
        self._is_late = asyncio.Event()

    async def receive(self) -> Message:
        """Receive a message for the app."""
        self._waits_for_body = not self._has_body
        message = await self._receive()
        self._waits_for_body = False
        self._has_body = self._has_body or not message.get("more_body")
        return message

    async def send(self, message: Message) -> None:
        """Send a message of the app."""
        if self._giving_up is None:
            self._has_begun = True
            await self._send(message)

    def give_up(self) -> None:
        """Say that it is too late, unless an answer has begun."""
        if not self._has_begun:
            self._giving_up = asyncio.ensure_future(self._say_so())
            self._is_late.set()

    async def leave_when_late(self, app: ASGIApp) -> None:
        """Let the app answer, and return before it does where it is too late."""
        answering = asyncio.ensure_future(app(self._scope, self.receive, self.send))
        late = asyncio.ensure_future(self._is_late.wait())
        await asyncio.wait((answering, late), return_when=asyncio.FIRST_COMPLETED)
        late.cancel()
        if answering.done():
            answering.result()
        else:
            answering.add_done_callback(_forget)

    async def finish(self) -> None:
        """Wait until it has been said that it is too late, where that has begun: the app may end in the same moment."""
        if self._giving_up is not None:
            await self._giving_up

    async def _say_so(self) -> None:
        request = Request(self._scope)
        late = _too_slow(request, self._seconds) if self._waits_for_body else _too_late(request, self._seconds)
        await late(self._scope, self._receive, self._send)


def is_long(path: str) -> bool:
    """Return whether an answer at this path of the service takes as long as its data is large."""
    return path in LONG_PATHS or path.endswith(LONG_ENDS) or path.startswith(LONG_BEGINNING)


def seconds_for(path: str, chosen: Settings) -> float:
    """Return how many seconds an answer at this path of the service may take."""
    if path == "/predict":
        return chosen.predict_seconds
    if path in CHECKS:
        return chosen.status_seconds
    if is_long(path):
        return chosen.job_seconds + LONG_MARGIN_SECONDS
    return chosen.request_seconds


def _forget(task: "asyncio.Task[None]") -> None:
    """Take the error of a task that nobody waits for: it says that its deadline has passed."""
    if not task.cancelled():
        task.exception()


def _too_slow(request: Request, seconds: float) -> ASGIApp:
    """Return the answer to a request whose body has had its time."""
    answer = respond(request, SlowBodyError(f"The body did not come within {seconds:.3g} s. Send less at a time."))
    answer.headers["Connection"] = "close"
    return answer


def _too_late(request: Request, seconds: float) -> ASGIApp:
    """Return the answer to a request that has had its time, and log it."""
    log.error("%s %s: no answer within %.3g s", request.method, request.url.path, seconds)
    path = request.url.path.removeprefix(request.scope.get("root_path", ""))
    changes_nothing = request.method in READING or PREDICTING.fullmatch(path)
    outcome = "" if changes_nothing else f" {UNKNOWN}"
    if path.endswith(DEFERRABLE):
        outcome += " Ask for a job with Prefer: respond-async, or send less at a time."
    elif is_long(path):
        outcome += " Send or ask for less at a time."
    elif changes_nothing:
        outcome += " Try again in a moment."
    return respond(request, DeadlineError(f"There was no answer within {seconds:.3g} s.{outcome}"))
