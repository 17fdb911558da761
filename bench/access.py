"""What it costs to ask who calls: the guard of a prediction with a key that the process knows."""

import asyncio
import os
import sys
import time
from collections.abc import Iterator
from statistics import median
from typing import Any

from bench._bucket import bucket
from bench._report import Figure, at_most, run
from core.settings import settings
from core.storage.container import container
from core.storage.key_repository import KeyRepository
from core.storage.quota_repository import set_quota
from functions.access import admit

# The most microseconds that it may add to the prediction of one row.
MICROSECONDS = 60
CALLS = 1000
# Of a client that sends one row.
HEADERS = [
    (b"host", b"127.0.0.1:8000"),
    (b"user-agent", b"regatta-python/0.2.0"),
    (b"accept", b"*/*"),
    (b"content-type", b"application/json"),
    (b"content-length", b"180"),
]


def measure(quick: bool) -> Iterator[Figure]:
    """Yield the cost of a key, of one whose requests are counted, and where those of its workspace are as well."""
    with bucket() as folder:
        os.environ.update(REGATTA_AUTH="keys", REGATTA_RATES_DIR=str(folder / "rates"))
        settings.cache_clear()
        keys = KeyRepository(container().objects)
        _, plain = keys.create("default", "predict")
        _, counted = keys.create("default", "predict", per_second=100_000, per_day=1_000_000_000)
        named = {"known key": plain, "known key with a rate and a quota": counted, "and its workspace": counted}
        for name, made in named.items():
            if name == "and its workspace":
                set_quota(container().objects, "default", requests=1_000_000_000)
                settings.cache_clear()
                container.cache_clear()
                container().quotas.ask("default")
            seconds = asyncio.run(_seconds(made.text, rounds=5 if quick else 15))
            detail = f"{1e6 * seconds:.1f} us of processor time a request"
            yield at_most(f"{name}: microseconds of the guard", 1e6 * seconds, MICROSECONDS, detail)


async def _seconds(text: str, rounds: int) -> float:
    """Return the processor seconds that the guard takes for a request with this key, the median of some rounds."""
    headers = [*HEADERS, (b"authorization", f"Bearer {text}".encode())]
    scope: dict[str, Any] = {"method": "POST", "query_string": b"", "headers": headers}
    await admit(scope, "predict_row")
    taken = []
    for _ in range(rounds):
        start = time.process_time()
        for _ in range(CALLS):
            await admit(scope, "predict_row")
        taken.append((time.process_time() - start) / CALLS)
    return median(taken)


if __name__ == "__main__":
    sys.exit(run("Who calls", measure))
