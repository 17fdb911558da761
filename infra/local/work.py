"""A piece of heavy work, as a worker of a server sends it to a heavy process."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from core.deadlines import deadline
from core.telemetry.request_id import serving_request
from core.telemetry.tracing import span

# How many pieces of long work one worker may have under way; further ones wait.
LONG_AT_ONCE = 2
# What a heavy process says when it begins. Until then nothing was done.
TAKEN = b"taken"
# Set in a heavy process when its server stops: the job that it carries out goes back to the queue.
put_back = threading.Event()


@dataclass(frozen=True)
class Work:
    """One piece of work: a function of a module, what it is called with, and the context of its request."""

    function: Callable[..., Any]
    workspace: str
    arguments: tuple[Any, ...]
    options: dict[str, Any]
    is_long: bool
    seconds: float | None
    request_id: str | None
    # Whether it is to end when the request that asked for it does, because nobody else reads its result.
    ends_with_caller: bool
    # The span of its request, where that is traced.
    traceparent: str | None

    def do(self) -> Any:
        """Call the function in the context of its request."""
        from core.storage.container import container

        with ExitStack() as context:
            context.enter_context(serving_request(self.request_id))
            context.enter_context(span(self.function.__name__, self.traceparent))
            if self.seconds is not None:
                context.enter_context(deadline(self.seconds))
            return self.function(container().workspace(self.workspace), *self.arguments, **self.options)
