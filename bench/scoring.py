"""Prediction against the textbook service: one row, cold start, batches, HTTP load, model size and compile time."""

import json
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import isclose
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd
from sklearn.base import clone

from bench import _load, textbook
from bench._bucket import bucket
from bench._report import Figure, Timer, at_least, at_most, once, p50, paired, run

CSV = Path(__file__).parent.parent / "examples" / "california_housing.csv"
WORKSPACE = "default"
BATCH_ROWS = 10_000
CONNECTIONS = 8
# Above this the generator, not the server, decides how many requests a second there are.
GENERATOR_BUSY = 0.9

# What each ratio has to be.
ONE_ROW = 0.05
WITHOUT_MODEL = 2.5
COLD = {"random_forest": 0.60, "ridge": 0.30}
BATCH = 4
RATE = 15
LATE = 0.2
SIZE = 0.35
COMPILE = 0.5

# What a fresh process does for its first answer: take the event from stdin, print the body.
FIRST_ANSWER = """
import json, sys
{imports}
print(handler(json.load(sys.stdin), None)["body"], flush=True)
"""
OURS_COLD = FIRST_ANSWER.format(imports="from functions.predict.handler import handler")
THEIRS_COLD = FIRST_ANSWER.format(
    imports="from mangum import Mangum\nfrom bench.textbook import app\nhandler = Mangum(app, lifespan='off')"
)

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


@dataclass(frozen=True)
class Contest:
    """One model on both sides: our handler and stored model, their handler and pickle, and the same rows for both."""

    kind: str
    ours: Handler
    theirs: Handler
    pipeline: Any
    pickle: Path
    rows: list[dict[str, Any]]

    def our_event(self, rows: list[dict[str, Any]] | None = None) -> dict[str, Any]:
        """One row to our /predict, or these rows to our /predict/batch."""
        choice = {"model_name": self.kind}
        if rows is None:
            return _load.event("POST", "/predict", {"data": self.rows[0], **choice})
        return _load.event("POST", "/predict/batch", {"data": rows, **choice})

    def their_event(self, rows: list[dict[str, Any]] | None = None) -> dict[str, Any]:
        """The same for the textbook service."""
        if rows is None:
            return _load.event("POST", "/predict", self.rows[0])
        return _load.event("POST", "/predict/batch", {"data": rows})


def answer(handler: Handler, asked: dict[str, Any]) -> Any:
    """The JSON body of the response; raises unless it is a 200."""
    response = handler(asked, None)
    if response["statusCode"] != 200:
        raise RuntimeError(f"{asked['path']} answered {response['statusCode']}: {response['body'][:300]}")
    return json.loads(response["body"])


def measure(quick: bool) -> Iterator[Figure]:
    """Every figure, the forest's first."""
    with bucket() as folder:
        _load.quiet()
        contests = {kind: contest(kind, folder) for kind in COLD}
        for kind, sides in contests.items():
            os.environ[textbook.MODEL] = str(sides.pickle)
            textbook.model.cache_clear()
            same_answers(sides)
            yield one_row(sides, rounds=5 if quick else 15)
            if kind == "random_forest":
                yield without_model(sides, rounds=5 if quick else 15)
            yield cold_start(sides, rounds=3 if quick else 9)
            yield batch(sides, rounds=3 if quick else 9)
            yield from over_http(sides, rounds=3 if quick else 7, seconds=1.5 if quick else 3)
        forest = contests["random_forest"]
        yield size(forest)
        yield compile_time(forest, rounds=2 if quick else 5)


def contest(kind: str, folder: Path) -> Contest:
    """Train both sides on the same rows with the same parameters."""
    from mangum import Mangum

    from core.ingestion import ingest
    from core.modelling import TrainingOrder, train_model
    from functions.predict.handler import handler

    file_id = ingest(WORKSPACE, CSV.name, CSV.read_bytes()).file_id
    train_model(WORKSPACE, file_id, TrainingOrder(kind, textbook.TARGET, model_name=kind))
    path = folder / f"{kind}.pkl"
    textbook.train(CSV, kind, path)
    return Contest(
        kind=kind,
        ours=handler,
        theirs=Mangum(textbook.app, lifespan="off"),
        pipeline=pickle.loads(path.read_bytes()),
        pickle=path,
        rows=_rows(),
    )


def _rows() -> list[dict[str, Any]]:
    # In random order: this file is sorted by place, and neighbours take the same way through a forest.
    frame = pd.read_csv(CSV).drop(columns=textbook.TARGET).sample(BATCH_ROWS, random_state=0).astype(object)
    return frame.where(frame.notna(), None).to_dict("records")


def same_answers(sides: Contest) -> None:
    """Raise unless both sides predict the same: else their times say nothing about each other."""
    ours = answer(sides.ours, sides.our_event(sides.rows))["predictions"]
    theirs = answer(sides.theirs, sides.their_event(sides.rows))["predictions"]
    if not all(isclose(a, b, rel_tol=1e-9) for a, b in zip(ours, theirs, strict=True)):
        raise RuntimeError(f"{sides.kind}: the two sides do not predict the same")


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


def cold_start(sides: Contest, rounds: int) -> Figure:
    """A fresh process to its first answer; ours fetches the model from storage, theirs from a local file."""
    pair = paired(first_answer(OURS_COLD, sides.our_event()), first_answer(THEIRS_COLD, sides.their_event()), rounds)
    return at_most(
        f"{sides.kind}: fresh process to first answer / textbook",
        pair.ratio,
        COLD[sides.kind],
        f"{pair.ours:.2f} s / {pair.theirs:.2f} s",
    )


def first_answer(code: str, asked: dict[str, Any]) -> Timer:
    """A timer: seconds from starting Python to the first answer on its stdout."""

    def run_once() -> float:
        start = time.perf_counter()
        with subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process:
            try:
                process.stdin.write(json.dumps(asked))
                process.stdin.close()
                answer = process.stdout.readline()
                taken = time.perf_counter() - start
            finally:
                process.kill()
        if '"prediction":' not in answer:
            raise RuntimeError(f"the fresh process did not predict: {answer}")
        return taken

    return run_once


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
    from core.storage.wiring import storage

    ours = storage().models.manifest(WORKSPACE, sides.kind).graph.size_bytes
    theirs = sides.pickle.stat().st_size
    return at_most(
        f"{sides.kind}: compiled bytes / pickle bytes",
        ours / theirs,
        SIZE,
        f"{ours / 1e6:.1f} MB / {theirs / 1e6:.1f} MB",
    )


def compile_time(sides: Contest, rounds: int) -> Figure:
    """Seconds to compile our fitted pipeline against seconds to fit it once, on all cores."""
    from core.learning.pipeline import raw_frame
    from core.learning.training import split
    from core.opening import open_table
    from core.scoring.compile import compile_pipeline
    from core.unpickling import load_pipeline

    with open_table(WORKSPACE, None) as (manifest, table):
        frame = raw_frame(table, [column.name for column in table.columns])
    data = split(frame, manifest.columns, manifest.recipe, textbook.TARGET, test_size=0.2)
    fitted = load_pipeline(WORKSPACE, sides.kind, 1)
    unfitted = clone(fitted)
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
