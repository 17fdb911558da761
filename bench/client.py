"""The Python client against httpx alone, on one server: one row, and a DataFrame of 100,000 rows."""

import sys
from collections.abc import Iterator
from statistics import median

import httpx
import pandas as pd

from bench import _load
from bench._bucket import bucket
from bench._comparison import CSV
from bench._events import discard_logs
from bench._report import Figure, at_least, at_most, once, p50, paired, run
from bench.textbook import TARGET
from regatta import Regatta
from tests.support.storage import home

MODEL = "ridge"
FRAME_ROWS = 100_000

# Seconds that the client may add to a request with one row.
ADDED = 0.4e-3
# The least rows a second of a DataFrame, in those of a CSV that was written by hand.
FRAME = 0.8


def measure(quick: bool) -> Iterator[Figure]:
    """Yield both figures, measured over HTTP on a server of their own."""
    with bucket():
        discard_logs()
        frame = _train()
        with _load.served("infra.local.server:app") as port:
            url = f"http://{_load.HOST}:{port}"
            with Regatta(url) as client, httpx.Client(base_url=url, timeout=120) as http:
                yield one_row(client, http, frame, calls=1_000 if quick else 4_000)
                yield many_rows(client, http, frame, rounds=3 if quick else 7)


def one_row(client: Regatta, http: httpx.Client, frame: pd.DataFrame, calls: int) -> Figure:
    """Compare `predict.row` with the same request by httpx; the figure is the difference in milliseconds.

    The two take turns call by call, because the difference is a small part of either.
    """
    row = {str(name): value for name, value in frame.iloc[0].items()}
    body = {"model_name": MODEL, "data": row}
    ours = once(lambda: client.predict.row(row, MODEL).prediction)
    theirs = once(lambda: http.post("/predict", json=body).json()["prediction"])
    turns = [(ours(), theirs()) if turn % 2 else (theirs(), ours())[::-1] for turn in range(calls)]
    added = median(us - them for us, them in turns)
    our_median, their_median = (median(side) for side in zip(*turns, strict=True))
    return at_most(
        "one row: client - httpx (ms)",
        1e3 * added,
        1e3 * ADDED,
        f"{1e3 * our_median:.2f} ms / {1e3 * their_median:.2f} ms",
    )


def many_rows(client: Regatta, http: httpx.Client, frame: pd.DataFrame, rounds: int) -> Figure:
    """Compare the rows a second of `predict` with those of the CSV of pandas as the body of a request."""

    def by_hand() -> list[float]:
        content, headers = frame.to_csv(index=False).encode(), {"Content-Type": "text/csv"}
        answer = http.post("/predict/batch", params={"model_name": MODEL}, content=content, headers=headers)
        predictions: list[float] = answer.json()["predictions"]
        return predictions

    if [*client.predict(frame, MODEL)] != by_hand():
        raise RuntimeError("the two sides do not predict the same")
    pair = paired(p50(lambda: client.predict(frame, MODEL), 1), p50(by_hand, 1), rounds)
    return at_least(
        f"DataFrame of {FRAME_ROWS:,} rows: rows/s, client / CSV by hand",
        1 / pair.ratio,
        FRAME,
        f"{FRAME_ROWS / pair.ours:,.0f} / {FRAME_ROWS / pair.theirs:,.0f} rows/s",
    )


def _train() -> pd.DataFrame:
    """Train the model and return rows for it, with missing values, numbers and texts."""
    from core.jobs.commands import TrainCommand
    from core.services.processing.ingest import ingest
    from core.services.training.train import train_model

    file_id = ingest(home(), CSV.name, CSV).file_id
    command = TrainCommand(model_type=MODEL, target_column=TARGET, file_id=file_id, model_name=MODEL)
    train_model(home(), command)
    rows = pd.read_csv(CSV).drop(columns=TARGET)
    return rows.sample(FRAME_ROWS, replace=True, random_state=0, ignore_index=True)


if __name__ == "__main__":
    sys.exit(run("The Python client against httpx alone (california_housing)", measure))
