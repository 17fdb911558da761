"""Prediction against the textbook service: one row, batches, HTTP load, model size and compile time."""

import sys
from collections.abc import Callable, Iterator
from statistics import median

import pandas as pd
from sklearn.base import clone

from bench import _load, textbook
from bench._bucket import bucket
from bench._comparison import BATCH_ROWS, Comparison, train_both
from bench._events import Event, discard_logs, http_event
from bench._report import Figure, at_least, at_most, once, p50, paired, run
from tests.support.storage import home

MODEL_TYPES = ("random_forest", "ridge")
CONNECTIONS = 8
# Above this share the load generator, and not the server, limits the requests a second.
GENERATOR_BUSY = 0.9

# The target of each ratio.
ONE_ROW = 0.05
WITHOUT_MODEL = 2.5
BATCH = 4
RATE = 15
LATE = 1
SIZE = 0.35
COMPILE = 0.5


def measure(quick: bool) -> Iterator[Figure]:
    """Yield every figure, those of the forest first."""
    with bucket() as folder:
        discard_logs()
        comparisons = {model_type: train_both(model_type, folder) for model_type in MODEL_TYPES}
        for model_type, comparison in comparisons.items():
            comparison.serve()
            if model_type == "random_forest":
                yield one_row(comparison, rounds=5 if quick else 15)
                yield without_model(comparison, rounds=5 if quick else 15)
            yield batch(comparison, rounds=3 if quick else 9)
            yield from over_http(comparison, rounds=3 if quick else 7, seconds=1.5 if quick else 3)
        forest = comparisons["random_forest"]
        yield size(forest)
        yield compile_time(forest, rounds=2 if quick else 5)


def one_row(comparison: Comparison, rounds: int) -> Figure:
    """Compare one row through the whole Lambda handler with `pipeline.predict` alone."""
    event = comparison.our_event()
    frame = pd.DataFrame(comparison.rows[:1])
    pair = paired(
        p50(lambda: comparison.ours(event, None), 200), p50(lambda: comparison.pipeline.predict(frame), 10), rounds
    )
    return at_most(
        f"{comparison.model_type}: one row, whole handler / pipeline.predict",
        pair.ratio,
        ONE_ROW,
        f"{1e6 * pair.ours:.0f} us / {1e6 * pair.theirs:.0f} us",
    )


def without_model(comparison: Comparison, rounds: int) -> Figure:
    """Compare the same call of the handler with that of a handler that does nothing."""
    from functions.system.handler import handler as system

    event, nothing = comparison.our_event(), http_event("GET", "/")
    pair = paired(p50(lambda: comparison.ours(event, None), 300), p50(lambda: system(nothing, None), 300), rounds)
    return at_most(
        f"{comparison.model_type}: one row, whole handler / handler of GET /",
        pair.ratio,
        WITHOUT_MODEL,
        f"{1e6 * pair.ours:.0f} us / {1e6 * pair.theirs:.0f} us",
    )


def batch(comparison: Comparison, rounds: int) -> Figure:
    """Compare the rows a second of one large JSON batch, each side through its own app in this process."""
    ours, theirs = comparison.our_event(comparison.rows), comparison.their_event(comparison.rows)
    pair = paired(p50(lambda: comparison.ours(ours, None), 1), p50(lambda: comparison.theirs(theirs, None), 1), rounds)
    return at_least(
        f"{comparison.model_type}: {BATCH_ROWS:,}-row JSON batch, rows/s / textbook",
        1 / pair.ratio,
        BATCH,
        f"{BATCH_ROWS / pair.ours:,.0f} / {BATCH_ROWS / pair.theirs:,.0f} rows/s",
    )


def over_http(comparison: Comparison, rounds: int, seconds: float) -> Iterator[Figure]:
    """Compare one-row requests to one worker over 8 connections: requests a second, and the latency of the slowest."""
    with _load.served("functions.predict.app:app") as our_port, _load.served("bench.textbook:app") as their_port:
        ours = _burst(our_port, comparison.our_event())
        theirs = _burst(their_port, comparison.their_event())
        for warm_up in (ours, theirs):
            warm_up(0.3)
        loads = [(ours(seconds), theirs(seconds)) for _ in range(rounds)]
    rate = _median(lambda us, them: us.per_second / them.per_second, loads)
    late = _median(lambda us, them: us.p99 / them.p50, loads)
    busy = _median(lambda us, them: us.busy, loads)
    limit = ", generator is the limit" if busy > GENERATOR_BUSY else ""
    yield at_least(
        f"{comparison.model_type}: one-row HTTP, requests/s / textbook",
        rate,
        RATE,
        f"{_median(lambda us, them: us.per_second, loads):,.0f} / "
        f"{_median(lambda us, them: them.per_second, loads):,.0f} a second (generator {100 * busy:.0f}% busy{limit})",
    )
    yield at_most(
        f"{comparison.model_type}: one-row HTTP, p99 / textbook's p50",
        late,
        LATE,
        f"{_median(lambda us, them: 1e3 * us.p99, loads):.1f} ms / "
        f"{_median(lambda us, them: 1e3 * them.p50, loads):.1f} ms",
    )


def _burst(port: int, event: Event) -> Callable[[float], _load.Load]:
    request = _load.post_request(event["path"], event["body"].encode())
    return lambda seconds: _load.burst(port, request, seconds, CONNECTIONS)


def _median(value: Callable[[_load.Load, _load.Load], float], loads: list[tuple[_load.Load, _load.Load]]) -> float:
    return median(value(us, them) for us, them in loads)


def size(comparison: Comparison) -> Figure:
    """Compare the bytes of the compiled model with those of the pickle."""
    ours = home().models.manifest(comparison.model_type).graph.size_bytes
    theirs = comparison.pickle.stat().st_size
    return at_most(
        f"{comparison.model_type}: compiled bytes / pickle bytes",
        ours / theirs,
        SIZE,
        f"{ours / 1e6:.1f} MB / {theirs / 1e6:.1f} MB",
    )


def compile_time(comparison: Comparison, rounds: int) -> Figure:
    """Compare the seconds to compile our fitted pipeline with those to fit it once, on all cores."""
    from core.compiler.compile import compile_pipeline
    from core.services.training.train import open_split
    from core.services.training.unpickle import load_pipeline

    data = open_split(home(), None, textbook.TARGET, 0.2)[1]
    fitted = load_pipeline(home(), comparison.model_type, 1)
    unfitted = clone(fitted).set_params(estimate__n_jobs=-1)
    pair = paired(
        once(lambda: compile_pipeline(fitted, data.columns)),
        once(lambda: unfitted.fit(data.train_x, data.train_y)),
        rounds,
    )
    return at_most(
        f"{comparison.model_type}: compile seconds / fit seconds",
        pair.ratio,
        COMPILE,
        f"{pair.ours:.2f} s / {pair.theirs:.2f} s",
    )


if __name__ == "__main__":
    sys.exit(run("Prediction against FastAPI + pickle + pandas (california_housing)", measure))
