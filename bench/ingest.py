"""The ingestion of a large CSV against pandas that reads and describes it, and the latency of GETs on the result."""

import sys
from collections.abc import Iterator
from pathlib import Path

from bench._bucket import bucket
from bench._events import answer_of, discard_logs, http_event
from bench._process_timer import ProcessTimer
from bench._report import Figure, Timer, at_most, p50, paired, run

CSV = Path(__file__).parent.parent / "tests" / "data" / "diamonds.csv"
MEGABYTES = 200

# The target of each ratio, and the most milliseconds of a GET on a warm function.
TIME = 2.0
MEMORY = 1.5
GET_MS = 5

OURS = (
    "from core.services.processing.ingest import ingest\nfrom core.storage.container import container",
    "answer = ingest(container().workspace('default'), 'diamonds.csv', Path(sys.argv[1])).file_id",
)
THEIRS = ("import pandas as pd", "answer = len(pd.read_csv(sys.argv[1]).describe(include='all'))")


def measure(quick: bool) -> Iterator[Figure]:
    """Yield every figure."""
    with bucket(redis=True) as home:
        source = home / "diamonds.csv"
        _write_repeated(source, MEGABYTES)
        ours, theirs = ProcessTimer(*OURS, str(source)), ProcessTimer(*THEIRS, str(source))
        pair = paired(ours, theirs, 2 if quick else 5)
        yield at_most(
            f"take {MEGABYTES} MB: time / pandas read + describe",
            pair.ratio,
            TIME,
            f"{pair.ours:.2f} s / {pair.theirs:.2f} s",
        )
        yield at_most(
            f"take {MEGABYTES} MB: peak memory / pandas",
            ours.peak_mb / theirs.peak_mb,
            MEMORY,
            f"{ours.peak_mb:.0f} MB / {theirs.peak_mb:.0f} MB",
        )
        for path in ("/data/info", "/data/preview", "/data/profile"):
            milliseconds = 1000 * _get(path, 50 if quick else 300)()
            yield at_most(f"GET {path}, warm, p50 in ms", milliseconds, GET_MS, f"{milliseconds:.2f} ms")


def _write_repeated(source: Path, megabytes: int) -> None:
    """Write the rows of the CSV again and again, until the file has so many MiB."""
    header, body = CSV.read_bytes().split(b"\n", 1)
    with source.open("wb") as file:
        file.write(header + b"\n")
        while file.tell() < megabytes << 20:
            file.write(body)


def _get(path: str, times: int) -> Timer:
    """Return a timer of a GET through the Lambda handler, on the current file."""
    from functions.data.handler import handler

    discard_logs()
    event = http_event("GET", path)
    answer_of(handler, event)
    return p50(lambda: handler(event, None), times)


if __name__ == "__main__":
    sys.exit(run("Taking a CSV", measure))
