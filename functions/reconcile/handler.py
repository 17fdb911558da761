"""Lambda entry point: a schedule."""

from dataclasses import asdict
from typing import Any

from core.errors import RegattaError
from core.services.upkeep.reconcile import Reconciler
from core.services.upkeep.unfinished import finish_within_the_minute
from core.storage.container import container
from core.telemetry.log import log_event
from functions.lambda_start import start
from functions.log import log, set_up_telemetry

# A server that reconciles the same bucket does it more often. Shorter than the minute until the next invocation.
TURN_SECONDS = 30.0
# Older objects were looked at by an invocation of before. `regatta reconcile` looks at all.
NEWEST_SECONDS = 2 * 86_400.0

start()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Find files without a job, jobs that are silent, and changes that were cut off; return how many there were."""
    set_up_telemetry()
    reconciler = Reconciler(container(), turn_seconds=TURN_SECONDS, newest_seconds=NEWEST_SECONDS)
    found = _reconcile(reconciler) if reconciler.take_turn() else {}
    log_event("reconciled", **found)
    return found


def _reconcile(reconciler: Reconciler) -> dict[str, Any]:
    outcome = asdict(reconciler.run())
    try:
        outcome["finished"] += finish_within_the_minute(container())
    except RegattaError as error:  # the next invocation looks again
        log.warning("reconciling: %s", error.detail)
        outcome["complete"] = False
    return outcome
