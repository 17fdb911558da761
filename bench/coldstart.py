"""A fresh process to its first answer, against the textbook service: what a caller waits for when nothing is warm."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from bench import _load
from bench._bucket import bucket
from bench._contest import Contest, contest
from bench._report import Figure, Timer, at_most, paired, run

# What each ratio has to be: the forest's graph is megabytes to fetch and to load.
COLD = {"ridge": 0.30, "gradient_boosting": 0.30, "random_forest": 0.60}

# What a fresh process does: take the event from stdin, print the body.
FIRST_ANSWER = """
import json, sys
{imports}
print(handler(json.load(sys.stdin), None)["body"], flush=True)
"""
OURS = FIRST_ANSWER.format(imports="from functions.predict.handler import handler")
THEIRS = FIRST_ANSWER.format(
    imports="from mangum import Mangum\nfrom bench.textbook import app\nhandler = Mangum(app, lifespan='off')"
)


def measure(quick: bool) -> Iterator[Figure]:
    """One figure a model."""
    with bucket() as folder:
        _load.quiet()
        for kind in COLD:
            sides = contest(kind, folder)
            sides.enter()
            yield cold_start(sides, rounds=5 if quick else 11)


def cold_start(sides: Contest, rounds: int) -> Figure:
    """Ours fetches the model from storage, theirs reads it from a local file."""
    pair = paired(first_answer(OURS, sides.our_event()), first_answer(THEIRS, sides.their_event()), rounds)
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
            # As Lambda sets it for whatever runs there.
            env=os.environ | {"AWS_LAMBDA_FUNCTION_NAME": "predict"},
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
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


if __name__ == "__main__":
    sys.exit(run("First answer of a fresh process against FastAPI + pickle + pandas (california_housing)", measure))
