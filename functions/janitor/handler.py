"""Lambda entry point: a schedule."""

from collections import Counter
from typing import Any

from core.errors import RegattaError
from core.services.series.freshness import Freshness, freshness
from core.services.upkeep.janitor import clean_up, workspaces
from core.storage.container import container
from core.telemetry.causes import cause_of
from core.telemetry.log import log_event
from core.telemetry.metrics import set_gauge
from functions.lambda_start import start
from functions.log import log, set_up_telemetry

# How long before the end of an invocation it stops; the next invocation goes on.
MARGIN_MS = 30_000

start()


def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """Clean up storage; return how many objects had each outcome."""
    set_up_telemetry()
    outcomes: Counter[str] = Counter()
    for result in clean_up(container()):
        log_event("cleanup", **result.__dict__)
        outcomes[result.outcome] += 1
        if context.get_remaining_time_in_millis() < MARGIN_MS:
            log.warning("there was more to do than time")
            break
    _measure_series()
    log_event("cleaned_up", outcomes=dict(outcomes))
    return dict(outcomes)


def _measure_series() -> None:
    """Set the gauges of the series, which alarms watch; an outage of storage leaves them out."""
    found = Freshness()
    try:
        for workspace in workspaces(container()):
            found = found.beside(freshness(workspace))
    except RegattaError as error:
        log.warning("the series cannot be read: %s", cause_of(error))
        return
    set_gauge("series_held", found.held)
    if found.oldest_champion_seconds is not None:
        set_gauge("champion_age_seconds", found.oldest_champion_seconds)
