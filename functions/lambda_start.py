"""What a function does on Lambda before its first event."""

import os

from core.storage.signing import check_given_keys
from functions.snapshot import load_for_snapshot


def start() -> None:
    """Check the keys of this function, and load what a snapshot is to hold.

    Raises `InvalidSettingError` on Lambda, so that the start fails and not the first model or job.
    """
    if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
        check_given_keys()
    load_for_snapshot()
