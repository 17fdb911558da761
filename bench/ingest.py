"""Taking a large CSV against reading and describing it with pandas: time and memory; and what looking at it costs."""

import sys
from collections.abc import Iterator
from pathlib import Path

from bench._bucket import bucket
from bench._load import event, quiet
from bench._report import Figure, Timer, at_most, p50, paired, run
from bench._sides import Side

CSV = Path(__file__).parent.parent / "tests" / "data" / "diamonds.csv"
MEGABYTES = 200

# What each ratio has to be, and the milliseconds of a warm look.
TIME = 2.0
MEMORY = 1.5
LOOK_MS = 5

OURS = (
    "from core.services.processing.ingest import ingest\nfrom tests.support.storage import home",
    "answer = ingest(home(), 'diamonds.csv', Path(sys.argv[1])).file_id",
)
THEIRS = ("import pandas as pd", "answer = len(pd.read_csv(sys.argv[1]).describe(include='all'))")


def measure(quick: bool) -> Iterator[Figure]:
    """Every figure of the bench, in order."""
    with bucket(redis=True) as home:
        source = home / "diamonds.csv"
        _repeat(source, MEGABYTES)
        ours, theirs = Side(*OURS, str(source)), Side(*THEIRS, str(source))
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
            milliseconds = 1000 * _look(path, 50 if quick else 300)()
            yield at_most(f"GET {path}, warm, p50 in ms", milliseconds, LOOK_MS, f"{milliseconds:.2f} ms")


def _repeat(source: Path, megabytes: int) -> None:
    header, body = CSV.read_bytes().split(b"\n", 1)
    with source.open("wb") as file:
        file.write(header + b"\n")
        while file.tell() < megabytes << 20:
            file.write(body)


def _look(path: str, times: int) -> Timer:
    """A request through the Lambda handler, on the file taken last."""
    from functions.data.handler import handler

    quiet()

    def call() -> None:
        response = handler(event("GET", path), None)
        if response["statusCode"] != 200:
            raise RuntimeError(response["body"])

    return p50(call, times)


if __name__ == "__main__":
    sys.exit(run("Taking a CSV", measure))
