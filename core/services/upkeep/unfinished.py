"""Finish the changes of models that a killed process or an outage cut off: promotions, renames and deletions.

It may be killed at any point, and two may run at once. Where there is nothing to do it costs one listing.
"""

import logging
import time
from collections.abc import Callable
from contextlib import suppress

from core.errors import RegattaError, UnavailableError
from core.services.upkeep.cleanup import DAY
from core.storage.container import Container
from core.storage.unfinished import GRACE_SECONDS, Note, list_notes, read_note

log = logging.getLogger("regatta")

# How often the readers of a process look.
READER_SECONDS = 20.0
# A schedule comes once a minute. A second look so much later finds what was cut off right after the first one within
# the minute as well. To wait longer costs more and finds nothing sooner.
SECOND_LOOK_SECONDS = 5.0
# Waits so many seconds. Tests put their own in its place.
sleep: Callable[[float], None] = time.sleep
_looked_at = -READER_SECONDS


def finish_interrupted(storage: Container, now: float | None = None) -> int:
    """Finish every change whose process should have finished it by `now` (seconds since 1970); return how many.

    One that cannot be finished is logged, and does not stop the others. Raises `UnavailableError` where the bucket
    cannot be listed.
    """
    moment = time.time() if now is None else now
    return sum(_finish(storage, note, moment) for note in list_notes(storage.objects) if note.is_due(moment))


def finish_within_the_minute(storage: Container, clock: Callable[[], float] = time.time) -> int:
    """Look a second time, and wait for changes that have just begun; finish those that nobody did; return how many.

    A schedule that comes once a minute calls it after `finish_interrupted`, so that nothing stays cut off for longer.
    It takes as long as a process has for a change, and `SECOND_LOOK_SECONDS` where there is none. Raises as
    `finish_interrupted` does.
    """
    sleep(SECOND_LOOK_SECONDS)
    begun = list_notes(storage.objects)
    if not begun:
        return 0
    # No longer than a process has, should the bucket's clock be ahead of ours.
    sleep(min(max(0.0, max(note.due for note in begun) - clock()), GRACE_SECONDS))
    return finish_interrupted(storage, clock())


def finish_for_readers(storage: Container) -> None:
    """Finish what was cut off before a reader sees it, at most every few seconds in a process; never raises."""
    global _looked_at  # noqa: PLW0603 - one clock a process
    now = time.monotonic()
    if now - _looked_at < READER_SECONDS:
        return
    _looked_at = now
    try:
        finish_interrupted(storage)
    except RegattaError as error:
        log.warning("Whether a change of models was cut off could not be looked up: %s", error.detail)


def _finish(storage: Container, note: Note, now: float) -> bool:
    try:
        facts = read_note(storage.objects, note)
        finished = facts is not None and storage.workspace(note.workspace).models.finish(facts)
    except (RegattaError, ValueError) as error:
        log.error("A change of models that was cut off cannot be finished (%s): %s", note.key, error)
        if isinstance(error, UnavailableError) or now - note.written < DAY:
            return False
        finished = False
    if finished:
        log.warning("Finished a change of models that was cut off: %s", facts)
    with suppress(UnavailableError):  # found again the next time
        storage.objects.delete([note.key])
    return finished
