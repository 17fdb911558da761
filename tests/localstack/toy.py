"""A function that misbehaves as its event asks."""

import os
import sys
import time
from pathlib import Path
from typing import Any


def handler(event: dict[str, Any], context: Any) -> Any:
    """Do what the event names under `do`."""
    sys.stdout.write(f"told to {event['do']}\n")
    match event["do"]:
        case "sleep":
            time.sleep(10)
        case "crash":
            os._exit(3)
        case "raise":
            raise ValueError("as told")
        case "return a set":
            return {1}
        case "return much":
            return "x" * (7 << 20)
        case "tell":
            return {
                "pid": os.getpid(),
                "remaining": context.get_remaining_time_in_millis(),
                "memory": context.memory_limit_in_mb,
                "variable": os.environ["ANSWER"],
                "code": str(Path(__file__).parent),
                "bare": "pandas" not in sys.modules,
            }
    return None
