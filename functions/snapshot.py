"""Modules that a snapshot of a function (SnapStart) holds besides those that its import loads."""

import os
from importlib import import_module

# Modules that are loaded on first use elsewhere. In a snapshot they cost no caller anything. They connect to nothing.
MODULES = ("boto3.session", "cryptography.hazmat.primitives.asymmetric.ed25519", "redis.backoff")


def load_for_snapshot() -> None:
    """Load the modules if this process is started for a snapshot."""
    if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
        for module in MODULES:
            import_module(module)
