"""Prediction against the textbook service: one row, batches, HTTP load, model size and compile time."""

import sys
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

import pandas as pd
from sklearn.base import clone

from bench import _load, textbook
from bench._bucket import bucket
from bench._contest import BATCH_ROWS, Contest, contest
from bench._report import Figure, at_least, at_most, once, p50, paired, run
from tests.support.storage import home

KINDS = ("random_forest", "ridge")
CONNECTIONS = 8
# Above this the generator, not the server, decides how many requests a second there are.
GENERATOR_BUSY = 0.9

# What each ratio has to be.
ONE_ROW = 0.05
WITHOUT_MODEL = 2.5
BATCH = 4
RATE = 15
LATE = 1
SIZE = 0.35
COMPILE = 0.5


def measure(quick: bool) -> Iterator[Figure]:
    """Every figure, the forest's first."""
    with bucket() as folder:
        _load.quiet()
        contests = {kind: contest(kind, folder) for kind in KINDS}
        for kind, sides in contests.items():
            sides.enter()
            if kind == "random_forest":
                yield one_row(sides, rounds=5 if quick else 15)
                yield without_model(sides, rounds=5 if quick else 15)
            yield batch(sides, rounds=3 if quick else 9)
            yield from over_http(sides, rounds=3 if quick else 7, seconds=1.5 if quick else 3)
        forest = contests["random_forest"]
        yield size(forest)
        yield compile_time(forest, rounds=2 if quick else 5)


def one_row(sides: Contest, rounds: int) -> Figure:
    """One row through the whole Lambda handler, as a share of `pipeline.predict` alone."""
    asked = sides.our_event()
    frame = pd.DataFrame(sides.rows[:1])
    pair = paired(
        p50(lambda: sides.ours(asked, None), 200), p50(lambda: sides.pipeline.predict(frame), 10), rounds=rounds
    )
    return at_most(
        f"{sides.kind}: one row, whole handler / pipeline.predict",
        pair.ratio,
        ONE_ROW,
        f"{1e6 * pair.ours:.0f} us / {1e6 * pair.theirs:.0f} us",
    )


def without_model(sides: Contest, rounds: int) -> Figure:
    """The same handler call as a multiple of one that does nothing."""
    from functions.system.handler import handler as system

    asked, nothing = sides.our_event(), _load.event("GET", "/")
    pair = paired(p50(lambda: sides.ours(asked, None), 300), p50(lambda: system(nothing, None), 300), rounds)
    return at_most(
        f"{sides.kind}: one row, whole handler / handler of GET /",
        pair.ratio,
        WITHOUT_MODEL,
        f"{1e6 * pair.ours:.0f} us / {1e6 * pair.theirs:.0f} us",
    )


def batch(sides: Contest, rounds: int) -> Figure:
    """Rows a second of one large JSON batch, each side through its own app in this process."""
    ours, theirs = sides.our_event(sides.rows), sides.their_event(sides.rows)
    pair = paired(p50(lambda: sides.ours(ours, None), 1), p50(lambda: sides.theirs(theirs, None), 1), rounds)
    return at_least(
        f"{sides.kind}: {BATCH_ROWS:,}-row JSON batch, rows/s / textbook",
        1 / pair.ratio,
        BATCH,
        f"{BATCH_ROWS / pair.ours:,.0f} / {BATCH_ROWS / pair.theirs:,.0f} rows/s",
    )


def over_http(sides: Contest, rounds: int, seconds: float) -> Iterator[Figure]:
    """One-row requests on one worker over 8 connections: how many a second, and how late the latest come."""
    with _load.served("functions.predict.app:app") as our_port, _load.served("bench.textbook:app") as their_port:
        ours = _burst(our_port, sides.our_event())
        theirs = _burst(their_port, sides.their_event())
        for warm_up in (ours, theirs):
            warm_up(0.3)
        loads = [(ours(seconds), theirs(seconds)) for _ in range(rounds)]
    rate = _median(lambda us, them: us.per_second / them.per_second, loads)
    late = _median(lambda us, them: us.p99 / them.p50, loads)
    busy = _median(lambda us, them: us.busy, loads)
    limit = ", generator is the limit" if busy > GENERATOR_BUSY else ""
    yield at_least(
        f"{sides.kind}: one-row HTTP, requests/s / textbook",
        rate,
        RATE,
        f"{_median(lambda us, them: us.per_second, loads):,.0f} / "
        f"{_median(lambda us, them: them.per_second, loads):,.0f} a second (generator {100 * busy:.0f}% busy{limit})",
    )
    yield at_most(
        f"{sides.kind}: one-row HTTP, p99 / textbook's p50",
        late,
        LATE,
        f"{_median(lambda us, them: 1e3 * us.p99, loads):.1f} ms / "
        f"{_median(lambda us, them: 1e3 * them.p50, loads):.1f} ms",
    )


def _burst(port: int, asked: dict[str, Any]) -> Callable[[float], _load.Load]:
    message = _load.request(asked["path"], asked["body"].encode())
    return lambda seconds: _load.burst(port, message, seconds, CONNECTIONS)


def _median(value: Callable[[_load.Load, _load.Load], float], loads: list[tuple[_load.Load, _load.Load]]) -> float:
    return median(value(us, them) for us, them in loads)


def size(sides: Contest) -> Figure:
    """Bytes of the compiled model against bytes of the pickle."""

    ours = home().models.manifest(sides.kind).graph.size_bytes
    theirs = sides.pickle.stat().st_size
    return at_most(
        f"{sides.kind}: compiled bytes / pickle bytes",
        ours / theirs,
        SIZE,
        f"{ours / 1e6:.1f} MB / {theirs / 1e6:.1f} MB",
    )


def compile_time(sides: Contest, rounds: int) -> Figure:
    """Seconds to compile our fitted pipeline against seconds to fit it once, on all cores."""
    from core.compiler.compile import compile_pipeline
    from core.services.training.train import open_split
    from core.services.training.unpickle import load_pipeline

    data = open_split(home(), None, textbook.TARGET, 0.2)[1]
    fitted = load_pipeline(home(), sides.kind, 1)
    unfitted = clone(fitted).set_params(estimate__n_jobs=-1)
    pair = paired(
        once(lambda: compile_pipeline(fitted, data.columns)),
        once(lambda: unfitted.fit(data.train_x, data.train_y)),
        rounds,
    )
    return at_most(
        f"{sides.kind}: compile seconds / fit seconds",
        pair.ratio,
        COMPILE,
        f"{pair.ours:.2f} s / {pair.theirs:.2f} s",
    )


if __name__ == "__main__":
    sys.exit(run("Prediction against FastAPI + pickle + pandas (california_housing)", measure))
