"""The runtime inside of a function's process: loads `_HANDLER` from the deployed code, answers one event a line.

Runs on the project's interpreter, for its packages; the project's own code comes from the deployed zip alone. Answers
are lines of the standard output; whatever else writes there or to the standard error writes to the log.
"""

import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

Handler = Callable[[Any, "Context"], Any]


class Context:
    """The context of an invocation."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.aws_request_id: str = order["request_id"]
        self.invoked_function_arn: str = order["arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self._deadline: float = order["deadline"]

    def get_remaining_time_in_millis(self) -> int:
        """How long this invocation may still take."""
        return max(0, int(1000 * (self._deadline - time.time())))


def main(answers: BinaryIO) -> None:
    """Load the handler, report it, and answer invocations until the input ends."""
    try:
        handler = load(os.environ["_HANDLER"], os.environ["LAMBDA_TASK_ROOT"])
    except Exception as error:
        say(answers, b"!", account(error))
        return
    say(answers, b"=", None)
    for line in sys.stdin.buffer:
        order = json.loads(line)
        try:
            answer = handler(order["event"], Context(order))
        except Exception as error:
            say(answers, b"!", {**account(error), "requestId": order["request_id"]})
            continue
        try:
            say(answers, b"=", answer)
        except (TypeError, ValueError) as error:
            message = f"Unable to marshal response: {error}"
            say(answers, b"!", {"errorType": "Runtime.MarshalError", "errorMessage": message})


def load(dotted: str, root: str) -> Handler:
    """The handler in the deployed code; raises what loading it raises, named as Lambda names it."""
    sys.path = [root, *(folder for folder in sys.path[1:] if not Path(folder, "functions").is_dir())]
    name, _, attribute = dotted.rpartition(".")
    try:
        module = import_module(name)
    except ImportError as error:
        raise _named("Runtime.ImportModuleError", f"Unable to import module '{name}': {error}") from error
    try:
        handler: Handler = getattr(module, attribute)
    except AttributeError as error:
        raise _named("Runtime.HandlerNotFound", f"Handler '{attribute}' missing on module '{name}'") from error
    return handler


def account(error: Exception) -> dict[str, Any]:
    """An exception as Lambda reports it."""
    stack = traceback.format_tb(error.__traceback__)
    return {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": stack}


def say(answers: BinaryIO, kind: bytes, answer: Any) -> None:
    """Write one line."""
    answers.write(kind + json.dumps(answer).encode() + b"\n")
    answers.flush()


def _named(kind: str, message: str) -> Exception:
    error: Exception = type(kind, (Exception,), {})(message)
    return error


if __name__ == "__main__":
    with os.fdopen(os.dup(1), "wb") as pipe:
        log = os.open(os.environ.pop("FUNCTION_LOG"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for stream in (1, 2):
            os.dup2(log, stream)
        os.close(log)
        main(pipe)
