"""The one log of every function."""

import logging

from core.settings import settings

log = logging.getLogger("regatta")


def set_up_log() -> None:
    """Write to standard error, at the level of the settings; for entry points, once a process."""
    log.setLevel(settings().log_level)
    if not log.handlers:
        log.addHandler(logging.StreamHandler())
