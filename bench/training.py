"""Training against the textbook loop and a bare fit, and how its seconds grow with the rows."""

import sys
import time
from collections.abc import Iterator
from math import log
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench._bucket import bucket
from bench._events import answer_of, discard_logs, http_event
from bench._report import Figure, at_most, p50, paired, run
from tests.support.storage import home

EXAMPLES = Path(__file__).parent.parent / "examples"

# The target of each ratio. The first is for two cores; on four it is 0.4.
COMPARE, SMALL = 0.65, 2.5
# The scores of both sides differ by no more.
SAME = 1e-9
ROWS = (1_000, 10_000, 100_000, 1_000_000)
TARGET = "y"


def measure(quick: bool) -> Iterator[Figure]:
    """Yield every figure."""
    with bucket(redis=True) as folder:
        discard_logs()
        yield compare_small(rounds=5 if quick else 15)
        yield compare_nine(rounds=1 if quick else 3)
        yield from growth(folder, ROWS[:-1] if quick else ROWS)


def compare_nine(rounds: int) -> Figure:
    """Compare the nine regressors on california_housing, trained and stored, with a loop that only fits and scores."""
    from core.jobs.commands import CompareCommand
    from core.services.processing.ingest import ingest
    from core.services.training.compare import compare_models
    from core.services.training.train import open_split

    file_id = ingest(home(), "housing.csv", EXAMPLES / "california_housing.csv").file_id
    target = "median_house_value"
    data = open_split(home(), file_id, target, 0.2)[1]
    scores: dict[str, list[float]] = {}

    def ours() -> float:
        begun = time.perf_counter()
        answer = compare_models(home(), CompareCommand(target_column=target, file_id=file_id))
        seconds = time.perf_counter() - begun
        scores.update({row["model_type"]: row["cross_validation"]["scores"] for row in answer["results"]})
        return seconds

    def theirs() -> float:
        begun = time.perf_counter()
        expected_scores = textbook_loop(data)
        seconds = time.perf_counter() - begun
        for name, expected in expected_scores.items():
            if name in scores and not np.allclose(scores[name], expected, rtol=0, atol=SAME):
                raise RuntimeError(f"{name}: {scores[name]} instead of {expected}")
        return seconds

    pair = paired(ours, theirs, rounds)
    detail = f"{pair.ours:.1f} s / {pair.theirs:.1f} s"
    return at_most("compare nine on california_housing / textbook loop", pair.ratio, COMPARE, detail)


def textbook_loop(data: Any) -> dict[str, list[float]]:
    """Return by regressor the R2 of each fold: cross_validate on one pipeline each, then a fit on all train rows."""
    from sklearn.base import clone
    from sklearn.model_selection import KFold, cross_validate
    from sklearn.pipeline import Pipeline

    from core.catalogue import DEFAULT_MODEL_TYPES, SEED, regressor
    from core.regressors.candidates import Candidate
    from core.regressors.limits import TrainingLimits

    folds = KFold(5, shuffle=True, random_state=SEED)
    scores = {}
    for name in DEFAULT_MODEL_TYPES:
        entry = regressor(name)
        limits = TrainingLimits(threads=1, model_bytes=64 << 20)
        estimator, _ = Candidate(entry).make_estimator(len(data.train_y), limits)
        scale = [("scale", clone(data.standardiser))] if entry.scaled else []
        pipeline = Pipeline([("prepare", clone(data.preprocessor)), *scale, ("estimate", estimator)])
        scores[name] = cross_validate(pipeline, data.train_x, data.train_y, cv=folds, scoring="r2")["test_score"]
        pipeline.fit(data.train_x, data.train_y)
    return {name: values.tolist() for name, values in scores.items()}


def compare_small(rounds: int) -> Figure:
    """Compare POST /model/train on mpg with a fit and a cross-validation of the same pipeline."""
    from sklearn.base import clone
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import KFold, cross_validate
    from sklearn.pipeline import Pipeline

    from core.services.processing.ingest import ingest
    from core.services.training.train import open_split
    from functions.train.handler import handler

    file_id = ingest(home(), "mpg.csv", EXAMPLES / "mpg.csv").file_id
    data = open_split(home(), file_id, "mpg", 0.2)[1]
    request = {"model_type": "ridge", "target_column": "mpg", "file_id": file_id, "model_name": "small"}
    folds = KFold(5, shuffle=True, random_state=0)

    def ours() -> None:
        answer_of(handler, http_event("POST", "/model/train", request))

    def theirs() -> None:
        pipeline = Pipeline(
            [("prepare", clone(data.preprocessor)), ("scale", clone(data.standardiser)), ("estimate", Ridge())]
        )
        cross_validate(pipeline, data.train_x, data.train_y, cv=folds, scoring="r2")
        pipeline.fit(data.train_x, data.train_y)

    pair = paired(p50(ours, 5), p50(theirs, 5), rounds)
    detail = f"{1000 * pair.ours:.0f} ms / {1000 * pair.theirs:.0f} ms"
    return at_most("POST /model/train, ridge on mpg / bare fit + 5 folds", pair.ratio, SMALL, detail)


def growth(folder: Path, sizes: tuple[int, ...]) -> Iterator[Figure]:
    """Compare the seconds of a training on the two largest sizes; they may grow by n log n."""
    from core.catalogue import DEFAULT_MODEL_TYPES
    from core.errors import RegattaError
    from core.jobs.commands import TrainCommand
    from core.services.processing.ingest import ingest
    from core.services.training.train import train_model

    files = {}
    for rows in sizes:
        synthetic_table(rows).to_csv(path := folder / f"{rows}.csv", index=False)
        files[rows] = ingest(home(), path.name, path).file_id
        path.unlink()
    smaller, larger = sizes[-2:]
    allowed = larger * log(larger) / (smaller * log(smaller))
    for name in DEFAULT_MODEL_TYPES:
        seconds = []
        for rows in sizes:
            begun = time.perf_counter()
            try:
                command = TrainCommand(model_type=name, target_column=TARGET, file_id=files[rows], model_name=name)
                train_model(home(), command)
            except RegattaError as error:
                raise RuntimeError(f"{name} on {rows} rows: {error.detail}") from error
            seconds.append(time.perf_counter() - begun)
        detail = ", ".join(f"{rows:,}: {took:.1f} s" for rows, took in zip(sizes, seconds, strict=True))
        yield at_most(f"{name}: {larger:,} rows / {smaller:,} rows", seconds[-1] / seconds[-2], allowed, detail)


def synthetic_table(rows: int) -> pd.DataFrame:
    """Return a table of eight numbers, one with missing values, and a category; the target is nonlinear in three."""
    random = np.random.default_rng(0)
    x = random.normal(size=(rows, 8))
    kind = random.integers(0, 6, rows)
    y = 3 * x[:, 0] + np.sin(3 * x[:, 1]) + x[:, 2] * x[:, 3] + kind + random.normal(scale=0.5, size=rows)
    frame = pd.DataFrame(x.round(4), columns=[f"x{i}" for i in range(8)])
    frame.loc[random.random(rows) < 0.05, "x4"] = np.nan
    return frame.assign(kind=[f"kind {k}" for k in kind], y=y.round(4))


if __name__ == "__main__":
    sys.exit(run("Training", measure))
