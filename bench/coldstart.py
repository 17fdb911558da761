"""The time from the start of a process to its first answer, against the textbook service."""

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from tempfile import TemporaryDirectory

from bench._bucket import bucket
from bench._comparison import Comparison, train_both
from bench._events import Event, discard_logs
from bench._report import Figure, Timer, at_most, paired, run
from core.storage.signing import keyring, verifying_keys

# The target of each ratio. The graph of the forest has megabytes to fetch and to load.
COLD = {"ridge": 0.30, "gradient_boosting": 0.30, "random_forest": 0.60}

# The program of the process: it reads the event from stdin and prints the body of the response.
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
    """Yield one figure a model."""
    with bucket() as folder, TemporaryDirectory(prefix="regatta-bytecode-") as bytecode:
        discard_logs()
        for model_type in COLD:
            comparison = train_both(model_type, folder)
            comparison.serve()
            yield cold_start(comparison, bytecode, rounds=5 if quick else 11)


def cold_start(comparison: Comparison, bytecode: str, rounds: int) -> Figure:
    """Compare the first answers. Ours fetches the model from S3, theirs reads it from a local file.

    Both sides run from compiled bytecode in the folder `bytecode`, as an installed service does from its second start
    on; a start that is not measured compiles it.
    """
    ours = first_answer(OURS, comparison.our_event(), bytecode)
    theirs = first_answer(THEIRS, comparison.their_event(), bytecode)
    ours(), theirs()
    pair = paired(ours, theirs, rounds)
    return at_most(
        f"{comparison.model_type}: fresh process to first answer / textbook",
        pair.ratio,
        COLD[comparison.model_type],
        f"{pair.ours:.2f} s / {pair.theirs:.2f} s",
    )


def first_answer(code: str, event: Event, bytecode: str) -> Timer:
    """Return a timer: the seconds from the start of Python to the first answer on its stdout."""

    # Lambda sets the name for every function, and template.yaml gives those that predict the public keys alone.
    environment = os.environ | {
        "AWS_LAMBDA_FUNCTION_NAME": "predict",
        "PYTHONPYCACHEPREFIX": bytecode,
        "REGATTA_VERIFYING_KEYS": verifying_keys(keyring()),
        "REGATTA_INTERNAL_KEY": secrets.token_hex(32),
    }
    environment.pop("REGATTA_SIGNING_KEY_FILE")
    environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def run_once() -> float:
        start = time.perf_counter()
        with subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                process.stdin.write(json.dumps(event))
                process.stdin.close()
                answer = process.stdout.readline()
                taken = time.perf_counter() - start
            finally:
                process.kill()
        if '"prediction":' not in answer:
            raise RuntimeError(f"the new process did not predict: {answer}")
        return taken

    return run_once


if __name__ == "__main__":
    sys.exit(run("First answer of a fresh process against FastAPI + pickle + pandas (california_housing)", measure))
