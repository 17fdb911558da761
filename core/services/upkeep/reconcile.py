"""Find what was lost or cut off, so that it goes on without anybody: files, jobs, and changes of models.

It costs three listings where there is nothing to do. It may be killed at any point, and two may run at once: a file has
one job however often it is submitted, and a job that two workers get is done by the one that takes its lease.
"""

import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from core.errors import ConflictError, RegattaError
from core.jobs import service
from core.jobs.backlog import read_backlog
from core.jobs.orders import begin_to_look
from core.services.series import arrivals
from core.services.upkeep.unfinished import finish_interrupted
from core.storage.container import Container
from core.types import Json

log = logging.getLogger("regatta")

# An object that was written since may still have its event on the way.
EVENT_SECONDS = 10.0
# Of the processes of a deployment one reconciles at a time; this document says until when.
TURN_KEY = "queue/reconciling.json"


@dataclass(frozen=True)
class Reconciled:
    """What was found: files without a job, silent jobs, jobs that are over, and changes of models that were cut off."""

    submitted: int = 0
    offered: int = 0
    closed: int = 0
    finished: int = 0
    # Whether all of it could be looked at; else storage, or a document of somebody, was in the way.
    complete: bool = True


class Reconciler:
    """Reconciles one deployment. It remembers what is settled, so that a later pass looks only at the rest."""

    def __init__(
        self,
        storage: Container,
        *,
        turn_seconds: float,
        newest_seconds: float | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        """Reconcile `storage` at most once in `turn_seconds`, among all processes.

        Where it is made anew for each pass, `newest_seconds` bounds the age of the objects that it looks at. `clock`
        returns the seconds since 1970.
        """
        self._storage = storage
        self._turn_seconds = turn_seconds
        self._newest_seconds = newest_seconds
        self._clock = clock or time.time
        self._owner = secrets.token_hex(8)
        self._settled: set[tuple[str, str]] = set()
        self._looks_at_codes = False

    def take_turn(self) -> bool:
        """Return whether it is this process's turn; then it is nobody else's for `turn_seconds`."""
        now = self._clock()

        def edit(turn: Json | None) -> Json | None:
            until = (turn or {}).get("until", 0.0)
            is_mine = (turn or {}).get("owner") == self._owner
            # A turn that seems to be longer was given by a clock that was ahead.
            is_taken = not is_mine and isinstance(until, float) and 0 < until - now <= self._turn_seconds
            return None if is_taken else {"owner": self._owner, "until": now + self._turn_seconds}

        turn = self._storage.documents.change(TURN_KEY, edit, replace_damaged=True) or {}
        return (turn.get("owner"), turn.get("until")) == (self._owner, now + self._turn_seconds)

    def run(self) -> Reconciled:
        """Reconcile once, and return what was found. The first pass begins to look at the codes of jobs."""
        found: dict[str, int] = {}
        complete = True
        self._look_at_codes()
        for step in (self._submit_arrivals, self._offer_jobs, self._finish_changes):
            try:
                found |= step()
            except RegattaError as error:
                log.warning("reconciling: %s", error.detail)
                complete = False
        outcome = Reconciled(**found, complete=complete)
        if any(found.values()):
            log.warning("reconciled: %s", asdict(outcome))
        return outcome

    def _look_at_codes(self) -> None:
        if not self._looks_at_codes:
            try:
                begin_to_look(self._storage.objects)
            except RegattaError as error:
                log.warning("reconciling: %s", error.detail)
            else:
                self._looks_at_codes = True

    def _submit_arrivals(self) -> dict[str, int]:
        now = self._clock()
        after = 0.0 if self._newest_seconds is None else now - self._newest_seconds
        missed = arrivals.reconcile(self._storage, written=(after, now - EVENT_SECONDS), settled=self._settled)
        return {"submitted": sum(one.job is not None for one in missed)}

    def _offer_jobs(self) -> dict[str, int]:
        backlog = read_backlog(self._storage, now=self._clock())
        for entry in backlog.closed:
            self._storage.queue.remove(entry.workspace, entry.job_id)
        for entry in backlog.silent:
            try:
                service.offer_again(self._storage.workspace(entry.workspace), entry.job_id)
            except ConflictError:
                continue  # a worker has taken it meanwhile
        return {"offered": len(backlog.silent), "closed": len(backlog.closed)}

    def _finish_changes(self) -> dict[str, int]:
        return {"finished": finish_interrupted(self._storage, self._clock())}
