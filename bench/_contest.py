"""One model on both sides, trained on the same rows with the same parameters, as the benchmarks compare them."""

import json
import os
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from math import isclose
from pathlib import Path
from typing import Any

import pandas as pd

from bench import _load, textbook
from tests.support.storage import home

CSV = Path(__file__).parent.parent / "examples" / "california_housing.csv"
BATCH_ROWS = 10_000

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


@dataclass(frozen=True)
class Contest:
    """Our handler and stored model, their handler and pickle, and the same rows for both."""

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

    def enter(self) -> None:
        """Let the textbook serve this model from now on; raises unless both sides predict the same.

        Their times would else say nothing about each other.
        """
        os.environ[textbook.MODEL] = str(self.pickle)
        textbook.model.cache_clear()
        ours = answer(self.ours, self.our_event(self.rows))["predictions"]
        theirs = answer(self.theirs, self.their_event(self.rows))["predictions"]
        if not all(isclose(a, b, rel_tol=1e-9) for a, b in zip(ours, theirs, strict=True)):
            raise RuntimeError(f"{self.kind}: the two sides do not predict the same")


def contest(kind: str, folder: Path) -> Contest:
    """Train both sides; the pickle goes into `folder`, our model into the bucket that the environment points at."""
    from mangum import Mangum

    from core.jobs.commands import TrainCommand
    from core.services.processing.ingest import ingest
    from core.services.training.train import train_model
    from functions.predict.handler import handler

    file_id = ingest(home(), CSV.name, CSV).file_id
    train_model(home(), TrainCommand(model_type=kind, target_column=textbook.TARGET, file_id=file_id, model_name=kind))
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
    records = frame.where(frame.notna(), None).to_dict("records")
    return [{str(name): value for name, value in record.items()} for record in records]


def answer(handler: Handler, asked: dict[str, Any]) -> Any:
    """The JSON body of the response; raises unless it is a 200."""
    response = handler(asked, None)
    if response["statusCode"] != 200:
        raise RuntimeError(f"{asked['path']} answered {response['statusCode']}: {response['body'][:300]}")
    return json.loads(response["body"])
