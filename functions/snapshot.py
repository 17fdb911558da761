"""What a snapshot of a function (SnapStart) is to hold beyond what its import loads."""

import os
from importlib import import_module

# What is otherwise loaded when it is needed. In a snapshot it costs no caller anything; nothing is connected by it.
MODULES = ("boto3.session", "redis.backoff")


def load_for_snapshot() -> None:
    """Load them, if it is a snapshot that this process is being started for."""
    if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
        for module in MODULES:
            import_module(module)
