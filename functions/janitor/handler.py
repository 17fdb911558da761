"""Lambda entry point: a schedule."""

import json
from collections import Counter
from typing import Any

from core.services.upkeep.janitor import clean_up
from core.storage.container import container
from functions.log import log, set_up_log
from functions.snapshot import load_for_snapshot

# How long before the end of an invocation it stops; the next invocation goes on.
MARGIN_MS = 30_000

load_for_snapshot()


def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """Clean up storage; return how many objects had each outcome."""
    set_up_log()
    outcomes: Counter[str] = Counter()
    for result in clean_up(container()):
        log.info(json.dumps(result.__dict__, ensure_ascii=False))
        outcomes[result.outcome] += 1
        if context.get_remaining_time_in_millis() < MARGIN_MS:
            log.warning("there was more to do than time")
            break
    log.info(json.dumps({"janitor": dict(outcomes)}))
    return dict(outcomes)
