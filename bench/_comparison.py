"""One model on two sides, Regatta and the textbook service, trained on the same rows with the same parameters."""

import os
import pickle
from dataclasses import dataclass
from math import isclose
from pathlib import Path
from typing import Any

import pandas as pd

from bench import textbook
from bench._events import Event, Handler, answer_of, http_event
from tests.support.storage import home

CSV = Path(__file__).parent.parent / "examples" / "california_housing.csv"
BATCH_ROWS = 10_000


@dataclass(frozen=True)
class Comparison:
    """Our handler and stored model, the handler and the pickle of the textbook service, and rows for both."""

    model_type: str
    ours: Handler
    theirs: Handler
    pipeline: Any
    pickle: Path
    rows: list[dict[str, Any]]

    def our_event(self, rows: list[dict[str, Any]] | None = None) -> Event:
        """Return an event for our /predict with one row, or for our /predict/batch with `rows`."""
        model = {"model_name": self.model_type}
        if rows is None:
            return http_event("POST", "/predict", {"data": self.rows[0], **model})
        return http_event("POST", "/predict/batch", {"data": rows, **model})

    def their_event(self, rows: list[dict[str, Any]] | None = None) -> Event:
        """Return the same event for the textbook service."""
        if rows is None:
            return http_event("POST", "/predict", self.rows[0])
        return http_event("POST", "/predict/batch", {"data": rows})

    def serve(self) -> None:
        """Let the textbook service serve this model from now on.

        Raises `RuntimeError` unless both sides predict the same, because their times could not be compared then.
        """
        os.environ[textbook.MODEL] = str(self.pickle)
        textbook.model.cache_clear()
        ours = answer_of(self.ours, self.our_event(self.rows))["predictions"]
        theirs = answer_of(self.theirs, self.their_event(self.rows))["predictions"]
        if not all(isclose(a, b, rel_tol=1e-9) for a, b in zip(ours, theirs, strict=True)):
            raise RuntimeError(f"{self.model_type}: the two sides do not predict the same")


def train_both(model_type: str, folder: Path) -> Comparison:
    """Train the model on both sides: ours goes into the bucket of the environment, the pickle into `folder`."""
    from mangum import Mangum

    from core.jobs.commands import TrainCommand
    from core.services.processing.ingest import ingest
    from core.services.training.train import train_model
    from functions.predict.handler import handler

    file_id = ingest(home(), CSV.name, CSV).file_id
    command = TrainCommand(model_type=model_type, target_column=textbook.TARGET, file_id=file_id, model_name=model_type)
    train_model(home(), command)
    path = folder / f"{model_type}.pkl"
    textbook.train(CSV, model_type, path)
    return Comparison(
        model_type=model_type,
        ours=handler,
        theirs=Mangum(textbook.app, lifespan="off"),
        pipeline=pickle.loads(path.read_bytes()),
        pickle=path,
        rows=_rows(),
    )


def _rows() -> list[dict[str, Any]]:
    # In random order: the file is sorted by place, and neighbours take the same path through a forest.
    frame = pd.read_csv(CSV).drop(columns=textbook.TARGET).sample(BATCH_ROWS, random_state=0).astype(object)
    records = frame.where(frame.notna(), None).to_dict("records")
    return [{str(name): value for name, value in record.items()} for record in records]
