"""The log that every function writes."""

import logging

from core.settings import settings

log = logging.getLogger("regatta")


def set_up_log() -> None:
    """Let the log write to standard error at the level of the settings. Entry points call this once in a process."""
    log.setLevel(settings().log_level)
    if not log.handlers:
        log.addHandler(logging.StreamHandler())
